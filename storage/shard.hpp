// SPDX-License-Identifier: MIT
// A shard: a lock and, per database, a space. And the ways to lock one or several: always ascending, each at most once.
#pragma once

#include <boost/container/small_vector.hpp>

#include <array>
#include <atomic>
#include <memory>
#include <vector>

#include "storage/space.hpp"
#include "storage/types.hpp"

namespace storage {

// Spins for the length of a short critical section, then sleeps on the word itself: on two busy cores a holder may be off the
// processor, and pure spinning would cost the rest of its time slice. The figures are written under the lock.
class ShardMutex {
public:
    void lock();
    bool try_lock() {  // counts nowhere
        std::uint32_t expected = free;
        return state_.compare_exchange_strong(expected, held, std::memory_order_acquire, std::memory_order_relaxed);
    }
    void unlock() {
        if (state_.exchange(free, std::memory_order_release) == waited_for) state_.notify_one();
    }
    std::uint64_t acquisitions() const { return acquisitions_.load(std::memory_order_relaxed); }
    std::uint64_t contended() const { return contended_.load(std::memory_order_relaxed); }

private:
    enum : std::uint32_t { free, held, waited_for };
    void lock_contended();

    std::atomic<std::uint32_t> state_{free};
    std::atomic<std::uint64_t> acquisitions_{0}, contended_{0};
};

struct alignas(64) Shard {
    ShardMutex mutex;
    std::atomic<std::uint64_t> memory_bytes{0};           // of records and indexes: its spaces write it, under the lock
    std::array<std::unique_ptr<Space>, db_count> spaces;  // made at the first write
};

// The locks that one command holds. It starts with the shards that its arguments name. What it finds may point further: then it
// asks for those (want) and calls widen(), which unlocks, adds them and locks all ascending, and looks again. After three
// rounds it holds all shards, so it ends.
class ShardLock {
public:
    using Set = boost::container::small_vector<ShardIndex, 4>;

    ShardLock(std::vector<Shard>& shards, ShardIndex one) : ShardLock(shards, one, one) {}
    ShardLock(std::vector<Shard>& shards, ShardIndex one, ShardIndex other);
    ShardLock(std::vector<Shard>& shards, Set set);
    explicit ShardLock(std::vector<Shard>& every_one_of);
    ~ShardLock() { unlock(); }
    ShardLock(const ShardLock&) = delete;
    ShardLock& operator=(const ShardLock&) = delete;

    bool holds(ShardIndex shard) const;
    void want(ShardIndex shard) { wanted_.push_back(shard); }
    bool widen();  // true: more is held now, everything found before is void
    void unlock();
    const Set& held() const { return held_; }

private:
    void lock();
    void in_order();
    void hold_all();

    std::vector<Shard>& shards_;
    Set held_;  // ascending, without repeats
    Set wanted_;
    int rounds_ = 0;
    bool locked_ = false;
};

}  // namespace storage
