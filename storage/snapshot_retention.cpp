// SPDX-License-Identifier: MIT
#include "storage/snapshot_retention.hpp"

#include <algorithm>
#include <set>

namespace storage {

namespace {

constexpr UnixMs day_ms = 24LL * 3600 * 1000;
constexpr std::uint64_t times_the_newest = 4;

// Where the newest two chains begin; everything from there on stays.
std::size_t pair_begin(const std::vector<KeptSnapshot>& all) {
    std::size_t chains = 0, at = all.size();
    while (at > 0 && chains < fallback_pair)
        if (value(all[--at].base_last) == 0) ++chains;
    return at;
}

}  // namespace

std::vector<KeptSnapshot> snapshots_to_remove(const std::vector<KeptSnapshot>& all, const RetentionRule& rule, UnixMs now) {
    std::vector<KeptSnapshot> removed;
    const std::size_t pair = pair_begin(all);
    std::uint64_t newest_full_bytes = 0, bytes = 0;
    std::size_t fulls = 0;
    std::set<UnixMs> days;
    for (std::size_t i = all.size(); i-- > pair;) {
        bytes += all[i].bytes;
        if (value(all[i].base_last) != 0) continue;
        if (fulls++ == 0) newest_full_bytes = all[i].bytes;
        days.insert(all[i].created_at / day_ms);
    }
    const std::uint64_t most = rule.keep_bytes != 0 ? rule.keep_bytes : times_the_newest * newest_full_bytes;
    bool full = false;  // what is older than one that had to go for its bytes goes too
    for (std::size_t i = pair; i-- > 0;) {
        const KeptSnapshot& old = all[i];
        const UnixMs day = old.created_at / day_ms;
        const bool backup = value(old.base_last) == 0;
        const bool of_its_day = backup && day > now / day_ms - rule.keep_days && days.insert(day).second;
        const bool wanted = backup && (fulls < rule.keep || of_its_day);
        full = full || (wanted && bytes + old.bytes > most);
        if (!wanted || full) {
            removed.push_back(old);
            continue;
        }
        bytes += old.bytes;
        ++fulls;
    }
    std::reverse(removed.begin(), removed.end());
    return removed;
}

Lsn log_needed_after(const std::vector<KeptSnapshot>& all) {
    std::size_t newest_chain = all.size();
    while (newest_chain > 0 && value(all[newest_chain - 1].base_last) != 0) --newest_chain;
    return newest_chain < 2 ? Lsn{} : all[newest_chain - 2].last;  // the one before the newest chain's full snapshot
}

}  // namespace storage
