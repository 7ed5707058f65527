// SPDX-License-Identifier: MIT
// Attempts have numbers, so that an outcome is never that of the attempt before.
#include "src/saves.hpp"

#include <utility>

namespace server {

Saves::Answer Saves::begin(bool or_later) {
    const std::lock_guard lock(mutex_);
    if (ask()) return Answer::started;
    if (rewrite_ == 0) return Answer::runs_already;
    if (!or_later) return Answer::rewrite_in_the_way;
    scheduled_.store(true, std::memory_order_relaxed);
    return Answer::scheduled;
}

Saves::Answer Saves::begin_rewrite() {
    const std::lock_guard lock(mutex_);
    if (const auto attempt = ask()) {
        rewrite_ = *attempt;
        return Answer::started;
    }
    if (rewrite_ != 0) return Answer::runs_already;
    rewrite_scheduled_ = true;
    scheduled_.store(true, std::memory_order_relaxed);
    return Answer::scheduled;
}

std::shared_ptr<const SaveOutcome> Saves::begin_and_wait() {
    const std::lock_guard lock(mutex_);
    const auto attempt = ask(storage::Pace::awaited);
    if (!attempt) return nullptr;
    return waiting_.emplace_back(Waiting{*attempt, std::make_shared<SaveOutcome>()}).outcome;
}

void Saves::attempt_ended() {
    const storage::SnapshotFigures figures = parts_.figures();
    const std::uint64_t ended = parts_.attempts();
    {
        const std::lock_guard lock(mutex_);
        std::erase_if(waiting_, [&](const Waiting& waiting) {
            if (waiting.attempt > ended) return false;
            if (!figures.last_ok) waiting.outcome->error = figures.last_error;
            waiting.outcome->known.store(true, std::memory_order_release);
            return true;
        });
        if (rewrite_ != 0 && rewrite_ <= ended) {
            rewrite_ = 0;
            ++rewrites_.ended;
            rewrites_.last_ok = figures.last_ok;
            if (figures.last_ok) rewrites_.last_ms = static_cast<std::int64_t>(figures.last_duration_ns / 1'000'000);
        }
    }
    if (parts_.wake) parts_.wake();
}

void Saves::begin_scheduled() {
    if (!scheduled_.load(std::memory_order_relaxed)) return;
    const std::lock_guard lock(mutex_);
    const auto attempt = ask();
    if (!attempt) return;
    if (std::exchange(rewrite_scheduled_, false)) rewrite_ = *attempt;
    scheduled_.store(false, std::memory_order_relaxed);
}

Saves::Rewrites Saves::rewrites() const {
    const std::lock_guard lock(mutex_);
    Rewrites now = rewrites_;
    now.running = rewrite_ != 0;
    now.scheduled = rewrite_scheduled_;
    return now;
}

}  // namespace server
