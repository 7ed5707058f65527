// SPDX-License-Identifier: MIT
#include "storage/sync_meter.hpp"

namespace storage {

Result<void> SyncMeter::fdatasync(File& file) {
    const std::uint64_t begin = clock_.monotonic_ns();
    auto done = file.fdatasync();
    const std::uint64_t took = clock_.monotonic_ns() - begin;
    count_.fetch_add(1, std::memory_order_relaxed);
    last_ns_.store(took, std::memory_order_relaxed);
    total_ns_.fetch_add(took, std::memory_order_relaxed);
    std::uint64_t max = max_ns_.load(std::memory_order_relaxed);
    while (took > max && !max_ns_.compare_exchange_weak(max, took, std::memory_order_relaxed)) {
    }
    return done;
}

}  // namespace storage
