// SPDX-License-Identifier: MIT
#include "storage/group_timing.hpp"

namespace storage {

namespace {

constexpr std::uint64_t probe_every_groups = 64;  // look again whether clients have become quicker

std::uint64_t smoothed(std::uint64_t before, std::uint64_t sample) { return before == 0 ? sample : (7 * before + sample) / 8; }

}  // namespace

void GroupTiming::released(Lsn appended, std::uint64_t records, std::uint64_t sync_ns, std::uint64_t now_ns) {
    sync_ns_ = smoothed(sync_ns_, sync_ns);
    released_at_ns_ = now_ns;
    target_ = Lsn{value(appended) + (records * 9 + 9) / 10};
    ++groups_;
}

// 1.2 times the usual return time, if that is worth it: under 0.7 of a flush. A probe waits for half a flush.
std::uint64_t GroupTiming::limit_ns() const {
    const bool known = return_ns_ != 0 && groups_ % probe_every_groups != 0;
    if (!known) return sync_ns_ / 2;
    const std::uint64_t limit = return_ns_ + return_ns_ / 5;
    return limit < sync_ns_ / 10 * 7 ? limit : 0;
}

GroupTiming::Wait GroupTiming::next(std::uint64_t now_ns) const {
    if (groups_ == 0) return {};
    const std::uint64_t limit = limit_ns();
    const std::uint64_t since = now_ns - released_at_ns_;
    return {target_, since < limit ? limit - since : 0};
}

void GroupTiming::waited(bool reached, std::uint64_t now_ns) {
    const std::uint64_t took = now_ns - released_at_ns_;
    return_ns_ = smoothed(return_ns_, reached ? took : 2 * took);
}

}  // namespace storage
