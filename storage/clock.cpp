// SPDX-License-Identifier: MIT
#include "storage/clock.hpp"

#include <ctime>

namespace storage {

namespace {

constexpr UnixMs step_ms = 60'000;  // the wall clock moved this far against the monotonic one: somebody set it

std::int64_t read_ns(clockid_t which) {
    timespec t{};
    ::clock_gettime(which, &t);
    return static_cast<std::int64_t>(t.tv_sec) * 1'000'000'000 + t.tv_nsec;
}

}  // namespace

UnixMs SystemClock::unix_ms() { return read_ns(CLOCK_REALTIME) / 1'000'000; }
std::uint64_t SystemClock::monotonic_ns() { return static_cast<std::uint64_t>(read_ns(CLOCK_MONOTONIC)); }

SteadyNow::SteadyNow(Clock& clock, UnixMs at_least)
    : clock_(clock),
      last_(at_least),
      wall_minus_monotonic_ms_(clock.unix_ms() - static_cast<UnixMs>(clock.monotonic_ns() / 1'000'000)) {}

UnixMs SteadyNow::now() {
    const UnixMs wall = clock_.unix_ms();
    watch_for_step(wall);
    UnixMs last = last_.load(std::memory_order_relaxed);
    while (wall > last) {
        if (last_.compare_exchange_weak(last, wall, std::memory_order_relaxed)) return wall;
    }
    return last;
}

void SteadyNow::at_least(UnixMs recovered) {
    UnixMs last = last_.load(std::memory_order_relaxed);
    while (recovered > last && !last_.compare_exchange_weak(last, recovered, std::memory_order_relaxed)) {
    }
}

void SteadyNow::watch_for_step(UnixMs wall) {
    const UnixMs difference = wall - static_cast<UnixMs>(clock_.monotonic_ns() / 1'000'000);
    UnixMs before = wall_minus_monotonic_ms_.load(std::memory_order_relaxed);
    const UnixMs moved = difference > before ? difference - before : before - difference;
    if (moved > step_ms) {  // of several threads that see it, one counts
        if (wall_minus_monotonic_ms_.compare_exchange_strong(before, difference, std::memory_order_relaxed)) {
            steps_.fetch_add(1, std::memory_order_relaxed);
        }
    }
}

}  // namespace storage
