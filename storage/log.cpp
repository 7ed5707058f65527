// SPDX-License-Identifier: MIT
#include "storage/log.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <thread>
#include <utility>

#include "storage/committer.hpp"
#include "storage/data_directory.hpp"
#include "storage/ensure.hpp"
#include "storage/posix_file_system.hpp"
#include "storage/recovery_snapshot.hpp"
#include "storage/spare_pool.hpp"
#include "storage/store_replay.hpp"
#include "storage/sync_meter.hpp"

namespace storage {

namespace {

void to_stderr(const std::string& line) { std::fprintf(stderr, "tokmesh: %s\n", line.c_str()); }

Journal::Options journal_options(const LogOptions& options, Clock& clock) {
    return {.pending_bytes_max = options.pending_bytes_max,
            .record_bytes_max = options.record_bytes_max,
            .last = {},
            .removal_reserve_bytes = options.removal_reserve_bytes,
            .clock = &clock};
}

unsigned cores() { return std::max(1U, std::thread::hardware_concurrency()); }

}  // namespace

struct Log::Running {
    Running(Log& log, const WalStart& from)
        : meter(log.clock_),
          spares(*log.fs_, log.options_.segment_bytes_first, log.options_.segment_bytes),
          committer(*log.fs_, log.journal_, spares, meter, log.clock_, log.now_, log.random_, log.options_, from),
          start(from) {}

    SyncMeter meter;
    SparePool spares;
    Committer committer;
    const WalStart start;
    LogFiles found;
    bool started = false;
};

Log::Log(std::unique_ptr<FileSystem> fs, std::unique_ptr<FileLock> lock, LogOptions options, Clock& clock, SteadyNow& now,
         RandomSource& random)
    : fs_(std::move(fs)),
      lock_(std::move(lock)),
      options_(std::move(options)),
      key_uses_(*fs_),
      clock_(clock),
      now_(now),
      random_(random),
      journal_(journal_options(options_, clock_)) {
    if (!options_.notice) options_.notice = to_stderr;
}

Log::~Log() { stop(); }

boost::system::result<std::unique_ptr<Log>, Refusal> Log::open(std::unique_ptr<FileSystem> fs, LogOptions options, Clock& clock,
                                                               SteadyNow& now, RandomSource& random) {
    auto lock = fs->lock();
    if (!lock) {
        Findings found;
        found.in_use = lock.error() == boost::system::error_code(EWOULDBLOCK, boost::system::system_category());
        if (found.in_use) return refusal(decide(found), options.directory_name, {});
        return disk_refusal("cannot lock", options.directory_name, lock.error());
    }
    return std::unique_ptr<Log>(new Log(std::move(fs), std::move(*lock), std::move(options), clock, now, random));
}

boost::system::result<std::unique_ptr<Log>, Refusal> Log::open_posix(const std::string& dir, LogOptions options, Clock& clock,
                                                                     SteadyNow& now, RandomSource& random) {
    auto fs = open_posix_file_system(dir, true);
    if (!fs) return disk_refusal("cannot open", dir, fs.error());
    options.directory_name = dir;
    return open(std::move(*fs), std::move(options), clock, now, random);
}

RecoveryOptions Log::recovery_options() {
    RecoveryOptions options;
    options.directory_name = options_.directory_name;
    options.now = now_.now();
    options.notice = options_.notice;
    options.encryption = options_.encryption;
    return options;
}

boost::system::result<RecoveryReport, Refusal> Log::recover(Store& store) {
    const unsigned threads = options_.recovery_threads != 0 ? options_.recovery_threads : cores();
    const std::uint64_t begun = clock_.monotonic_ns();
    progress_.running.store(true, std::memory_order_relaxed);
    RecoveryOptions options = recovery_options();
    if (auto done = recover_snapshot(*fs_, options, store, threads, progress_); !done) return done.error();
    StoreReplay sink(store, threads);
    auto report = recover(sink, options, begun);
    if (report) store.key_tokens(run_start().token_secret);
    return report;
}

boost::system::result<RecoveryReport, Refusal> Log::recover(ReplaySink& sink) {
    return recover(sink, recovery_options(), clock_.monotonic_ns());
}

boost::system::result<RecoveryReport, Refusal> Log::recover(ReplaySink& sink, const RecoveryOptions& options,
                                                            std::uint64_t begun) {
    ENSURE(!running_);
    progress_.running.store(true, std::memory_order_relaxed);
    auto recovered = recover_log(*fs_, options, sink, random_, progress_);
    if (recovered) {
        report_ = recovered->report;
        now_.at_least(report_.now_max);
        finish_replay(sink, now_.now());
        journal_.recovered(report_.last);
        running_ = std::make_unique<Running>(*this, recovered->start);
        running_->found = recovered->kept;
        report_.duration_ns = clock_.monotonic_ns() - begun;
        live_.store(running_.get(), std::memory_order_release);
    }
    progress_.running.store(false, std::memory_order_relaxed);
    if (!recovered) return recovered.error();
    return report_;
}

void Log::start() {
    ENSURE(running_ && !running_->started);
    running_->started = true;
    running_->committer.start();
}

void Log::stop() {
    if (running_ && running_->started) running_->committer.stop();
}

void Log::set_appendfsync(Fsync mode) {
    if (Running* running = live_.load(std::memory_order_acquire)) running->committer.set_mode(mode);
}

Fsync Log::appendfsync() const {
    const Running* running = live_.load(std::memory_order_acquire);
    return running != nullptr ? running->committer.mode() : options_.appendfsync;
}

const WalStart& Log::run_start() const {
    ENSURE(running_);
    return running_->start;
}

void Log::request_sync() {
    if (Running* running = live_.load(std::memory_order_acquire)) running->committer.request_sync();
}

std::uint64_t Log::bytes_written() const {
    const Running* running = live_.load(std::memory_order_acquire);
    return running != nullptr ? running->committer.bytes_written() : 0;
}

bool Log::preparing_failed() const {
    const Running* running = live_.load(std::memory_order_acquire);
    return running != nullptr && running->committer.preparer().failed();
}

LogFigures Log::figures() const {
    LogFigures figures;
    figures.journal = journal_.figures();
    figures.appendfsync = appendfsync();
    figures.durable = journal_.durable();  // in this order, so that they never seem to overtake each other
    figures.written = journal_.written();
    figures.appended = journal_.appended();
    const Running* live = live_.load(std::memory_order_acquire);
    if (live == nullptr) return figures;
    const Running& running = *live;
    const GroupFigures groups = running.committer.groups();
    figures.group_records = groups.records;
    figures.write_ns = groups.write_ns;
    figures.reply_ns = groups.reply_ns;
    figures.bytes_written = groups.bytes_written;
    figures.sync_ns = running.meter.took_ns().summary();
    figures.sync_ns_last = running.meter.last_ns();
    figures.sync_delayed = running.committer.sync_delayed();
    figures.behind = running.committer.behind();
    figures.segments = running.found.count + groups.segments_opened - segments_removed_.load(std::memory_order_relaxed);
    figures.segment_bytes = running.found.bytes + groups.bytes_written - segment_bytes_removed_.load(std::memory_order_relaxed);
    figures.spares = running.spares.count();
    figures.spare_bytes = running.spares.bytes();
    figures.preparing_failed = running.committer.preparer().failed();
    figures.what_failed = running.committer.preparer().what_failed();
    figures.epoch = running.start.epoch;
    return figures;
}

}  // namespace storage
