// SPDX-License-Identifier: MIT
// What all commands of all io threads share: references to the parts that the Server owns, and a few figures. Any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "src/client_registry.hpp"
#include "src/counters.hpp"
#include "src/saves.hpp"
#include "src/settings.hpp"
#include "storage/clock.hpp"
#include "storage/journal.hpp"
#include "storage/random.hpp"
#include "storage/store.hpp"

namespace storage {
class Log;
}

namespace server {

enum class LastSnapshot : std::uint8_t { as_set, yes, no };  // at the end: snapshot-on-shutdown, or what SHUTDOWN said

enum class PauseKind : std::uint8_t { none, writes, all };

class ServerState {
public:
    struct Parts {
        Settings& settings;
        storage::Clock& clock;
        storage::SteadyNow& now;
        storage::RandomSource& random;
        storage::Store& store;
        storage::Journal& journal;
        storage::Log* log = nullptr;  // null in unit tests: INFO leaves its figures out
    };
    explicit ServerState(const Parts& parts);
    ServerState(const ServerState&) = delete;
    ServerState& operator=(const ServerState&) = delete;

    Settings& settings;                   // rows, CONFIG GET and SET
    Values& values;                       // what is set
    storage::Settings& storage_settings;  // values.storage
    storage::Clock& clock;
    storage::SteadyNow& now;
    storage::RandomSource& random;
    storage::Store& store;
    storage::Journal& journal;
    storage::Log* log;
    ClientRegistry clients;

    const storage::UnixMs started_at_ms;
    const std::uint64_t started_at_ns;  // monotonic
    const std::string run_id;           // 40 hex digits

    std::int64_t monotonic_ms() const { return static_cast<std::int64_t>(clock.monotonic_ns() / 1'000'000); }

    // ---- SESS.LIST: at most list-concurrency at once ----
    bool take_list_slot();  // false: too many are running
    void give_list_slot() { list_slots_taken_.fetch_sub(1, std::memory_order_relaxed); }

    // ---- loading ----
    std::atomic<bool> loading{false};
    std::atomic<std::uint64_t> loading_total_bytes{0}, loading_loaded_bytes{0};
    std::atomic<storage::UnixMs> loading_started_ms{0};

    // ---- CLIENT PAUSE ----
    void pause(PauseKind kind, storage::UnixMs until_ms);
    void unpause() { pause(PauseKind::none, 0); }
    PauseKind paused(storage::UnixMs now_ms) const;

    // ---- stop ----
    void ask_to_stop(LastSnapshot last) {
        if (on_stop_asked) on_stop_asked(last);
    }  // SHUTDOWN
    std::function<void(LastSnapshot)> on_stop_asked;

    // ---- snapshots ----
    Saves saves;
    // When the last snapshot was there; the start, where there is none: as Redis has it.
    storage::UnixMs last_save_ms() const;

    // ---- figures of the whole server ----
    std::atomic<std::uint64_t> connections_received{0}, connections_rejected{0};
    std::atomic<std::uint64_t> connections_denied{0};  // protected mode
    std::atomic<std::uint32_t> parked_for_credit{0};   // connections now waiting for log credit
    std::atomic<std::uint64_t> instantaneous_ops{0}, instantaneous_input_bytes{0}, instantaneous_output_bytes{0};
    std::atomic<std::uint64_t> memory_peak_bytes{0};
    std::atomic<std::uint64_t> key_reloads{0}, key_reloads_refused{0};
    Counters& add_thread_counters();  // before traffic; the state owns them
    std::uint64_t sum(Count Counters::*figure) const;
    void each_counters(storage::FunctionRef<void(Counters&)> visit) const;

private:
    std::atomic<std::uint32_t> list_slots_taken_{0};
    std::atomic<PauseKind> pause_kind_{PauseKind::none};
    std::atomic<storage::UnixMs> pause_until_ms_{0};
    std::vector<std::unique_ptr<Counters>> counters_;  // fixed once traffic runs
};

// Holds one place of list-concurrency for as long as it lives.
class ListSlot {
public:
    explicit ListSlot(ServerState& state) : state_(state.take_list_slot() ? &state : nullptr) {}
    ~ListSlot() {
        if (state_ != nullptr) state_->give_list_slot();
    }
    ListSlot(const ListSlot&) = delete;
    ListSlot& operator=(const ListSlot&) = delete;
    explicit operator bool() const { return state_ != nullptr; }

private:
    ServerState* state_;
};

}  // namespace server
