// SPDX-License-Identifier: MIT
// Removing sessions: by id, by token, all of a user. One command is one log record, whatever the count.
#include <algorithm>

#include "storage/store_impl.hpp"

namespace storage {

RemoveSession Store::Impl::removal(const SessionRecord& record, DbIndex db, RemovalReason reason, UnixMs now) {
    UnixMs until = 0;
    switch (reason) {
        case RemovalReason::expired: until = record.due() + expired_remembered_ms; break;
        case RemovalReason::evicted: until = now + expired_remembered_ms; break;
        default:
            until = record.expires_at() == 0 ? now + revoked_remembered_ms
                                             : std::min(record.expires_at(), now + revoked_remembered_ms);
    }
    return {record.user(), db, record.id, reason, until};
}

void Store::Impl::count_removal(RemovalReason reason) {
    auto& counter = reason == RemovalReason::expired   ? counters.expired
                    : reason == RemovalReason::evicted ? counters.evicted
                                                       : counters.revoked;
    counter.fetch_add(1, std::memory_order_relaxed);
}

void Store::Impl::limit_dead(Space& space, std::vector<StaleHint>& stale) {
    const std::uint64_t share =
        std::max<std::uint64_t>(1, settings.session_dead_max.load(std::memory_order_relaxed) / shards.size());
    while (space.counts().dead > share) {
        const Place oldest = space.oldest_dead();
        if (oldest == no_place) return;
        space.forget(oldest, stale);
    }
}

// Precondition: each place at most once, all live. Appends nothing when there is none.
Result<std::uint64_t> Store::Impl::remove_found(Op& op, std::span<const Found> found, RemovalReason reason,
                                                std::vector<StaleHint>& stale) {
    if (found.empty()) return std::uint64_t{0};
    RecordWriter& record = writer();
    for (const Found& f : found) record.add(removal(*f.session(), op.db, reason, op.now));
    if (const auto error = check(op, record)) return *error;
    const Lsn lsn = append(op, record);
    depend(op, lsn);
    for (const Found& f : found) {
        f.space->apply(removal(*f.session(), op.db, reason, op.now), lsn);
        count_removal(reason);
    }
    for (const Found& f : found) limit_dead(*f.space, stale);
    return found.size();
}

namespace {

// Adds what is there and live; notes what the answer depends on otherwise.
void gather(Store::Impl& store, Op& op, const Found& found, ShardIndex looked_at, std::vector<Found>& to) {
    const SessionRecord* r = found.session();
    if (r && r->live(op.now)) {
        to.push_back(found);
        return;
    }
    if (found)
        Store::Impl::depend(op, found.space->at(found.place)->gate_lsn());
    else
        store.depend_on_absence(op, looked_at);
}

}  // namespace

namespace {

void each_once(std::vector<Found>& found) {
    const auto order = [](const Found& a, const Found& b) { return std::pair(a.space, a.place) < std::pair(b.space, b.place); };
    const auto same = [](const Found& a, const Found& b) { return a.space == b.space && a.place == b.place; };
    if (found.size() < 2) return;
    std::sort(found.begin(), found.end(), order);
    found.erase(std::unique(found.begin(), found.end(), same), found.end());
}

}  // namespace

Result<std::uint64_t> Store::remove_sessions(Op& op, std::span<const SessionId> ids, RemovalReason reason) {
    ShardLock::Set set;
    for (const SessionId& id : ids) set.push_back(impl_->shard_of(id));
    Aftermath after(*impl_, op.db);
    ShardLock lock(impl_->shards, std::move(set));
    std::vector<Found> found;
    do {
        found.clear();
        for (const SessionId& id : ids) gather(*impl_, op, impl_->find_id(op, id, lock), impl_->shard_of(id), found);
    } while (lock.widen());
    each_once(found);
    return impl_->remove_found(op, found, reason, after.stale);
}

Result<std::uint64_t> Store::remove_by_tokens(Op& op, std::span<const std::string_view> tokens) {
    ShardLock::Set set;
    std::vector<TokenHash> hashes;
    for (const auto token : tokens) {
        set.push_back(impl_->shard_of(token));
        hashes.push_back(impl_->hash_token(token));
    }
    Aftermath after(*impl_, op.db);
    ShardLock lock(impl_->shards, std::move(set));
    std::vector<Found> found;
    do {
        found.clear();
        for (std::size_t i = 0; i < tokens.size(); ++i) {
            Found f = impl_->find_token(op, hashes[i], impl_->shard_of(tokens[i]), lock);
            const SessionRecord* r = f.session();
            if (r && r->token != hashes[i] && r->previous_until() <= op.now) {  // rotated out: it opens nothing any more
                Impl::depend(op, r->lsn);
                continue;
            }
            gather(*impl_, op, f, impl_->shard_of(tokens[i]), found);
        }
    } while (lock.widen());
    each_once(found);
    return impl_->remove_found(op, found, RemovalReason::deleted, after.stale);
}

Result<std::uint64_t> Store::remove_user(Op& op, std::string_view user, const std::optional<SessionId>& except) {
    const ShardIndex home = impl_->shard_of(user);
    Aftermath after(*impl_, op.db);
    ShardLock lock(impl_->shards, home);
    Space* space = impl_->space(home, op.db);
    if (!space) return std::uint64_t{0};
    std::vector<Found> found;
    Impl::depend(op, space->last_lsn);
    for (Place p = space->first_of_user(user); p != no_place; p = space->session(p)->user_next) {
        const SessionRecord& r = *space->session(p);
        if (r.live(op.now) && !(except && r.id == *except)) found.push_back({space, p});
    }
    // In the list's order, newest first, each one unlinked is the head: no walk to find the count.
    return impl_->remove_found(op, found, RemovalReason::revoked, after.stale);
}

std::size_t Store::remove_user_bytes(DbIndex db, std::string_view user) {
    const ShardIndex home = impl_->shard_of(user);
    ShardLock lock(impl_->shards, home);
    Space* space = impl_->space(home, db);
    const Place first = space ? space->first_of_user(user) : no_place;
    if (first == no_place) return 64;
    return 64 + static_cast<std::size_t>(space->session(first)->user_count()) * (user.size() + 48);
}

}  // namespace storage
