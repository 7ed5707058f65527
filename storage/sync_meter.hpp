// SPDX-License-Identifier: MIT
// fdatasync of the log's files, timed and counted. Any thread.
#pragma once

#include <atomic>
#include <cstdint>

#include "storage/clock.hpp"
#include "storage/file_system.hpp"

namespace storage {

class SyncMeter {
public:
    explicit SyncMeter(Clock& clock) : clock_(clock) {}

    Result<void> fdatasync(File& file);

    std::uint64_t count() const { return count_.load(std::memory_order_relaxed); }
    std::uint64_t last_ns() const { return last_ns_.load(std::memory_order_relaxed); }
    std::uint64_t total_ns() const { return total_ns_.load(std::memory_order_relaxed); }
    std::uint64_t max_ns() const { return max_ns_.load(std::memory_order_relaxed); }

private:
    Clock& clock_;
    std::atomic<std::uint64_t> count_{0}, last_ns_{0}, total_ns_{0}, max_ns_{0};
};

}  // namespace storage
