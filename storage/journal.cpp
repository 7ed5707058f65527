// SPDX-License-Identifier: MIT
#include "storage/journal.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <limits>
#include <utility>

#include "storage/ensure.hpp"
#include "storage/little_endian.hpp"

namespace storage {

namespace {

constexpr std::uint64_t asleep_never = std::numeric_limits<std::uint64_t>::max();
constexpr std::size_t kept_resident_bytes = 4U << 20;  // a drained buffer keeps this much memory for the next batch
constexpr std::uint64_t low_room_bytes = 2U << 20;
constexpr std::size_t length_bytes = 4;

// A record that does not fit is written to the next segment: at worst it costs itself twice.
constexpr std::uint64_t room_for(std::uint64_t cost) { return 2 * cost; }

}  // namespace

struct Journal::Buffer {
    explicit Buffer(std::size_t bytes) : capacity(bytes) {
        void* at = ::mmap(nullptr, capacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        ENSURE(at != MAP_FAILED);
        data = static_cast<std::byte*>(at);
    }
    ~Buffer() { ::munmap(data, capacity); }
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;

    // Empties it. Pages beyond what an ordinary batch needs go back to the system.
    void drain() {
        if (used > kept_resident_bytes) ::madvise(data + kept_resident_bytes, used - kept_resident_bytes, MADV_DONTNEED);
        used = 0;
        count = 0;
        charged_bytes = 0;
        charged_room = 0;
    }

    std::byte* data = nullptr;
    std::size_t capacity;
    std::size_t used = 0;
    std::uint32_t count = 0;
    std::size_t charged_bytes = 0;   // of wal-pending-bytes
    std::uint64_t charged_room = 0;  // of the prepared files
    Lsn last{};
    std::uint64_t begun_ns = 0;  // its first record was appended
};

Journal::Journal(Options options)
    : options_(options),
      open_(std::make_unique<Buffer>(2 * (options.pending_bytes_max + options.record_bytes_max) + (1U << 20))),
      taken_(std::make_unique<Buffer>(open_->capacity)),
      wake_at_(asleep_never),
      appended_(value(options.last)),
      written_(value(options.last)),
      durable_(value(options.last)) {}

Journal::~Journal() = default;

std::size_t Journal::unwritten() const { return open_->charged_bytes + taken_->charged_bytes; }

std::size_t Journal::pending() const { return promised_bytes_ + unwritten(); }

bool Journal::take_waiter() { return std::exchange(someone_waits_, false); }

void Journal::progressed() const {
    if (on_progress_) on_progress_();
}

// Under mutex_. Files are what is missing: says how much, and whether waiting can help.
Admission Journal::lacking(std::atomic<std::uint64_t>& wanted, std::uint64_t amount) {
    if (wanted.load(std::memory_order_relaxed) < amount) wanted.store(amount, std::memory_order_relaxed);
    if (preparing_failed_) {
        figures_.admissions_refused++;
        return Admission::no_space;
    }
    figures_.admissions_parked++;
    someone_waits_ = true;
    return Admission::wait;
}

Admission Journal::admit(Credit& credit, std::size_t record_bytes, Purpose purpose) {
    const std::size_t ask = cost(record_bytes);
    Admission answer = Admission::granted;
    {
        std::lock_guard lock(mutex_);
        const std::size_t waiting = pending();
        const std::uint64_t reserve = purpose == Purpose::removal ? 0 : options_.removal_reserve_bytes;
        const std::uint64_t room_needed = room_for(promised_bytes_ + ask) + reserve;
        // A large record goes in once half is free: small ones must not keep it out for ever.
        const bool over = waiting + ask > options_.pending_bytes_max && waiting > options_.pending_bytes_max / 2;
        // Credit may be for several records or, with what there was before, for one: the largest that can be must fit a segment.
        const std::size_t fit = std::min(credit.bytes + ask, cost(options_.record_bytes_max));
        if (fit > record_fit_) {
            answer = lacking(fit_wanted_, fit);
        } else if (room_bytes_ < 0 || room_needed > static_cast<std::uint64_t>(room_bytes_)) {
            answer = lacking(room_wanted_, room_needed);
        } else if (behind_ || over) {
            figures_.admissions_parked++;
            someone_waits_ = true;
            return Admission::wait;
        } else {
            promised_bytes_ += ask;
            credit.bytes += ask;
            figures_.pending_bytes_peak = std::max<std::uint64_t>(figures_.pending_bytes_peak, waiting + ask);
            return Admission::granted;
        }
    }
    if (on_room_wanted_) on_room_wanted_();
    return answer;
}

void Journal::release(Credit& credit) {
    kick();
    if (credit.bytes == 0) return;
    bool wake = false;
    {
        std::lock_guard lock(mutex_);
        ENSURE(promised_bytes_ >= credit.bytes);
        promised_bytes_ -= credit.bytes;
        credit.bytes = 0;
        wake = take_waiter();
    }
    if (wake) progressed();
}

Lsn Journal::append(Credit& credit, std::span<const std::byte> record) noexcept {
    ENSURE(record.size() <= credit.bytes && !record.empty());
    const std::size_t whole = cost(record.size());
    Lsn lsn;
    {
        std::lock_guard lock(mutex_);
        Buffer& to = *open_;
        ENSURE(record.size() + length_bytes <= to.capacity - to.used);
        std::byte* at = to.data + to.used;
        store_le(at, static_cast<std::uint32_t>(record.size()));
        std::memcpy(at + length_bytes, record.data(), record.size());
        to.used += length_bytes + record.size();
        if (to.count++ == 0 && options_.clock != nullptr) to.begun_ns = options_.clock->monotonic_ns();
        lsn = Lsn{appended_.load(std::memory_order_relaxed) + 1};
        to.last = lsn;
        appended_.store(value(lsn), std::memory_order_release);

        const std::size_t paid = std::min(whole, credit.bytes);
        credit.bytes -= paid;
        promised_bytes_ -= paid;
        to.charged_bytes += whole;
        to.charged_room += room_for(whole);
        room_bytes_ -= static_cast<std::int64_t>(room_for(whole));
        figures_.records++;
        figures_.record_bytes += record.size();
        if (value(lsn) >= wake_at_) {
            wake_at_ = asleep_never;
            wake_due_.store(true, std::memory_order_release);
        }
    }
    return lsn;
}

void Journal::kick() {
    if (wake_due_.load(std::memory_order_acquire) && wake_due_.exchange(false, std::memory_order_acq_rel)) arrived_.notify_one();
}

bool Journal::take(Batch& batch) {
    std::lock_guard lock(mutex_);
    if (open_->count == 0) return false;
    ENSURE(taken_->charged_bytes == 0);  // the batch before was written
    taken_->drain();
    std::swap(open_, taken_);
    batch.last = taken_->last;
    batch.first = Lsn{value(taken_->last) - taken_->count + 1};
    batch.count = taken_->count;
    batch.bytes = {taken_->data, taken_->used};
    batch.charged_room = taken_->charged_room;
    batch.appended_at_ns = taken_->begun_ns;
    return true;
}

bool Journal::wait_for_records(std::uint64_t timeout_ns) {
    return wait_for_appended(Lsn{written_.load(std::memory_order_acquire) + 1}, timeout_ns);
}

bool Journal::wait_for_appended(Lsn target, std::uint64_t timeout_ns) {
    std::unique_lock lock(mutex_);
    const auto there = [&] { return stopping_ || appended_.load(std::memory_order_relaxed) >= value(target); };
    if (there()) return true;
    wake_at_ = value(target);
    const bool reached = arrived_.wait_for(lock, std::chrono::nanoseconds(timeout_ns), there);
    wake_at_ = asleep_never;
    return reached;
}

void Journal::stop_waiting() {
    {
        std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    arrived_.notify_all();
}

bool Journal::stopping() const {
    std::lock_guard lock(mutex_);
    return stopping_;
}

// The one place where the words move, and where their order is kept.
void Journal::move_up(std::atomic<std::uint64_t>& word, Lsn lsn) {
    {
        std::lock_guard lock(mutex_);
        if (word.load(std::memory_order_relaxed) >= value(lsn)) return;
        word.store(value(lsn), std::memory_order_release);
        ENSURE(written_.load(std::memory_order_relaxed) <= appended_.load(std::memory_order_relaxed));
        ENSURE(durable_.load(std::memory_order_relaxed) <= written_.load(std::memory_order_relaxed));
        if (&word == &written_ && value(taken_->last) <= value(lsn)) taken_->charged_bytes = 0;
        someone_waits_ = false;
    }
    if (&word == &durable_) durable_moved_.notify_all();
    progressed();
}

bool Journal::wait_for_durable(Lsn target, std::uint64_t timeout_ns) {
    std::unique_lock lock(mutex_);
    return durable_moved_.wait_for(lock, std::chrono::nanoseconds(timeout_ns),
                                   [&] { return durable_.load(std::memory_order_relaxed) >= value(target); });
}

void Journal::set_written(Lsn lsn) { move_up(written_, lsn); }
void Journal::set_durable(Lsn lsn) { move_up(durable_, lsn); }

void Journal::recovered(Lsn last) {
    std::lock_guard lock(mutex_);
    ENSURE(figures_.records == 0);
    for (auto* word : {&appended_, &written_, &durable_}) word->store(value(last), std::memory_order_release);
}

void Journal::set_behind(bool behind) {
    bool wake = false;
    {
        std::lock_guard lock(mutex_);
        behind_ = behind;
        wake = !behind && take_waiter();
    }
    if (wake) progressed();
}

void Journal::add_room(std::uint64_t bytes) {
    bool wake = false;
    {
        std::lock_guard lock(mutex_);
        room_bytes_ += static_cast<std::int64_t>(bytes);
        if (room_bytes_ >= static_cast<std::int64_t>(room_wanted_.load(std::memory_order_relaxed)))
            room_wanted_.store(0, std::memory_order_relaxed);
        wake = take_waiter();
    }
    if (wake) progressed();
}

void Journal::take_room(std::uint64_t bytes) {
    std::lock_guard lock(mutex_);
    room_bytes_ -= static_cast<std::int64_t>(bytes);
}

bool Journal::give_up_room(std::uint64_t bytes) {
    std::lock_guard lock(mutex_);
    const std::uint64_t needed = room_for(promised_bytes_) + options_.removal_reserve_bytes;
    if (room_bytes_ < static_cast<std::int64_t>(bytes + needed)) return false;
    room_bytes_ -= static_cast<std::int64_t>(bytes);
    return true;
}

void Journal::set_record_fit(std::uint64_t bytes) {
    bool wake = false;
    {
        std::lock_guard lock(mutex_);
        record_fit_ = std::max(record_fit_, bytes);
        if (fit_wanted_.load(std::memory_order_relaxed) <= record_fit_) fit_wanted_.store(0, std::memory_order_relaxed);
        wake = take_waiter();
    }
    if (wake) progressed();
}

void Journal::set_preparing_failed(bool failed) {
    bool wake = false;
    {
        std::lock_guard lock(mutex_);
        wake = preparing_failed_ != failed && take_waiter();  // who waits must learn that it is in vain, or not any more
        preparing_failed_ = failed;
    }
    if (wake) progressed();
}

bool Journal::room_is_low() const {
    std::lock_guard lock(mutex_);
    const auto least = std::max(options_.removal_reserve_bytes + low_room_bytes, room_wanted_.load(std::memory_order_relaxed));
    return room_bytes_ < static_cast<std::int64_t>(least);
}

Journal::Figures Journal::figures() const {
    std::lock_guard lock(mutex_);
    Figures now = figures_;
    now.pending_bytes = pending();
    now.unwritten_bytes = unwritten();
    now.room_bytes = room_bytes_;
    return now;
}

}  // namespace storage
