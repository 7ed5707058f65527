// SPDX-License-Identifier: MIT
// Time as an argument. Storage never asks the system for it; the server owns one Clock and tests own theirs.
#pragma once

#include <atomic>
#include <cstdint>

#include "storage/types.hpp"

namespace storage {

// Any thread. Neither call fails.
class Clock {
public:
    virtual ~Clock() = default;
    virtual UnixMs unix_ms() = 0;              // the wall clock, which may step
    virtual std::uint64_t monotonic_ns() = 0;  // for durations, never steps
};

class SystemClock final : public Clock {
public:
    UnixMs unix_ms() override;
    std::uint64_t monotonic_ns() override;
};

// The `now` of commands, log frames and expiry: the wall clock, except that it never runs backwards. It stays until the
// wall clock has caught up. Steps of more than 60 s against the monotonic clock are counted in either direction.
class SteadyNow {
public:
    explicit SteadyNow(Clock& clock, UnixMs at_least = 0);

    UnixMs now();                     // any thread
    void at_least(UnixMs recovered);  // what recovery found in the log; later calls start from there
    std::uint64_t steps() const { return steps_.load(std::memory_order_relaxed); }

private:
    void watch_for_step(UnixMs wall);

    Clock& clock_;
    std::atomic<UnixMs> last_;
    std::atomic<UnixMs> wall_minus_monotonic_ms_;
    std::atomic<std::uint64_t> steps_{0};
};

}  // namespace storage
