// SPDX-License-Identifier: MIT
// The open end of the log, in memory: what commands append to, what the committer takes from, and the three words of
// durability: appended >= written >= durable. No I/O happens here.
//
// Order: a command takes credit (admit) before any shard lock; under the lock it appends, which copies the record into
// the open batch and gives it its LSN; then it applies the effects and unlocks; then it releases the credit left over.
// Lock order is always shard, then journal.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <condition_variable>
#include <span>

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
    std::uint64_t charged_room = 0;  // file room that its records were charged; the committer gives back what it did not use
};

class Journal {
public:
    struct Options {
        std::size_t pending_bytes_max = 32U << 20;  // wal-pending-bytes
        std::size_t record_bytes_max = 32U << 20;   // wal-record-max
        Lsn last{};                                 // the last LSN that exists already
    };

    explicit Journal(Options options);
    ~Journal();
    Journal(const Journal&) = delete;
    Journal& operator=(const Journal&) = delete;

    // Any thread, before any shard lock. Adds to `credit` on granted, changes nothing otherwise.
    [[nodiscard]] Admission admit(Credit& credit, std::size_t record_bytes, Purpose purpose = Purpose::any);
    void release(Credit& credit);  // any thread; what was not used goes back

    // Under the lock of every shard that the record touches. Never waits for I/O, never allocates, never fails.
    // Precondition: record.size() <= credit.bytes.
    Lsn append(Credit& credit, std::span<const std::byte> record) noexcept;

    // The committer's side.
    bool take(Batch& batch);                       // false: nothing there
    bool wait_for_records(std::uint64_t timeout_ns);  // true: there is something, or stop was asked for
    void set_written(Lsn lsn);
    void set_durable(Lsn lsn);
    void stop_waiting();                           // wakes wait_for_records for good

    // File room: the preparer adds what it has ready, the committer gives back what a batch did not use.
    void add_room(std::uint64_t bytes);
    void take_room(std::uint64_t bytes);           // e.g. the rest of a segment that a rotation left behind
    void set_preparing_failed(bool failed);
    std::uint64_t room_wanted() const { return room_wanted_.load(std::memory_order_relaxed); }

    Lsn appended() const { return Lsn{appended_.load(std::memory_order_acquire)}; }
    Lsn written() const { return Lsn{written_.load(std::memory_order_acquire)}; }
    Lsn durable() const { return Lsn{durable_.load(std::memory_order_acquire)}; }

    // Called (on the committer's thread or a thread that returns credit) whenever written or durable moved or credit came
    // back. Must be quick. Set once before traffic.
    void on_progress(std::function<void()> call) { on_progress_ = std::move(call); }

    struct Figures {
        std::uint64_t pending_bytes = 0, pending_bytes_peak = 0, admissions_parked = 0, admissions_refused = 0, records = 0, record_bytes = 0;
        std::int64_t room_bytes = 0;
    };
    Figures figures() const;

private:
    struct Buffer;  // address space reserved for pending_bytes_max, touched as it fills

    Options options_;
    mutable std::mutex mutex_;
    std::condition_variable arrived_;
    // guarded by mutex_
    Buffer* open_ = nullptr;
    Buffer* taken_ = nullptr;
    bool stopping_ = false;
    bool preparing_failed_ = false;
    std::int64_t room_bytes_ = 0;
    std::size_t promised_bytes_ = 0;
    Figures figures_;
    // read without the lock
    std::atomic<std::uint64_t> appended_, written_, durable_;
    std::atomic<std::uint64_t> room_wanted_{0};
    std::function<void()> on_progress_;
};

}  // namespace storage
