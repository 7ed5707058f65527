// SPDX-License-Identifier: MIT
#include "storage/shard.hpp"

#include <algorithm>

#include "storage/ensure.hpp"

namespace storage {
namespace {

constexpr int spins_max = 80;  // about the length of a critical section
constexpr int rounds_max = 3;

void pause() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

}  // namespace

void ShardMutex::lock() {
    std::uint32_t expected = free;
    if (!state_.compare_exchange_strong(expected, held, std::memory_order_acquire)) lock_contended();
    acquisitions_.store(acquisitions_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

void ShardMutex::lock_contended() {
    contended_.fetch_add(1, std::memory_order_relaxed);
    for (int i = 0; i < spins_max; ++i) {
        std::uint32_t expected = free;
        if (state_.load(std::memory_order_relaxed) == free &&
            state_.compare_exchange_weak(expected, held, std::memory_order_acquire))
            return;
        pause();
    }
    while (state_.exchange(waited_for, std::memory_order_acquire) != free) state_.wait(waited_for, std::memory_order_relaxed);
}

ShardLock::ShardLock(std::vector<Shard>& shards, ShardIndex one, ShardIndex other) : shards_(shards) {
    held_.push_back(std::min(one, other));
    if (other != one) held_.push_back(std::max(one, other));
    lock();
}

ShardLock::ShardLock(std::vector<Shard>& shards, Set set) : shards_(shards), held_(std::move(set)) {
    in_order();
    lock();
}

void ShardLock::in_order() {
    if (held_.size() < 2) return;
    std::sort(held_.begin(), held_.end());
    held_.erase(std::unique(held_.begin(), held_.end()), held_.end());
}

ShardLock::ShardLock(std::vector<Shard>& every_one_of) : shards_(every_one_of) {
    hold_all();
    lock();
}

void ShardLock::hold_all() {
    held_.resize(shards_.size());
    for (std::size_t s = 0; s < shards_.size(); ++s) held_[s] = static_cast<ShardIndex>(s);
}

void ShardLock::lock() {
    for (const ShardIndex s : held_) shards_[s].mutex.lock();
    locked_ = true;
}

void ShardLock::unlock() {
    if (!locked_) return;
    for (const ShardIndex s : held_) shards_[s].mutex.unlock();
    locked_ = false;
}

bool ShardLock::holds(ShardIndex shard) const { return std::binary_search(held_.begin(), held_.end(), shard); }

bool ShardLock::widen() {
    if (wanted_.empty()) return false;
    unlock();
    if (++rounds_ == rounds_max) {
        hold_all();
    } else {
        held_.insert(held_.end(), wanted_.begin(), wanted_.end());
        in_order();
    }
    wanted_.clear();
    lock();
    return true;
}

}  // namespace storage
