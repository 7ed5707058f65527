// SPDX-License-Identifier: MIT
#include "storage/snapshot_retention.hpp"

#include <algorithm>
#include <set>

namespace storage {

namespace {

constexpr UnixMs day_ms = 24LL * 3600 * 1000;
constexpr std::uint64_t times_the_newest = 4;

}  // namespace

std::vector<KeptSnapshot> snapshots_to_remove(const std::vector<KeptSnapshot>& all, const RetentionRule& rule, UnixMs now) {
    std::vector<KeptSnapshot> removed;
    if (all.empty()) return removed;
    const std::uint64_t most = rule.keep_bytes != 0 ? rule.keep_bytes : times_the_newest * all.back().bytes;
    std::set<UnixMs> days;
    std::uint64_t bytes = 0;
    std::size_t age = 0;  // 0 is the newest
    bool full = false;    // what is older than one that had to go for its bytes goes too
    for (auto it = all.rbegin(); it != all.rend(); ++it, ++age) {
        const UnixMs day = it->created_at / day_ms;
        const bool of_its_day = day > now / day_ms - rule.keep_days && days.insert(day).second;
        const bool wanted = age < rule.keep || of_its_day;
        full = full || (wanted && age >= fallback_pair && bytes + it->bytes > most);
        if (age < fallback_pair || (wanted && !full)) {
            bytes += it->bytes;
        } else {
            removed.push_back(*it);
        }
    }
    std::reverse(removed.begin(), removed.end());
    return removed;
}

}  // namespace storage
