// SPDX-License-Identifier: MIT
// fdatasync of the log's files, timed and counted. Any thread.
#pragma once

#include <atomic>
#include <cstdint>

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
    std::atomic<std::uint64_t> last_ns_{0};
    LatencyHistogram took_ns_;
};

}  // namespace storage
