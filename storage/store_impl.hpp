// SPDX-License-Identifier: MIT
// The inside of Store, shared by the store_*.cpp files: each of those holds one family of methods.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "storage/effect.hpp"
#include "storage/shard.hpp"
#include "storage/store.hpp"
#include "storage/token.hpp"

namespace storage {

inline constexpr std::int64_t revoked_remembered_ms = 24LL * 3600 * 1000;
inline constexpr std::int64_t expired_remembered_ms = 10LL * 60 * 1000;

// How many of a command's keys are looked up under one set of locks: all, as in Redis, or where that takes long a slice.
inline std::size_t keys_at_once(std::size_t keys) {
    constexpr std::size_t whole_max = 1024, slice = 256;
    return keys <= whole_max ? keys : slice;
}

// Where a record was found; valid while the locks are held.
struct Found {
    Space* space = nullptr;
    Place place = no_place;

    explicit operator bool() const { return space != nullptr; }
    SessionRecord* session() const { return space ? space->session(place) : nullptr; }
    DeadRecord* dead() const { return space ? space->dead(place) : nullptr; }
    StringRecord* string() const { return space ? space->string(place) : nullptr; }
};

class Store::Impl {
public:
    Impl(Options options, Journal& journal, RandomSource& random, Settings& settings);

    // ---- shards ----
    ShardIndex shard_of_slot(Slot slot) const { return static_cast<ShardIndex>(slot >> shard_shift); }
    ShardIndex shard_of(std::string_view text) const { return shard_of_slot(slot_of(text)); }
    ShardIndex shard_of(const SessionId& id) const {
        const auto text = id.text();
        return shard_of(std::string_view(text.data(), text.size()));
    }
    ShardIndex shard_of(const Op& op, std::string_view text) const {
        return op.probe != nullptr && op.probe->is_of(text) ? op.probe->shard : shard_of(text);
    }
    Probe probe(Probe::Of of, std::string_view text, const TokenHash& token) const;
    Space* space(ShardIndex shard, DbIndex db) { return shards[shard].spaces[db].get(); }
    Space& make_space(ShardIndex shard, DbIndex db);

    // A look at a space that only prefetches: not worth a wait for the lock.
    template <class F>
    void ahead(ShardIndex shard, DbIndex db, F&& look) {
        ShardMutex& mutex = shards[shard].mutex;
        if (!mutex.try_lock()) return;
        if (Space* there = space(shard, db)) look(*there);
        mutex.unlock();
    }

    // ---- finding, under locks. One pass: what is missing is wanted of the lock, and the caller calls lock.widen() ----
    Found find_id(Op& op, const SessionId& id, ShardLock& lock);
    Found find_token(Op& op, const TokenHash& hash, ShardIndex shard, ShardLock& lock);
    Found find_string(const Op& op, std::string_view key, ShardIndex shard);
    Found find_string(const Op& op, std::string_view key) { return find_string(op, key, shard_of(key)); }

    // ---- what an answer depends on ----
    static void depend(Op& op, Lsn lsn) { op.depends_on = later(op.depends_on, lsn); }
    void depend_on_absence(Op& op, ShardIndex shard) {
        if (const Space* s = space(shard, op.db)) depend(op, s->removal_lsn);
    }
    void depend_on_all(Op& op, ShardIndex shard) {
        if (const Space* s = space(shard, op.db)) depend(op, s->last_lsn);
    }

    // ---- logging. check() first; then append(), apply, unlock, in that order and without a way to fail ----
    std::optional<Errc> check(Op& op, const RecordWriter& record) const;
    Lsn append(Op& op, const RecordWriter& record);
    static RecordWriter& writer();  // this thread's, cleared

    // ---- removals ----
    static RemoveSession removal(const SessionRecord& record, DbIndex db, RemovalReason reason, UnixMs now);
    Result<std::uint64_t> remove_found(Op& op, std::span<const Found> found, RemovalReason reason, std::vector<StaleHint>& stale);
    void count_removal(RemovalReason reason);
    void limit_dead(Space& space, std::vector<StaleHint>& stale);

    // The touch of a live session: memory moves always, the log when it is time and there is credit.
    void touch_found(Op& op, const Found& found, const Touch& touch, bool gates);
    // Takes out what the flush empties; the caller frees it later.
    void flush_shard(ShardIndex shard, const Flush& effect, Lsn lsn, std::vector<std::unique_ptr<Space>>& out);
    Result<bool> evict_one(Op& op, ShardIndex shard, EvictionPolicy policy, std::uint64_t bytes);

    Space::Seeds seeds;
    std::vector<Shard> shards;
    unsigned shard_shift;  // slot >> shard_shift is the shard
    Journal& journal;
    RandomSource& random;
    Settings& settings;
    TokenHasher hash_token;  // constant once there is traffic
    std::uint32_t start_tick;
    std::uint64_t random_state;  // for sampling only

    std::mutex left_mutex;
    std::vector<std::unique_ptr<Space>> left;  // what FLUSH took out, to be freed in slices

    struct Counters {
        std::atomic<std::uint64_t> created{0}, revoked{0}, expired{0}, evicted{0}, quota_hits{0}, touches{0}, touches_logged{0};
        std::atomic<std::uint64_t> expiry_lag_ms_max{0};
    } counters;
};

// Hints to records that are gone for good, taken out after the command's own locks are released: declare it before the lock.
class Aftermath {
public:
    Aftermath(Store::Impl& store, DbIndex db) : store_(store), db_(db) {}
    ~Aftermath();
    Aftermath(const Aftermath&) = delete;
    Aftermath& operator=(const Aftermath&) = delete;

    std::vector<StaleHint> stale;

private:
    Store::Impl& store_;
    DbIndex db_;
};

}  // namespace storage
