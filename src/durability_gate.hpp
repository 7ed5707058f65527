// SPDX-License-Identifier: MIT
// Holds back replies until the log has what they depend on, and says when parked writers may ask for credit again. One an io
// thread; the only bridge between the committer's thread and the reactor.
//
//   io thread:   wait(lsn, id) ... wake -> take_ready() -> ids whose replies may go
//   committer:   progressed() whenever written, durable or credit moved -> at most one wake per round
//
// No wake-up is lost: both sides change `awaited_` by read-modify-write, so either the committer sees the new wish, or the
// io thread, which looks at the journal after it wished, sees the new position.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

#include "storage/journal.hpp"
#include "storage/log_options.hpp"
#include "storage/types.hpp"

namespace server {

class DurabilityGate {
public:
    // `wake` is called from any thread and must make the io thread call take_ready() soon.
    DurabilityGate(const storage::Journal& journal, const std::atomic<storage::Fsync>& mode, std::function<void()> wake)
        : journal_(journal), mode_(mode), wake_(std::move(wake)) {}
    DurabilityGate(const DurabilityGate&) = delete;
    DurabilityGate& operator=(const DurabilityGate&) = delete;

    // ---- the io thread ----
    bool open(storage::Lsn lsn) const { return value(lsn) <= value(reached()); }
    void wait(storage::Lsn lsn, std::uint64_t connection_id);
    void wait_for_credit(std::uint64_t connection_id);
    // Appends who may go on. Also called at every tick, so that a change of appendfsync is noticed.
    void take_ready(std::vector<std::uint64_t>& replies, std::vector<std::uint64_t>& credit);
    std::size_t waiting() const { return heap_.size(); }

    // ---- any thread ----
    void progressed();

private:
    struct Waiter {
        storage::Lsn lsn;
        std::uint64_t connection_id;
        friend bool operator>(const Waiter& a, const Waiter& b) { return value(a.lsn) > value(b.lsn); }
    };
    static constexpr std::uint64_t nothing = std::numeric_limits<std::uint64_t>::max();
    static constexpr std::uint64_t any_progress = 0;

    storage::Lsn reached() const {
        return mode_.load(std::memory_order_relaxed) == storage::Fsync::always ? journal_.durable() : journal_.written();
    }
    void arm();

    const storage::Journal& journal_;
    const std::atomic<storage::Fsync>& mode_;
    std::function<void()> wake_;
    std::vector<Waiter> heap_;  // the lowest LSN first; ids of closed connections stay until their turn
    std::vector<std::uint64_t> credit_waiters_;
    std::atomic<std::uint64_t> awaited_{nothing};  // the lowest LSN wished for, or any_progress
};

}  // namespace server
