// SPDX-License-Identifier: MIT
#include "storage/committer.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "storage/thread_name.hpp"

namespace storage {

namespace {

constexpr std::uint64_t second_ns = 1'000'000'000;
constexpr std::uint64_t behind_ns = 2 * second_ns;  // everysec parks writes when the oldest unsynced byte is older

}  // namespace

Committer::Committer(FileSystem& fs, Journal& journal, SparePool& spares, SyncMeter& meter, Clock& clock, SteadyNow& now,
                     RandomSource& random, const LogOptions& options, const WalStart& start)
    : journal_(journal),
      spares_(spares),
      meter_(meter),
      clock_(clock),
      now_(now),
      fatal_(options.fatal),
      wal_(fs, spares, random, meter, start),
      preparer_(
          fs, journal, spares, [this](const std::string& line) { lost({line}); }, options.notice),
      mode_(options.appendfsync) {}

Committer::~Committer() { stop(); }

void Committer::start() {
    preparer_.start();
    commit_thread_ = std::thread([this] { commit_loop(); });
    sync_thread_ = std::thread([this] { sync_loop(); });
}

void Committer::stop() {
    journal_.stop_waiting();
    if (commit_thread_.joinable()) commit_thread_.join();
    {
        std::lock_guard lock(sync_mutex_);
        stop_syncing_ = true;
    }
    sync_wanted_.notify_all();
    if (sync_thread_.joinable()) sync_thread_.join();
    preparer_.stop();
}

void Committer::set_mode(Fsync mode) {
    mode_.store(mode, std::memory_order_relaxed);
    request_sync();  // what waits for durable now may have been written under a mode that would not have synced it
}

void Committer::request_sync() {
    {
        std::lock_guard lock(sync_mutex_);
        sync_until_ = later(sync_until_, journal_.appended());
    }
    sync_wanted_.notify_one();
}

bool Committer::lost(const Refusal& why) {
    if (!lost_.exchange(true)) fatal_("the log is lost: " + why.text);
    // Only where the handler returns: everything ends without a further acknowledgement.
    spares_.stop();
    journal_.stop_waiting();
    return false;
}

GroupFigures Committer::groups() const {
    return {.records = group_records_.summary(),
            .write_ns = write_ns_.summary(),
            .reply_ns = reply_ns_.summary(),
            .bytes_written = bytes_written(),
            .segments_opened = segments_opened_.load(std::memory_order_relaxed)};
}

// ---- the committer's thread ----

void Committer::commit_loop() {
    name_this_thread("tm-commit");
    for (;;) {
        journal_.wait_for_records(wait_ns());
        if (lost_) return;
        if (mode() == Fsync::always) wait_for_returns();
        Batch batch;
        if (journal_.take(batch)) {
            if (!commit(batch)) return;
        } else if (journal_.stopping()) {
            finish();
            return;
        } else if (!idle()) {
            return;
        }
        watch_for_delay();
    }
}

// Until the next thing to do without records: a mark after an idle second, or noticing that everysec is behind.
std::uint64_t Committer::wait_ns() {
    std::lock_guard lock(sync_mutex_);
    const std::uint64_t oldest = oldest_syncing_ns_ != 0 ? oldest_syncing_ns_ : oldest_unsynced_ns_;
    if (mode() != Fsync::everysec || oldest == 0 || behind()) return second_ns;
    const std::uint64_t age = clock_.monotonic_ns() - oldest;
    return age >= behind_ns ? 1 : std::min(second_ns, behind_ns - age);
}

void Committer::wait_for_returns() {
    const GroupTiming::Wait wait = timing_.next(clock_.monotonic_ns());
    if (wait.timeout_ns == 0 || journal_.appended() == journal_.written()) return;
    const bool reached = journal_.wait_for_appended(wait.target, wait.timeout_ns);
    timing_.waited(reached, clock_.monotonic_ns());
}

bool Committer::commit(const Batch& batch) {
    const std::uint64_t begun = clock_.monotonic_ns();
    const std::uint64_t opened_before = wal_.segments_opened();
    if (wal_.sealed_by_old_key() && !leave_old_key()) return false;
    const auto used = wal_.write(batch, journal_.durable(), now_.now());
    if (!used) return lost(used.error());
    write_ns_.add(clock_.monotonic_ns() - begun);
    group_records_.add(batch.count);
    bytes_written_.store(wal_.bytes_written(), std::memory_order_relaxed);
    segments_opened_.store(wal_.segments_opened(), std::memory_order_relaxed);
    journal_.set_written(batch.last);
    publish(begun);  // not before: the syncer would call it durable first
    journal_.set_durable(wal_.sealed());
    if (*used <= batch.charged_room) {
        journal_.add_room(batch.charged_room - *used);
    } else {
        journal_.take_room(*used - batch.charged_room);
    }
    if (wal_.segments_opened() != opened_before) preparer_.poke();
    if (mode() == Fsync::always && !make_durable(batch.count)) return false;
    reply_ns_.add(clock_.monotonic_ns() - batch.appended_at_ns);
    return true;
}

// The rest of the segment stays unused, so only while what is prepared pays for all that was promised; else at a later batch.
bool Committer::leave_old_key() {
    if (!journal_.give_up_room(wal_.room())) return true;
    const auto done = wal_.end_segment(now_.now());
    return done ? true : lost(done.error());
}

bool Committer::make_durable(std::uint64_t records) {
    const std::uint64_t begun = clock_.monotonic_ns();
    if (auto done = wal_.sync(); !done) return lost(done.error());
    const std::uint64_t now = clock_.monotonic_ns();
    {
        std::lock_guard lock(sync_mutex_);
        oldest_unsynced_ns_ = 0;
    }
    const Lsn waiting = journal_.appended();
    journal_.set_durable(wal_.written());
    timing_.released(waiting, records, now - begun, now);
    return true;
}

// For the syncer and the watch: what to sync, and since when it waits.
void Committer::publish(std::uint64_t begun_ns) {
    bool wake = false;
    {
        std::lock_guard lock(sync_mutex_);
        if (unsynced_file_ != wal_.file()) {
            unsynced_file_ = wal_.file();
            unsynced_name_ = wal_.name();
            preparer_.watch(unsynced_name_, unsynced_file_);
        }
        unsynced_until_ = wal_.written();
        if (oldest_unsynced_ns_ == 0) {
            oldest_unsynced_ns_ = begun_ns;
            wake = mode() == Fsync::everysec;
        }
        wake = wake || sync_asked_for();
    }
    if (wake) sync_wanted_.notify_one();
}

// An idle second: if all is durable, say so on the disk. From then on nothing of it can pass for the trace of a crash.
bool Committer::idle() {
    if (wal_.marked() || mode() == Fsync::no || journal_.durable() != wal_.written()) return true;
    const auto used = wal_.mark(now_.now());
    if (!used) return lost(used.error());
    journal_.take_room(*used);
    return true;
}

bool Committer::finish() {
    if (lost_) return false;
    if (auto done = wal_.sync(); !done) return lost(done.error());
    journal_.set_durable(wal_.written());
    const auto used = wal_.mark(now_.now());
    return used ? true : lost(used.error());
}

// Writes are parked while the oldest byte that is not durable is too old; the syncer lets them go on.
void Committer::watch_for_delay() {
    if (mode() != Fsync::everysec) return;
    std::lock_guard lock(sync_mutex_);
    const std::uint64_t oldest = oldest_syncing_ns_ != 0 ? oldest_syncing_ns_ : oldest_unsynced_ns_;
    if (oldest == 0 || behind() || clock_.monotonic_ns() - oldest < behind_ns) return;
    behind_ = true;
    sync_delayed_++;
    journal_.set_behind(true);
}

// ---- the syncer's thread ----

// Of what is written; a wish for what is not yet stays, and publish() wakes the syncer for it.
bool Committer::sync_asked_for() const {
    const Lsn durable = journal_.durable();
    return value(sync_until_) > value(durable) && value(unsynced_until_) > value(durable);
}

bool Committer::sync_is_due(std::uint64_t& wait_ns) const {
    wait_ns = second_ns;
    if (sync_asked_for()) return true;
    if (mode() != Fsync::everysec || oldest_unsynced_ns_ == 0) return false;
    // Begun early enough to be through when the oldest byte is a second old.
    const std::uint64_t at = oldest_unsynced_ns_ + second_ns - std::min(meter_.last_ns() + second_ns / 50, second_ns / 2);
    const std::uint64_t now = clock_.monotonic_ns();
    if (now >= at) return true;
    wait_ns = at - now;
    return false;
}

void Committer::sync_loop() {
    name_this_thread("tm-sync");
    std::unique_lock lock(sync_mutex_);
    while (!stop_syncing_ && !lost_) {
        std::uint64_t wait = 0;
        if (!sync_is_due(wait)) {
            sync_wanted_.wait_for(lock, std::chrono::nanoseconds(wait));
            continue;
        }
        const auto file = unsynced_file_;
        const std::string name = unsynced_name_;
        const Lsn until = unsynced_until_;
        oldest_syncing_ns_ = std::exchange(oldest_unsynced_ns_, 0);
        lock.unlock();
        if (file && value(journal_.durable()) < value(until)) {
            if (auto done = meter_.fdatasync(*file); !done) {
                lost(disk_refusal("cannot sync", name, done.error()));
                return;
            }
            journal_.set_durable(until);
        }
        lock.lock();
        oldest_syncing_ns_ = 0;
        if (behind_.exchange(false)) journal_.set_behind(false);  // under the lock, as the other way: the later word stands
    }
}

}  // namespace storage
