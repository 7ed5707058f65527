// SPDX-License-Identifier: MIT
// A heap of waiters by LSN and one atomic word that the committer looks at.
#include "src/durability_gate.hpp"

#include <algorithm>

namespace server {

void DurabilityGate::arm() {
    const std::uint64_t wish = !credit_waiters_.empty() ? any_progress : heap_.empty() ? nothing : value(heap_.front().lsn);
    awaited_.exchange(wish, std::memory_order_acq_rel);
}

void DurabilityGate::wait(storage::Lsn lsn, std::uint64_t connection_id) {
    heap_.push_back({lsn, connection_id});
    std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
    arm();
    if (open(lsn)) wake_();
}

void DurabilityGate::wait_for_credit(std::uint64_t connection_id) {
    credit_waiters_.push_back(connection_id);
    arm();
}

void DurabilityGate::take_ready(std::vector<std::uint64_t>& replies, std::vector<std::uint64_t>& credit) {
    credit.insert(credit.end(), credit_waiters_.begin(), credit_waiters_.end());
    credit_waiters_.clear();
    for (;;) {
        while (!heap_.empty() && open(heap_.front().lsn)) {
            replies.push_back(heap_.front().connection_id);
            std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
            heap_.pop_back();
        }
        arm();
        if (heap_.empty() || !open(heap_.front().lsn)) return;
    }
}

void DurabilityGate::progressed() {
    // Adding nothing is still a write: it orders this look after any wish made before it.
    const std::uint64_t awaited = awaited_.fetch_add(0, std::memory_order_acq_rel);
    if (awaited == nothing || awaited > value(reached())) return;
    if (awaited_.exchange(nothing, std::memory_order_acq_rel) != nothing) wake_();
}

}  // namespace server
