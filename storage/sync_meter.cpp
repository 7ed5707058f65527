// SPDX-License-Identifier: MIT
#include "storage/sync_meter.hpp"

namespace storage {

Result<void> SyncMeter::fdatasync(File& file) {
    std::lock_guard lock(mutex_);
    if (!failed_) return failed_;
    const std::uint64_t begin = clock_.monotonic_ns();
    failed_ = file.fdatasync();
    const std::uint64_t took = clock_.monotonic_ns() - begin;
    last_ns_.store(took, std::memory_order_relaxed);
    took_ns_.add(took);
    return failed_;
}

}  // namespace storage
