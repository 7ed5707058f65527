// SPDX-License-Identifier: MIT
// Counts of values in buckets that grow with the value, so that a percentile over any range is right to 3 %. The layout is
// that of HdrHistogram (Gil Tene, hdrhistogram.org): each doubling is cut into the same number of equal steps, and the bucket
// follows from the value's highest bits. Here: exact below 64, then 32 steps a doubling, up to 2^37 (137 s in nanoseconds).
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace storage {

// What is shown of it. All zero while nothing was counted.
struct LatencySummary {
    std::uint64_t count = 0, sum = 0, max = 0, p50 = 0, p99 = 0;
    std::uint64_t mean() const { return count == 0 ? 0 : sum / count; }
};

// Any thread, without a lock. Readers may see a value in one figure and not yet in another. The unit is the caller's.
class LatencyHistogram {
public:
    void add(std::uint64_t value) noexcept;

    std::uint64_t count() const { return count_.load(std::memory_order_relaxed); }
    std::uint64_t sum() const { return sum_.load(std::memory_order_relaxed); }
    std::uint64_t max() const { return max_.load(std::memory_order_relaxed); }
    // The smallest value that `percent` of all (0..100) do not exceed, at most 1/32 too large and never above max(); 0 if empty.
    std::uint64_t percentile(double percent) const;
    LatencySummary summary() const;

private:
    static constexpr unsigned steps = 32, doublings = 31;

    static std::size_t bucket_of(std::uint64_t value);
    static std::uint64_t last_of(std::size_t bucket);  // the largest value that it counts

    std::array<std::atomic<std::uint64_t>, steps*(doublings + 2) + 1> buckets_{};  // the last: all beyond
    std::atomic<std::uint64_t> count_{0}, sum_{0}, max_{0};
};

}  // namespace storage
