// SPDX-License-Identifier: MIT
// What happens without a command: expiry by the wheel, forgetting dead records, eviction under maxmemory.
#include <algorithm>

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
        TimingWheel::Entry entry{};
        while (space_.wheel().next_due(tick, budget, entry)) meet(entry);
        finish();
        space_.trim_wheel();
        return all - budget;
    }

    std::vector<StaleHint> stale;

private:
    void meet(const TimingWheel::Entry& entry) {
        Record* r = space_.at(entry.place);
        if (!r || r->tick != entry.tick) return;  // stale
        r->tick = 0;
        if (r->kind == RecordKind::dead) {
            static_cast<DeadRecord*>(r)->remembered(op_.now) ? space_.schedule(entry.place) : space_.forget(entry.place, stale);
            return;
        }
        const bool live = r->kind == RecordKind::session ? static_cast<SessionRecord*>(r)->live(op_.now)
                                                         : static_cast<StringRecord*>(r)->live(op_.now);
        live ? space_.schedule(entry.place) : due_.push_back(entry.place);
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
        ShardLock lock(impl_->shards, {shard});
        Space* space = impl_->space(shard, op.db);
        if (!space) continue;
        Expiry expiry(*impl_, op, *space);
        const std::size_t n = expiry.run(budget - looked_at);
        looked_at += n;
        after.stale = std::move(expiry.stale);
        if (n != 0) impl_->update_memory(shard);
    }
    return looked_at;
}

std::uint64_t Store::memory_bytes() const {
    std::uint64_t bytes = 0;
    for (const Shard& shard : impl_->shards) bytes += shard.memory_bytes.load(std::memory_order_relaxed);
    return bytes;
}

namespace {

struct Victim {
    DbIndex db = 0;
    Place place = no_place;
    UnixMs rank = 0;  // least first
};

// Looks at a few records of a shard and keeps the best to evict. Sampled as Redis does, so the order is approximate.
std::optional<Victim> sample(Store::Impl& store, ShardIndex shard, EvictionPolicy policy, UnixMs now) {
    constexpr Place samples = 16;
    std::optional<Victim> best;
    for (std::size_t db = 0; db < db_count; ++db) {
        Space* space = store.space(shard, static_cast<DbIndex>(db));
        if (!space || space->places_end() == 0) continue;
        std::array<unsigned char, 4> dice{};
        store.random.fill(dice);
        const Place start =
            (dice[0] | static_cast<Place>(dice[1]) << 8 | static_cast<Place>(dice[2]) << 16) % space->places_end();
        for (Place i = 0; i < std::min(samples, space->places_end()); ++i) {
            const Place p = (start + i) % space->places_end();
            UnixMs rank = 0;
            if (const SessionRecord* s = space->session(p); s && s->live(now))
                rank = policy == EvictionPolicy::volatile_ttl ? s->due() : s->last_active;
            else if (const StringRecord* k = space->string(p); k && k->live(now))
                rank = policy == EvictionPolicy::volatile_ttl ? k->expires_at : k->last_access;
            else
                continue;
            if (policy == EvictionPolicy::volatile_ttl && rank == 0) continue;
            if (!best || rank < best->rank) best = Victim{static_cast<DbIndex>(db), p, rank};
        }
    }
    return best;
}

}  // namespace

Result<void> Store::make_room(Op& op) {
    constexpr int tries_max = 2048;  // bounds what one command pays
    const std::uint64_t max = impl_->settings.maxmemory_bytes.load(std::memory_order_relaxed);
    if (max == 0 || memory_bytes() <= max) return {};
    const EvictionPolicy policy = impl_->settings.maxmemory_policy.load(std::memory_order_relaxed);
    if (policy == EvictionPolicy::noeviction) return Errc::out_of_memory;
    const DbIndex db = op.db;
    for (int i = 0; i < tries_max && memory_bytes() > max; ++i) {
        std::array<unsigned char, 4> dice{};
        impl_->random.fill(dice);
        const auto shard = static_cast<ShardIndex>((dice[0] | static_cast<std::uint32_t>(dice[1]) << 8) % impl_->shards.size());
        op.db = 0;
        const auto evicted = impl_->evict_one(op, shard, policy);
        op.db = db;
        if (!evicted) return evicted.error();
    }
    return memory_bytes() > max ? Result<void>(Errc::out_of_memory) : Result<void>();
}

Result<void> Store::Impl::evict_one(Op& op, ShardIndex shard, EvictionPolicy policy) {
    std::vector<StaleHint> stale;
    DbIndex db = 0;
    {
        ShardLock lock(shards, {shard});
        const auto victim = sample(*this, shard, policy, op.now);
        if (!victim) return {};
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
        update_memory(shard);
    }
    Aftermath after(*this, db);
    after.stale = std::move(stale);
    return {};
}

}  // namespace storage
