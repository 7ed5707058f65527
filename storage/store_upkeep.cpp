// SPDX-License-Identifier: MIT
// What happens without a command: expiry by the wheel, forgetting dead records, eviction under maxmemory.
#include <algorithm>
#include <cstring>

#include "storage/store_impl.hpp"

namespace storage {
namespace {

// One shard's due records of one database. What the credit does not pay for is put off.
class Expiry {
public:
    Expiry(Store::Impl& store, Op& op, Space& space) : store_(store), op_(op), space_(space) {}

    std::size_t run(std::size_t budget) {
        const std::uint32_t tick = TimingWheel::current_tick(op_.now);
        const std::size_t all = budget;
        Place due = no_place;
        while (space_.next_due(tick, budget, due)) meet(due);
        finish();
        space_.trim_wheel();
        return all - budget;
    }

    std::vector<StaleHint> stale;

private:
    void meet(Place place) {
        Record* r = space_.at(place);
        if (r->kind == RecordKind::dead) {
            static_cast<DeadRecord*>(r)->remembered(op_.now) ? space_.schedule(place) : space_.forget(place, stale);
            return;
        }
        const bool live = r->kind == RecordKind::session ? static_cast<SessionRecord*>(r)->live(op_.now)
                                                         : static_cast<StringRecord*>(r)->live(op_.now);
        live ? space_.schedule(place) : due_.push_back(place);
    }

    // One log record each, so that a little credit removes a little.
    void finish() {
        for (const Place p : due_) {
            RecordWriter& record = Store::Impl::writer();
            if (const SessionRecord* s = space_.session(p))
                record.add(Store::Impl::removal(*s, op_.db, RemovalReason::expired, op_.now));
            else
                record.add(RemoveString{space_.string(p)->key(), op_.db, RemovalReason::expired});
            if (store_.check(op_, record))
                space_.schedule(p);  // put off; op.credit_wanted says what it takes
            else
                remove(p, store_.append(op_, record));
        }
        if (!due_.empty()) store_.limit_dead(space_, stale);
    }

    void remove(Place p, Lsn lsn) {
        store_.count_removal(RemovalReason::expired);
        UnixMs due = 0;
        if (const SessionRecord* s = space_.session(p)) {
            due = s->due();
            space_.apply(Store::Impl::removal(*s, op_.db, RemovalReason::expired, op_.now), lsn);
        } else {
            due = space_.string(p)->expires_at;
            space_.apply(RemoveString{space_.string(p)->key(), op_.db, RemovalReason::expired}, lsn);
        }
        auto& worst = store_.counters.expiry_lag_ms_max;
        const auto lag = static_cast<std::uint64_t>(std::max<UnixMs>(0, op_.now - due));
        if (lag > worst.load(std::memory_order_relaxed)) worst.store(lag, std::memory_order_relaxed);
    }

    Store::Impl& store_;
    Op& op_;
    Space& space_;
    std::vector<Place> due_;
};

}  // namespace

std::size_t Store::expire_some(Op& op, ShardIndex shard, std::size_t budget) {
    std::size_t looked_at = 0;
    for (std::size_t db = 0; db < db_count && looked_at < budget; ++db) {
        op.db = static_cast<DbIndex>(db);
        Aftermath after(*impl_, op.db);
        ShardLock lock(impl_->shards, shard);
        Space* space = impl_->space(shard, op.db);
        if (!space) continue;
        Expiry expiry(*impl_, op, *space);
        const std::size_t n = expiry.run(budget - looked_at);
        looked_at += n;
        after.stale = std::move(expiry.stale);
    }
    return looked_at;
}

std::uint64_t Store::memory_bytes() const {
    std::uint64_t bytes = 0;
    for (const Shard& shard : impl_->shards) bytes += shard.memory_bytes.load(std::memory_order_relaxed);
    return bytes;
}

namespace {

std::uint32_t dice(RandomSource& random) {
    std::array<unsigned char, 4> bytes{};
    random.fill(bytes);
    std::uint32_t number = 0;
    std::memcpy(&number, bytes.data(), bytes.size());
    return number;
}

struct Victim {
    DbIndex db = 0;
    Place place = no_place;
    UnixMs rank = 0;  // least first
};

// Looks at a few records of a shard and keeps the best to evict. Sampled as Redis does, so the order is approximate. Where
// many places are empty it looks further, or a shard that shrank would seem to have nothing.
std::optional<Victim> sample(Store::Impl& store, ShardIndex shard, EvictionPolicy policy, UnixMs now) {
    constexpr Place samples = 16, places_max = 256;
    std::optional<Victim> best;
    for (std::size_t db = 0; db < db_count; ++db) {
        Space* space = store.space(shard, static_cast<DbIndex>(db));
        if (!space || space->counts().sessions + space->counts().strings == 0) continue;
        const Place start = static_cast<Place>(dice(store.random) % space->places_end());
        Place seen = 0;
        for (Place i = 0; i < std::min(places_max, space->places_end()) && seen < samples; ++i) {
            const Place p = (start + i) % space->places_end();
            UnixMs rank = 0;
            if (const SessionRecord* s = space->session(p); s && s->live(now))
                rank = policy == EvictionPolicy::volatile_ttl ? s->due() : s->last_active();
            else if (const StringRecord* k = space->string(p); k && k->live(now))
                rank = policy == EvictionPolicy::volatile_ttl ? k->expires_at : k->last_access;
            else
                continue;
            ++seen;
            if (policy == EvictionPolicy::volatile_ttl && rank == 0) continue;
            if (!best || rank < best->rank) best = Victim{static_cast<DbIndex>(db), p, rank};
        }
    }
    return best;
}

// Forgets the oldest dead records of a shard until that many bytes are free. How many it were.
std::size_t forget_some(Store::Impl& store, ShardIndex shard, std::uint64_t bytes, DbIndex& db, std::vector<StaleHint>& stale) {
    constexpr std::size_t at_once = 32;
    for (std::size_t i = 0; i < db_count; ++i) {
        Space* space = store.space(shard, static_cast<DbIndex>(i));
        if (!space || space->counts().dead == 0) continue;
        db = static_cast<DbIndex>(i);
        const std::uint64_t before = space->counts().record_bytes;
        std::size_t forgotten = 0;
        for (; forgotten < at_once && before - space->counts().record_bytes < bytes; ++forgotten) {
            const Place oldest = space->oldest_dead();
            if (oldest == no_place) break;
            space->forget(oldest, stale);
        }
        if (forgotten != 0) return forgotten;
    }
    return 0;
}

}  // namespace

// Shard by shard from one by chance, so that none is spared; one round in which nothing goes is the end.
Result<void> Store::make_room(Op& op) {
    constexpr int steps_max = 2048;  // bounds what one command pays
    const std::uint64_t max = impl_->settings.maxmemory_bytes.load(std::memory_order_relaxed);
    std::uint64_t bytes = memory_bytes();
    if (max == 0 || bytes <= max) return {};
    const EvictionPolicy policy = impl_->settings.maxmemory_policy.load(std::memory_order_relaxed);
    if (policy == EvictionPolicy::noeviction) return Errc::out_of_memory;
    const DbIndex db = op.db;
    const std::size_t shards = impl_->shards.size();
    std::size_t at = dice(impl_->random) % shards, in_vain = 0;
    for (int steps = 0; steps < steps_max && in_vain < shards && bytes > max; at = (at + 1) % shards) {
        ++in_vain;
        if (impl_->shards[at].memory_bytes.load(std::memory_order_relaxed) == 0) continue;
        ++steps;
        const auto gone = impl_->evict_one(op, static_cast<ShardIndex>(at), policy, bytes - max);
        op.db = db;
        if (!gone) return gone.error();
        if (!*gone) continue;
        in_vain = 0;
        bytes = memory_bytes();
    }
    return bytes > max ? Result<void>(Errc::out_of_memory) : Result<void>();
}

// What is remembered of the dead goes first, what was evicted before included. False: this shard has nothing to give.
Result<bool> Store::Impl::evict_one(Op& op, ShardIndex shard, EvictionPolicy policy, std::uint64_t bytes) {
    std::vector<StaleHint> stale;
    DbIndex db = 0;
    {
        ShardLock lock(shards, shard);
        if (forget_some(*this, shard, bytes, db, stale) == 0) {
            const auto victim = sample(*this, shard, policy, op.now);
            if (!victim) return false;
            op.db = db = victim->db;
            Space& space = *this->space(shard, db);
            RecordWriter& record = writer();
            const SessionRecord* s = space.session(victim->place);
            if (s)
                record.add(removal(*s, db, RemovalReason::evicted, op.now));
            else
                record.add(RemoveString{space.string(victim->place)->key(), db, RemovalReason::evicted});
            if (const auto error = check(op, record)) return *error;
            const Lsn lsn = append(op, record);
            if (s)
                space.apply(removal(*s, db, RemovalReason::evicted, op.now), lsn);
            else
                space.apply(RemoveString{space.string(victim->place)->key(), db, RemovalReason::evicted}, lsn);
            count_removal(RemovalReason::evicted);
            limit_dead(space, stale);
        }
    }
    Aftermath after(*this, db);
    after.stale = std::move(stale);
    return true;
}

}  // namespace storage
