// SPDX-License-Identifier: MIT
// A log with its threads on a memory disk, a store and its snapshots, with a clock that the test owns.
#pragma once

#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "storage/snapshots.hpp"
#include "tests/support/store_process.hpp"
#include "tests/support/turn_threads.hpp"

namespace test {

using namespace storage;

inline constexpr auto limit = std::chrono::seconds(30);
inline constexpr std::uint64_t second_ns = 1'000'000'000;

class SnapshotServer {
public:
    explicit SnapshotServer(MemoryDisk& disk) : disk_(disk) {
        settings.touch_resolution_ms = 0;
        set.interval_ms = 0;
        set.wal_bytes = 0;
        LogOptions options;
        options.appendfsync = Fsync::no;
        options.segment_bytes_first = options.segment_bytes = 64 << 10;
        options.removal_reserve_bytes = 64 << 10;
        options.notice = [](const std::string&) {};
        log = Log::open(disk.mount(), options, clock, now, random).value();
        store = std::make_unique<Store>(Store::Options{16, 1, clock.wall_ms}, log->journal(), random, settings);
        REQUIRE(log->recover(*store).has_value());
        log->start();
        snapshots = std::make_unique<Snapshots>(Snapshots::Parts{*log, *store, set, clock, now, random,
                                                                 [this](std::function<void()> turn) {
                                                                     turns.post([this, turn = std::move(turn)] {
                                                                         std::unique_lock lock(mutex);
                                                                         moved.wait(lock, [this] { return !held; });
                                                                         lock.unlock();
                                                                         turn();
                                                                     });
                                                                 },
                                                                 [this](const std::string& line) {
                                                                     const std::lock_guard lock(mutex);
                                                                     notices.push_back(line);
                                                                 },
                                                                 [this](std::uint64_t ns) { rested_ns += ns; },
                                                                 [this] { return processor_time(); }});
        snapshots->on_attempt([this] {
            const std::lock_guard lock(mutex);
            niceness = ::getpriority(PRIO_PROCESS, 0);  // of this thread
            moved.notify_all();
        });
    }
    ~SnapshotServer() { end(); }
    void end() {
        hold(false);
        if (snapshots) snapshots->stop();
        if (log) log->stop();
    }

    void write(std::string_view key, std::size_t bytes = 100) {
        Credit credit;
        Admission answer = Admission::wait;
        while ((answer = log->journal().admit(credit, bytes + 200)) == Admission::wait) std::this_thread::yield();
        REQUIRE(answer == Admission::granted);
        Op op;
        op.now = now.now();
        op.credit = &credit;
        REQUIRE(store->set_string(op, key, std::string(bytes, 'x'), {}, [](auto) {}).value());
        log->journal().release(credit);
    }
    // Until so many attempts ended. Time that the thread waits for is the test's to move.
    bool ended(std::uint64_t attempts) {
        std::unique_lock lock(mutex);
        return moved.wait_for(lock, limit, [&] { return snapshots->attempts() >= attempts; });
    }
    bool idle() {
        const auto end = std::chrono::steady_clock::now() + limit;
        while (snapshots->running() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
        return !snapshots->running();
    }
    // The log makes no file meanwhile: a fault set now meets a snapshot.
    bool prepared() {
        const auto end = std::chrono::steady_clock::now() + limit;
        const auto ready = [&] { return log->figures().spares > 0 && !log->journal().room_is_low(); };
        while (!ready() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
        return ready();
    }
    bool take_one(Pace pace = Pace::background) {
        const std::uint64_t before = snapshots->attempts();
        return snapshots->ask(pace) == before + 1 && ended(before + 1) && idle();
    }
    void hold(bool on) {
        const std::lock_guard lock(mutex);
        held = on;
        moved.notify_all();
    }
    std::size_t files(const std::string& prefix) const {
        std::size_t count = 0;
        for (const std::string& name : disk_.names()) count += name.starts_with(prefix) ? std::size_t{1} : std::size_t{0};
        return count;
    }

    ManualClock clock;
    SteadyNow now{clock};
    SystemRandom random;  // the log and the snapshots draw from it at once
    Settings settings;
    SnapshotSettings set;
    std::mutex mutex;
    std::condition_variable moved;
    bool held = false;                 // turns wait; guarded by mutex
    std::vector<std::string> notices;  // guarded by mutex
    std::atomic<std::uint64_t> rested_ns{0};
    std::function<ProcessorTime()> processor_time = processor_time_of_this_thread;  // set before anything is asked for
    int niceness = 0;  // of the thread that made the last attempt; guarded by mutex
    TurnThreads turns;
    std::unique_ptr<Log> log;
    std::unique_ptr<Store> store;
    std::unique_ptr<Snapshots> snapshots;

private:
    MemoryDisk& disk_;
};

inline std::uint64_t digest_after_start(MemoryDisk& disk, Lsn& from) {
    SnapshotServer again(disk);
    from = again.log->recovered().snapshot.last;
    return again.store->digest(again.clock.wall_ms);
}

}  // namespace test
