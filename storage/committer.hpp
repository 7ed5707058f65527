// SPDX-License-Identifier: MIT
// The threads around the log. The committer takes what was appended, writes it and, in `always`, makes it durable. The syncer
// makes it durable in `everysec`, at most a second behind the oldest byte, and whenever it is asked to. The preparer
// (preparer.hpp) keeps segments ready. A failed write or sync ends the process: memory may be ahead of the disk by then.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "storage/clock.hpp"
#include "storage/group_timing.hpp"
#include "storage/journal.hpp"
#include "storage/latency_histogram.hpp"
#include "storage/log_options.hpp"
#include "storage/preparer.hpp"
#include "storage/sync_meter.hpp"
#include "storage/wal.hpp"

namespace storage {

struct GroupFigures {
    LatencySummary records;   // in a group
    LatencySummary write_ns;  // of a group; what a new segment takes is in it
    LatencySummary reply_ns;  // from the append of a group's first record until replies may leave
    std::uint64_t bytes_written = 0, segments_opened = 0;
};

class Committer {
public:
    Committer(FileSystem& fs, Journal& journal, SparePool& spares, SyncMeter& meter, Clock& clock, SteadyNow& now,
              RandomSource& random, const LogOptions& options, const WalStart& start);
    ~Committer();  // stops
    Committer(const Committer&) = delete;
    Committer& operator=(const Committer&) = delete;

    void start();
    void stop();  // everything appended becomes durable, the log ends with a mark
    void set_mode(Fsync mode);
    Fsync mode() const { return mode_.load(std::memory_order_relaxed); }
    void request_sync();

    GroupFigures groups() const;
    std::uint64_t bytes_written() const { return bytes_written_.load(std::memory_order_relaxed); }
    std::uint64_t sync_delayed() const { return sync_delayed_.load(std::memory_order_relaxed); }
    bool behind() const { return behind_.load(std::memory_order_relaxed); }
    const Preparer& preparer() const { return preparer_; }

private:
    void commit_loop();
    bool commit(const Batch& batch);  // false: the log is lost
    bool leave_old_key();
    bool make_durable(std::uint64_t records);
    bool idle();
    bool finish();
    void wait_for_returns();
    std::uint64_t wait_ns();
    void publish(std::uint64_t begun_ns);
    void watch_for_delay();

    void sync_loop();
    bool sync_asked_for() const;                     // under sync_mutex_
    bool sync_is_due(std::uint64_t& wait_ns) const;  // under sync_mutex_
    bool lost(const Refusal& why);                   // calls the fatal handler; false

    Journal& journal_;
    SparePool& spares_;
    SyncMeter& meter_;
    Clock& clock_;
    SteadyNow& now_;
    FatalHandler fatal_;
    Wal wal_;             // the committer's thread only
    GroupTiming timing_;  // the committer's thread only
    Preparer preparer_;
    std::atomic<Fsync> mode_;
    std::atomic<bool> lost_{false};
    std::atomic<bool> behind_{false};
    std::atomic<std::uint64_t> sync_delayed_{0};

    LatencyHistogram group_records_, write_ns_, reply_ns_;
    std::atomic<std::uint64_t> bytes_written_{0}, segments_opened_{0};

    mutable std::mutex sync_mutex_;
    std::condition_variable sync_wanted_;
    // guarded by sync_mutex_
    std::shared_ptr<File> unsynced_file_;  // syncing it makes everything up to unsynced_until_ durable
    std::string unsynced_name_;
    Lsn unsynced_until_{};
    std::uint64_t oldest_unsynced_ns_ = 0;  // 0: nothing is
    std::uint64_t oldest_syncing_ns_ = 0;   // of the sync under way
    Lsn sync_until_{};                      // asked for: all that was appended when it was
    bool stop_syncing_ = false;

    std::thread commit_thread_, sync_thread_;
};

}  // namespace storage
