// SPDX-License-Identifier: MIT
// The open end of the log, in memory: what commands append to, what the committer takes from, and the three words of
// durability: appended >= written >= durable. No I/O happens here.
//
// Order: a command takes credit (admit) before any shard lock; under the lock it appends, which copies the record into
// the open batch and gives it its LSN; then it applies the effects and unlocks; then it releases the credit left over.
// Lock order is always shard, then journal.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>

#include "storage/clock.hpp"
#include "storage/types.hpp"

namespace storage {

// Log bytes that may still be appended. Not shared between threads.
struct Credit {
    std::size_t bytes = 0;
};

enum class Admission {
    granted,
    wait,      // no credit of wal-pending-bytes left, or the next segment is being prepared: park, try again when woken
    no_space,  // preparing failed and what is left is promised: MISCONF
};

enum class Purpose {
    any,
    removal,  // may use the last reserve: one can log out on a full disk
};

// What the committer takes in one go: a dense run of records, each `u32 little-endian length, bytes`.
// The bytes stay valid until the next take().
struct Batch {
    Lsn first{};
    Lsn last{};
    std::uint32_t count = 0;
    std::span<const std::byte> bytes;
    std::uint64_t charged_room = 0;    // file room that its records were charged; the committer gives back what it did not use
    std::uint64_t appended_at_ns = 0;  // its first record, by the journal's clock
};

class Journal {
public:
    struct Options {
        std::size_t pending_bytes_max = 32U << 20;       // wal-pending-bytes
        std::size_t record_bytes_max = 32U << 20;        // wal-record-max
        Lsn last{};                                      // the last LSN that exists already
        std::uint64_t removal_reserve_bytes = 4U << 20;  // the last file room, for Purpose::removal only
        Clock* clock = nullptr;                          // for Batch::appended_at_ns; null: it says 0
    };

    // What a record costs beside its own bytes, at worst: a sealed frame of its own, its length and the padding.
    static constexpr std::size_t record_overhead = 88;
    static constexpr std::size_t cost(std::size_t record_bytes) { return record_bytes + record_overhead; }

    explicit Journal(Options options);
    ~Journal();
    Journal(const Journal&) = delete;
    Journal& operator=(const Journal&) = delete;

    // Any thread, before any shard lock. Adds cost(record_bytes) to `credit` on granted, changes nothing otherwise.
    // On `wait`, on_progress is called when it is worth another try.
    [[nodiscard]] Admission admit(Credit& credit, std::size_t record_bytes, Purpose purpose = Purpose::any);
    void release(Credit& credit);  // any thread; what was not used goes back

    // Under the lock of every shard that the record touches. Never waits for I/O, never allocates, never fails.
    // Precondition: record.size() <= credit.bytes. Takes cost(record.size()) off the credit, or all of it if that is less.
    Lsn append(Credit& credit, std::span<const std::byte> record) noexcept;

    // After the last append of a turn, with no lock held: wakes the committer if it sleeps. Waking it at each append would cost
    // a system call under a shard lock and make small groups. release() does it too; who forgets waits for the idle second.
    void kick();

    // The committer's side.
    bool take(Batch& batch);                                       // false: nothing there
    bool wait_for_records(std::uint64_t timeout_ns);               // true: there is something, or stop was asked for
    bool wait_for_appended(Lsn target, std::uint64_t timeout_ns);  // true: appended() reached it, or stop was asked for
    void set_written(Lsn lsn);  // only ever moves up; an LSN already passed is ignored, for two threads may report one
    void set_durable(Lsn lsn);  // the same
    // Any thread: true when durable() reached it, false after `timeout_ns`. Asks nobody to sync: see Log::request_sync.
    bool wait_for_durable(Lsn target, std::uint64_t timeout_ns);
    void stop_waiting();  // wakes wait_for_records for good
    bool stopping() const;
    void set_behind(bool behind);  // everysec is more than 2 s behind: admissions wait

    // After recovery, before traffic: everything up to `last` exists and is durable.
    void recovered(Lsn last);

    // File room: the preparer adds what it has ready, the committer gives back what a batch did not use. Each record is
    // charged twice its cost, because one that does not fit the rest of a segment leaves less than itself unused there.
    void add_room(std::uint64_t bytes);
    void take_room(std::uint64_t bytes);       // what marks and rotations used
    bool give_up_room(std::uint64_t bytes);    // false, and nothing changes: what was promised may need it
    void set_record_fit(std::uint64_t bytes);  // every segment from the next on has room for a record of this cost; never shrinks
    void set_preparing_failed(bool failed);
    // What an admission was missing, until there is that much; the preparer's order book.
    std::uint64_t room_wanted() const { return room_wanted_.load(std::memory_order_relaxed); }
    std::uint64_t record_fit_wanted() const { return fit_wanted_.load(std::memory_order_relaxed); }
    void forget_record_fit_wanted() { fit_wanted_.store(0, std::memory_order_relaxed); }
    // Room below which the preparer should work ahead of demand.
    bool room_is_low() const;

    std::size_t record_bytes_max() const { return options_.record_bytes_max; }
    Lsn appended() const { return Lsn{appended_.load(std::memory_order_acquire)}; }
    Lsn written() const { return Lsn{written_.load(std::memory_order_acquire)}; }
    Lsn durable() const { return Lsn{durable_.load(std::memory_order_acquire)}; }

    // Called (on the committer's thread or a thread that returns credit) whenever written or durable moved or credit came
    // back that somebody waits for. Must be quick. Set once before traffic.
    void on_progress(std::function<void()> call) { on_progress_ = std::move(call); }
    void on_room_wanted(std::function<void()> call) { on_room_wanted_ = std::move(call); }  // the preparer's; set once

    struct Figures {
        std::uint64_t pending_bytes = 0, pending_bytes_peak = 0;  // of wal-pending-bytes: credit given and records not written
        std::uint64_t unwritten_bytes = 0;                        // the records alone
        std::uint64_t admissions_parked = 0, admissions_refused = 0, records = 0, record_bytes = 0;
        std::int64_t room_bytes = 0;
    };
    Figures figures() const;

private:
    struct Buffer;  // address space, touched as it fills

    Admission lacking(std::atomic<std::uint64_t>& wanted, std::uint64_t amount);
    std::size_t unwritten() const, pending() const;  // under mutex_
    bool take_waiter();                              // under mutex_: was an admission told to wait since the last call?
    void move_up(std::atomic<std::uint64_t>& word, Lsn lsn);
    void progressed() const;

    Options options_;
    mutable std::mutex mutex_;
    std::condition_variable arrived_, durable_moved_;
    std::atomic<bool> wake_due_{false};  // the committer sleeps and there is what it waits for
    // guarded by mutex_
    std::unique_ptr<Buffer> open_, taken_;
    std::uint64_t wake_at_;  // the committer sleeps until this LSN is appended
    bool stopping_ = false;
    bool preparing_failed_ = false;
    bool behind_ = false;
    bool someone_waits_ = false;
    std::int64_t room_bytes_ = 0;
    std::uint64_t record_fit_ = 0;
    std::size_t promised_bytes_ = 0;
    Figures figures_;
    // read without the lock; written under it
    std::atomic<std::uint64_t> appended_, written_, durable_;
    std::atomic<std::uint64_t> room_wanted_{0}, fit_wanted_{0};
    std::function<void()> on_progress_, on_room_wanted_;
};

}  // namespace storage
