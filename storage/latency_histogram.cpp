// SPDX-License-Identifier: MIT
#include "storage/latency_histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace storage {

// Values below 64 are their own bucket; above, the six highest bits choose one.
std::size_t LatencyHistogram::bucket_of(std::uint64_t value) {
    constexpr std::uint64_t most = std::uint64_t{2 * steps} << doublings;  // and all beyond
    value = std::min(value, most);
    if (value < 2 * steps) return value;
    const auto shift = static_cast<unsigned>(std::bit_width(value / (2 * steps)));
    return shift * steps + (value >> shift);
}

std::uint64_t LatencyHistogram::last_of(std::size_t bucket) {
    if (bucket < 2 * steps) return bucket;
    const std::size_t shift = bucket / steps - 1;
    return ((bucket - shift * steps + 1) << shift) - 1;
}

void LatencyHistogram::add(std::uint64_t value) noexcept {
    buckets_[bucket_of(value)].fetch_add(1, std::memory_order_relaxed);
    count_.fetch_add(1, std::memory_order_relaxed);
    sum_.fetch_add(value, std::memory_order_relaxed);
    std::uint64_t max = max_.load(std::memory_order_relaxed);
    while (value > max && !max_.compare_exchange_weak(max, value, std::memory_order_relaxed)) {
    }
}

std::uint64_t LatencyHistogram::percentile(double percent) const {
    std::uint64_t total = 0;  // of the buckets themselves: count() may be ahead of them
    for (const auto& bucket : buckets_) total += bucket.load(std::memory_order_relaxed);
    const auto rank = static_cast<std::uint64_t>(std::ceil(percent * static_cast<double>(total) / 100));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < buckets_.size() && total > 0; ++i) {
        seen += buckets_[i].load(std::memory_order_relaxed);
        if (seen >= std::max<std::uint64_t>(rank, 1) && i + 1 < buckets_.size()) return std::min(last_of(i), max());
    }
    return max();
}

LatencySummary LatencyHistogram::summary() const {
    return {.count = count(), .sum = sum(), .max = max(), .p50 = percentile(50), .p99 = percentile(99)};
}

}  // namespace storage
