// SPDX-License-Identifier: MIT
// The executor's side of admission: when it asks the journal for credit, how much, and when it gives back.
#include <algorithm>

#include "src/executor.hpp"

namespace server {
namespace {

constexpr std::size_t credit_step_bytes = 16 * 1024;
constexpr std::size_t credit_little_bytes = 8 * 1024;
constexpr std::size_t credit_low_bytes = 1024;

}  // namespace

// Enough for one record of `bytes`. Buys ahead for a pipeline; if that much is not there, exactly what is missing.
storage::Admission Executor::take_credit(std::size_t bytes, storage::Purpose purpose) {
    using storage::Admission;
    if (reserve_in_credit_ && purpose == storage::Purpose::any) give_back();
    if (credit_.bytes >= bytes) return Admission::granted;
    const std::size_t missing = bytes - credit_.bytes;
    const bool others_wait = state_.parked_for_credit.load(std::memory_order_relaxed) != 0;
    Admission answer = Admission::wait;
    if (!others_wait) answer = state_.journal.admit(credit_, std::max(missing, credit_step_bytes));
    if (answer != Admission::granted) answer = state_.journal.admit(credit_, missing);
    if (answer != Admission::granted && purpose == storage::Purpose::removal) {
        answer = state_.journal.admit(credit_, missing, storage::Purpose::removal);
        reserve_in_credit_ = reserve_in_credit_ || answer == Admission::granted;
    }
    return answer;
}

void Executor::take_a_little() {
    if (reserve_in_credit_) give_back();
    if (credit_.bytes >= credit_low_bytes || little_refused_) return;
    if (state_.parked_for_credit.load(std::memory_order_relaxed) != 0) return;
    little_refused_ = state_.journal.admit(credit_, credit_little_bytes) != storage::Admission::granted;
}

storage::Credit& Executor::upkeep_credit() {
    take_a_little();
    return credit_;
}

void Executor::give_back() {
    state_.journal.release(credit_);
    little_refused_ = false;
    reserve_in_credit_ = false;
}

}  // namespace server
