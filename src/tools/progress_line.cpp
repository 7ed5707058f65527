// SPDX-License-Identifier: MIT
#include "src/tools/progress_line.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <utility>

#include "src/tools/words.hpp"

namespace server {

namespace {

constexpr int quick_ms = 700;  // what takes no longer needs no progress
constexpr int bar_ms = 100, line_ms = 4000;
constexpr std::size_t bar_columns = 30;

}  // namespace

ProgressLine::ProgressLine(std::string what, const storage::RecoveryProgress& progress)
    : what_(std::move(what)), progress_(progress), terminal_(::isatty(STDERR_FILENO) == 1), thread_([this] { run(); }) {}

ProgressLine::~ProgressLine() {
    {
        const std::lock_guard lock(mutex_);
        over_ = true;
    }
    over_changed_.notify_all();
    thread_.join();
}

bool ProgressLine::wait_ms(int milliseconds) {
    std::unique_lock lock(mutex_);
    return !over_changed_.wait_for(lock, std::chrono::milliseconds(milliseconds), [this] { return over_; });
}

void ProgressLine::run() {
    bool shown = false;
    for (int wait = terminal_ ? quick_ms : line_ms; wait_ms(wait); wait = terminal_ ? bar_ms : line_ms) {
        terminal_ ? std::fprintf(stderr, "\r%s\033[K", bar().c_str()) : std::fprintf(stderr, "%s\n", line().c_str());
        shown = true;
    }
    if (shown && terminal_) std::fputs("\r\033[K", stderr);
}

std::string ProgressLine::bar() const {
    const std::uint64_t total = std::max<std::uint64_t>(progress_.bytes_total.load(std::memory_order_relaxed), 1);
    const std::uint64_t done = std::min(progress_.bytes_read.load(std::memory_order_relaxed), total);
    const auto full = static_cast<std::size_t>(static_cast<double>(done) / static_cast<double>(total) * bar_columns);
    return what_ + " [" + std::string(full, '#') + std::string(bar_columns - full, '.') + "] " + words::bytes(done) + " of " +
           words::bytes(total);
}

std::string ProgressLine::line() const {
    const std::uint64_t total = progress_.bytes_total.load(std::memory_order_relaxed);
    const std::uint64_t done = std::min(progress_.bytes_read.load(std::memory_order_relaxed), total);
    return what_ + ": " + words::bytes(done) + " of " + words::bytes(total);
}

}  // namespace server
