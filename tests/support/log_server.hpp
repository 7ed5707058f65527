// SPDX-License-Identifier: MIT
// A process with a log and its threads, for unit tests. Waiting is for words to move, with a limit that only a broken log
// reaches.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "storage/log.hpp"
#include "tests/support/log_fixture.hpp"

namespace test {

// Opens, recovers into a list, starts, appends, waits.
class LogServer {
public:
    explicit LogServer(MemoryDisk& disk, storage::Fsync mode = storage::Fsync::always, bool small = true)
        : LogServer(disk.mount(), mode, small) {}
    LogServer(std::unique_ptr<storage::FileSystem> fs, storage::Fsync mode, bool small = true) {
        storage::LogOptions options;
        options.appendfsync = mode;
        if (small) {
            options.segment_bytes = options.segment_bytes_first = 64 << 10;
            options.removal_reserve_bytes = 64 << 10;
        }
        options.notice = [this](const std::string& line) {
            std::lock_guard lock(mutex);
            notices.push_back(line);
            moved.notify_all();
        };
        options.fatal = [this](const std::string& line) {
            std::lock_guard lock(mutex);
            fatal = line;
            moved.notify_all();
        };
        auto opened = storage::Log::open(std::move(fs), options, clock, now, random);
        if (!opened) {
            refusal = opened.error().text;
            return;
        }
        log = std::move(*opened);
        const auto recovered = log->recover(list);
        if (!recovered) {
            refusal = recovered.error().text;
            log.reset();
            return;
        }
        log->journal().on_progress([this] {
            std::lock_guard lock(mutex);
            moved.notify_all();
        });
        log->start();
    }
    ~LogServer() { log.reset(); }

    storage::Lsn append(std::string_view record) {
        storage::Credit credit;
        storage::Journal& journal = log->journal();
        storage::Admission answer = storage::Admission::wait;
        REQUIRE(until([&] { return (answer = journal.admit(credit, record.size())) != storage::Admission::wait; }));
        REQUIRE(answer == storage::Admission::granted);
        const storage::Lsn lsn = journal.append(credit, std::as_bytes(std::span(record)));
        journal.release(credit);
        return lsn;
    }
    template <class F>
    bool until(F condition, std::chrono::steady_clock::duration at_most = std::chrono::seconds(30)) {
        std::unique_lock lock(mutex);
        const auto end = std::chrono::steady_clock::now() + at_most;
        while (!condition()) {
            moved.wait_for(lock, std::chrono::milliseconds(5));
            if (std::chrono::steady_clock::now() > end) return false;
        }
        return true;
    }
    // The preparer has nothing to do: a fault set now meets the log's own calls.
    bool prepared() {
        return until([&] { return log->figures().spares > 0 && !log->journal().room_is_low(); });
    }
    bool durable(storage::Lsn lsn) {
        return until([&] { return log->journal().durable() >= lsn; });
    }

    storage::SystemClock clock;
    storage::SteadyNow now{clock};
    storage::SystemRandom random;
    RecordList list;
    std::mutex mutex;
    std::condition_variable moved;
    std::vector<std::string> notices;  // guarded by mutex
    std::string fatal;                 // guarded by mutex
    std::string refusal;
    std::unique_ptr<storage::Log> log;
};

}  // namespace test
