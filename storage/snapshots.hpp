// SPDX-License-Identifier: MIT
// Snapshots while the server runs: when one is due, taking it, and what becomes superfluous then. A thread of low priority does
// all of it, where nobody waits through one of the lowest, but the copying: that goes in slices of some 10 us under a shard's
// lock, run by the io threads, because no thread of low priority may ever hold such a lock.
//
// How the file becomes exact (a fuzzy checkpoint, as in SiloR, OSDI 2014): S0 is the log's end before the first record is
// copied, S1 after the last. Records that change meanwhile are copied in some state between the two; the log (S0, S1] follows
// them in the file and, replayed over them, makes the state at S1. It gets its name when the log is durable up to S1.
//
// Order of life: after Log::start, start -> (traffic) -> stop -> perhaps take_last_one, before Log::stop.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "storage/background_thread.hpp"
#include "storage/clock.hpp"
#include "storage/log.hpp"
#include "storage/random.hpp"
#include "storage/snapshot_retention.hpp"
#include "storage/snapshot_settings.hpp"
#include "storage/store.hpp"

namespace storage {

// The figures of INFO; times of the wall clock are unix milliseconds, 0 is never.
struct SnapshotFigures {
    bool running = false;                 // or about to, because somebody asked
    std::uint64_t running_ns = 0;         // for how long, if one is
    std::uint64_t taken = 0, failed = 0;  // since the start
    std::uint64_t starved = 0;            // began again, because others left it next to no processor
    bool last_ok = true;                  // of the last attempt
    std::string last_error;               // of the last attempt that failed
    Lsn last_lsn{};                       // S1 of the newest, found at the start or taken since
    UnixMs last_at = 0;
    bool last_full = true;
    std::uint32_t chain_files = 0;  // of the newest one's chain
    std::uint64_t last_duration_ns = 0, last_bytes = 0, last_records = 0;
    std::uint64_t log_bytes_since = 0;       // appended to the log since the newest
    std::uint64_t changes_since = 0;         // log records since the newest
    std::uint64_t kept = 0, kept_bytes = 0;  // files in the directory
    std::uint64_t snapshots_removed = 0, segments_removed = 0;
};

// One in the background leaves the io threads most of their time; one that somebody waits for takes what it can get. `starved`
// is what one in the background becomes when others leave it next to nothing: it gives way in turns, but not with its priority.
enum class Pace : std::uint8_t { background, awaited, starved };

class Snapshots {
public:
    struct Parts {
        Log& log;
        Store& store;
        SnapshotSettings& settings;
        Clock& clock;
        SteadyNow& now;
        RandomSource& random;
        // Runs a turn soon on a thread that may hold shard locks; never waits, never drops one.
        std::function<void(std::function<void()> turn)> run_turn;
        std::function<void(const std::string& line)> notice;
        std::function<void(std::uint64_t ns)> rest = {};  // returns after that time; for those in the background
        std::function<ProcessorTime()> processor_time = processor_time_of_this_thread;
    };
    explicit Snapshots(Parts parts);
    ~Snapshots();  // stops, if that was not done
    Snapshots(const Snapshots&) = delete;
    Snapshots& operator=(const Snapshots&) = delete;

    void start();
    void stop();           // gives up the one that is running; turns must still run
    bool take_last_one();  // after stop() and the end of traffic: one more, all on the caller's thread. False: it failed

    // Any thread.
    // The number of the attempt that begins now: attempts() reaches it when that has ended. Nothing: one runs or is about to.
    std::optional<std::uint64_t> ask(Pace pace = Pace::background);
    std::uint64_t attempts() const { return attempts_.load(std::memory_order_acquire); }  // ended, well or not
    bool running() const { return running_.load(std::memory_order_acquire); }
    SnapshotFigures figures() const;
    // Called after each attempt on the thread that made it, when figures() tells of it and ask() would begin another; what has
    // become superfluous is removed after that. Set before start.
    void on_attempt(std::function<void()> call) { on_attempt_ = std::move(call); }

private:
    void loop();
    bool due() const;
    bool log_is_too_large() const;
    snapshot::Chain base() const;  // of the next one; none: it is full
    bool take(Pace pace);          // one attempt; false: it failed, and figures() says why, or starved_
    LogResult<snapshot::Footer> attempt(const snapshot::Header& header, Pace pace, std::uint64_t& bytes);
    void attempt_ended(const snapshot::Footer& footer, std::uint64_t bytes, std::uint64_t begun_ns, std::uint64_t written,
                       const snapshot::Header& header);
    void attempt_failed(const std::string& why);
    void make_way();                                        // under mutex_: the attempt is over
    void note_kept(const std::vector<KeptSnapshot>& kept);  // under mutex_
    void clean_up();
    bool abandon_now() const;  // the server stops, or the log needs the disk

    Parts parts_;
    std::function<void()> on_attempt_;
    std::thread thread_;
    bool starved_ = false;  // the attempt of the moment; its thread's
    std::atomic<bool> running_{false}, stopping_{false}, last_one_{false};
    std::atomic<std::uint64_t> attempts_{0}, begun_ns_{0};

    mutable std::mutex mutex_;  // held for a few instructions: the io threads ask for figures
    std::condition_variable woken_;
    // guarded by mutex_
    bool asked_ = false;
    Pace pace_ = Pace::background;  // of the one that was asked for
    SnapshotFigures figures_;
    std::uint64_t written_at_ = 0;        // bytes_written of the log when the newest one began
    std::uint64_t log_bytes_before_ = 0;  // of the log above the snapshot that the start found
    std::uint64_t newest_ns_ = 0;         // when the newest one began, or the start
    snapshot::Chain chain_;               // what an incremental one can build upon
    std::uint64_t retry_at_ns_ = 0, retry_after_ns_ = 0;
};

}  // namespace storage
