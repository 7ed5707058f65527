// SPDX-License-Identifier: MIT
// The log as the server sees it: one object that owns the data directory, the journal, recovery and the threads that
// write. Order of life: open -> recover -> start -> (traffic through journal()) -> stop. Errors before start are refusals:
// one line for stderr and exit 1, with nothing on the disk changed. Errors after start end the process (FatalHandler).
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include <boost/system/result.hpp>

#include "storage/clock.hpp"
#include "storage/file_system.hpp"
#include "storage/journal.hpp"
#include "storage/key_uses.hpp"
#include "storage/latency_histogram.hpp"
#include "storage/log_options.hpp"
#include "storage/random.hpp"
#include "storage/recovery.hpp"
#include "storage/types.hpp"

namespace storage {

class Store;

struct LogFigures {
    Journal::Figures journal;
    Fsync appendfsync = Fsync::everysec;
    Lsn appended{}, written{}, durable{};
    LatencySummary group_records;     // in a batch taken and written
    LatencySummary write_ns;          // of a batch, with the making of a segment that it began
    LatencySummary reply_ns;          // from the append of a batch's first record until replies may leave
    LatencySummary sync_ns;           // fdatasyncs of segments that carry records
    std::uint64_t sync_ns_last = 0;   // the latest of them
    std::uint64_t bytes_written = 0;  // frames, marks and ends, not the zeros of preparing
    std::uint64_t sync_delayed = 0;   // times that everysec fell more than 2 s behind and writes were parked
    bool behind = false;              // it is so now
    std::uint64_t segments = 0;       // files wal-* in the directory
    std::uint64_t segment_bytes = 0;  // written to them; one that grows has more room
    std::uint64_t spares = 0, spare_bytes = 0;
    bool preparing_failed = false;  // writes answer MISCONF; what_failed says why
    std::string what_failed;
    std::uint64_t epoch = 0;
};

class Log {
public:
    // `fs` must be rooted at the data directory; see open_posix for the usual way.
    static boost::system::result<std::unique_ptr<Log>, Refusal> open(std::unique_ptr<FileSystem> fs, LogOptions options,
                                                                     Clock& clock, SteadyNow& now, RandomSource& random);
    // Creates `dir` (its last component only, 0700) if it is absent, and takes its lock.
    static boost::system::result<std::unique_ptr<Log>, Refusal> open_posix(const std::string& dir, LogOptions options,
                                                                           Clock& clock, SteadyNow& now, RandomSource& random);
    ~Log();  // stops, if that was not done
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;

    // Replays everything into an empty store with several threads, ends what the last process left open, and moves
    // SteadyNow up. Blocks; once, before start. finish_replay of the store is called too.
    boost::system::result<RecoveryReport, Refusal> recover(Store& store);
    boost::system::result<RecoveryReport, Refusal> recover(ReplaySink& sink);
    const RecoveryProgress& progress() const { return progress_; }

    // Prepares the first segments and starts the threads. A full disk is no error: writes answer MISCONF until it has room.
    void start();
    // Writes and makes durable all that was appended, ends with a mark, joins the threads. Nothing may be appended after.
    void stop();

    Journal& journal() { return journal_; }
    void set_appendfsync(Fsync mode);  // any thread, after recover()
    Fsync appendfsync() const;
    // Any thread: asks for everything appended so far to be made durable soon, in any mode. Watch journal().durable().
    void request_sync();
    LogFigures figures() const;           // any thread
    std::uint64_t bytes_written() const;  // two of them for who asks often
    bool preparing_failed() const;
    const RecoveryReport& recovered() const { return report_; }
    const Encryption& encryption() const { return options_.encryption; }
    KeyUses& key_uses() { return key_uses_; }  // any thread

    // ---- for snapshots (snapshots.hpp), which live in the same directory; after recover() ----
    FileSystem& files() { return *fs_; }
    const WalStart& run_start() const;
    void segment_removed(std::uint64_t bytes) {
        segments_removed_.fetch_add(1, std::memory_order_relaxed);
        segment_bytes_removed_.fetch_add(bytes, std::memory_order_relaxed);
    }

private:
    RecoveryOptions recovery_options();
    boost::system::result<RecoveryReport, Refusal> recover(ReplaySink& sink, const RecoveryOptions& options, std::uint64_t begun);
    Log(std::unique_ptr<FileSystem> fs, std::unique_ptr<FileLock> lock, LogOptions options, Clock& clock, SteadyNow& now,
        RandomSource& random);

    std::unique_ptr<FileSystem> fs_;
    std::unique_ptr<FileLock> lock_;
    LogOptions options_;
    KeyUses key_uses_;
    Clock& clock_;
    SteadyNow& now_;
    RandomSource& random_;
    Journal journal_;
    RecoveryProgress progress_;
    RecoveryReport report_;
    struct Running;  // the write side, there from recover() on
    std::unique_ptr<Running> running_;
    std::atomic<Running*> live_{nullptr};  // running_, for other threads
    std::atomic<std::uint64_t> segments_removed_{0}, segment_bytes_removed_{0};
};

}  // namespace storage
