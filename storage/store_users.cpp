// SPDX-License-Identifier: MIT
// What a user has: counting and listing.
#include "storage/store_impl.hpp"

namespace storage {
namespace {

constexpr std::uint64_t visits_per_lock = 256;

}  // namespace

std::uint64_t Store::count_user(Op& op, std::string_view user) {
    const ShardIndex home = impl_->shard_of(user);
    ShardLock lock(impl_->shards, home);
    Space* space = impl_->space(home, op.db);
    if (!space) return 0;
    Impl::depend(op, space->last_lsn);
    std::uint64_t live = 0;
    for (Place p = space->first_of_user(user); p != no_place; p = space->session(p)->user_next)
        if (space->session(p)->live(op.now)) ++live;
    return live;
}

std::uint64_t Store::count_sessions(Op& op) {
    std::uint64_t live = 0;
    for (std::size_t s = 0; s < impl_->shards.size(); ++s) {
        const auto shard = static_cast<ShardIndex>(s);
        ShardLock lock(impl_->shards, shard);
        Space* space = impl_->space(shard, op.db);
        if (!space) continue;
        impl_->depend_on_all(op, shard);
        live += space->counts().sessions;
    }
    return live;
}

// In slices, so that a user with thousands of sessions holds nobody up. A slice goes on behind the last session seen; if that
// one went meanwhile, the list starts again and passes over as many as were seen.
void Store::list_user(Op& op, std::string_view user, std::uint64_t offset, std::uint64_t count, SessionVisitor visit) {
    const ShardIndex home = impl_->shard_of(user);
    std::uint64_t seen = 0;
    const std::uint64_t end = count > UINT64_MAX - offset ? UINT64_MAX : offset + count;
    Place last = no_place;
    std::uint32_t last_generation = 0;
    for (bool more = true; more && seen < end;) {
        ShardLock lock(impl_->shards, home);
        Space* space = impl_->space(home, op.db);
        if (!space) return;
        Impl::depend(op, space->last_lsn);
        const SessionRecord* at = last == no_place ? nullptr : space->session(last);
        const bool goes_on = at && space->generation(last) == last_generation;
        std::uint64_t skip = goes_on ? 0 : seen;
        Place p = goes_on ? at->user_next : space->first_of_user(user);
        std::uint64_t steps = 0;
        for (; p != no_place && seen < end && steps < visits_per_lock + skip; ++steps) {
            const SessionRecord& r = *space->session(p);
            last = p;
            last_generation = space->generation(p);
            p = r.user_next;
            if (!r.live(op.now)) continue;
            if (skip > 0) {
                --skip;
                ++steps;
                continue;
            }
            if (seen++ >= offset) visit(r.view());
        }
        more = p != no_place;
    }
}

}  // namespace storage
