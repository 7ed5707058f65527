// SPDX-License-Identifier: MIT
// fdatasync of the log's files, timed and counted. Any thread, one at a time: the kernel reports a lost page once per open file,
// so whoever comes after a failure would be told that all is well. Here every later call fails too.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>

#include "storage/clock.hpp"
#include "storage/file_system.hpp"
#include "storage/latency_histogram.hpp"

namespace storage {

class SyncMeter {
public:
    explicit SyncMeter(Clock& clock) : clock_(clock) {}

    Result<void> fdatasync(File& file);

    std::uint64_t last_ns() const { return last_ns_.load(std::memory_order_relaxed); }
    const LatencyHistogram& took_ns() const { return took_ns_; }

private:
    Clock& clock_;
    std::mutex mutex_;
    Result<void> failed_;  // guarded by mutex_
    std::atomic<std::uint64_t> last_ns_{0};
    LatencyHistogram took_ns_;
};

}  // namespace storage
