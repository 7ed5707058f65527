// SPDX-License-Identifier: MIT
// Start figures, the slots of SESS.LIST, CLIENT PAUSE and the sums over threads.
#include "src/server_state.hpp"

#include "src/command_table.hpp"

namespace server {
namespace {

std::string random_hex(storage::RandomSource& random, std::size_t digits) {
    std::vector<unsigned char> bytes(digits / 2);
    random.fill(bytes);
    std::string text;
    for (const unsigned char byte : bytes) {
        text += "0123456789abcdef"[byte >> 4U];
        text += "0123456789abcdef"[byte & 15U];
    }
    return text;
}

}  // namespace

ServerState::ServerState(const Parts& parts)
    : settings(parts.settings),
      values(parts.settings.values),
      storage_settings(parts.settings.values.storage),
      clock(parts.clock),
      now(parts.now),
      random(parts.random),
      store(parts.store),
      journal(parts.journal),
      log(parts.log),
      started_at_ms(parts.clock.unix_ms()),
      started_at_ns(parts.clock.monotonic_ns()),
      run_id(random_hex(parts.random, 40)) {}

bool ServerState::take_list_slot() {
    std::uint32_t taken = list_slots_taken_.load(std::memory_order_relaxed);
    do {
        if (taken >= values.list_concurrency.load(std::memory_order_relaxed)) return false;
    } while (!list_slots_taken_.compare_exchange_weak(taken, taken + 1, std::memory_order_relaxed));
    return true;
}

storage::UnixMs ServerState::last_save_ms() const {
    const storage::SnapshotFigures figures = saves.figures();
    if (figures.last_at == 0) return started_at_ms;
    return figures.last_at + static_cast<storage::UnixMs>(figures.last_duration_ns / 1'000'000);
}

void ServerState::pause(PauseKind kind, storage::UnixMs until_ms) {
    pause_until_ms_.store(until_ms, std::memory_order_relaxed);
    pause_kind_.store(kind, std::memory_order_release);
}

PauseKind ServerState::paused(storage::UnixMs now_ms) const {
    const PauseKind kind = pause_kind_.load(std::memory_order_acquire);
    if (kind == PauseKind::none || now_ms >= pause_until_ms_.load(std::memory_order_relaxed)) return PauseKind::none;
    return kind;
}

Counters& ServerState::add_thread_counters() { return *counters_.emplace_back(std::make_unique<Counters>(command_row_count())); }

std::uint64_t ServerState::sum(Count Counters::*figure) const {
    std::uint64_t total = 0;
    for (const auto& counters : counters_) total += ((*counters).*figure).get();
    return total;
}

void ServerState::each_counters(storage::FunctionRef<void(Counters&)> visit) const {
    for (const auto& counters : counters_) visit(*counters);
}

}  // namespace server
