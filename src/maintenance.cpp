// SPDX-License-Identifier: MIT
// Upkeep within a time budget, so that a mass expiry does not stop the connections of the thread.
#include "src/maintenance.hpp"

#include <algorithm>
#include <numeric>

#include "src/allocator.hpp"

namespace server {
namespace {

constexpr std::size_t records_a_lock = 32;             // architecture.md: nothing holds a shard for over 50 us
constexpr std::uint64_t expire_budget_ns = 2'000'000;  // a tick, all shards of the thread
constexpr std::uint64_t free_slices = 8;
constexpr std::uint64_t sample_every_ns = 90'000'000;

}  // namespace

std::uint64_t Maintenance::Rate::per_second(std::uint64_t total, std::uint64_t now_ns) {
    if (last_ns != 0 && now_ns > last_ns && total >= last_total) {
        rates[next++ % samples] = (total - last_total) * 1'000'000'000ULL / (now_ns - last_ns);
    }
    last_total = total;
    last_ns = now_ns;
    return std::accumulate(rates.begin(), rates.end(), std::uint64_t{0}) / samples;
}

bool Maintenance::tick() {
    if (thread_ == 0) sample();
    if (state_.loading.load(std::memory_order_acquire)) return true;
    if (thread_ == 0) state_.saves.begin_scheduled();
    executor_.give_back();
    const bool all_expired = expire();
    if (thread_ == 0) {
        for (std::uint64_t i = 0; i < free_slices; ++i) state_.store.free_some();
        give_back_freed_memory();
    }
    return !all_expired;
}

bool Maintenance::expire() {
    const std::uint32_t shards = state_.store.shard_count();
    const std::uint32_t mine = shards / thread_count_ + (thread_ < shards % thread_count_ ? 1 : 0);
    const std::uint64_t until_ns = state_.clock.monotonic_ns() + expire_budget_ns;
    storage::Op op;
    op.now = state_.now.now();
    for (std::uint32_t looked = 0; looked < mine; ++looked) {
        const auto shard = static_cast<storage::ShardIndex>(thread_ + (next_shard_ % mine) * thread_count_);
        for (;;) {
            op.credit = &executor_.upkeep_credit();
            if (state_.store.expire_some(op, shard, records_a_lock) < records_a_lock) break;
            if (state_.clock.monotonic_ns() > until_ns) return false;  // the next tick goes on with this shard
        }
        ++next_shard_;
    }
    return true;
}

void Maintenance::sample() {
    const std::uint64_t now_ns = state_.clock.monotonic_ns();
    if (now_ns - ops_.last_ns < sample_every_ns) return;
    state_.instantaneous_ops = ops_.per_second(state_.sum(&Counters::commands), now_ns);
    state_.instantaneous_input_bytes = input_.per_second(state_.sum(&Counters::input_bytes), now_ns);
    state_.instantaneous_output_bytes = output_.per_second(state_.sum(&Counters::output_bytes), now_ns);
}

}  // namespace server
