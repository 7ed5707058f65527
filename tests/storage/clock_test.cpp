// SPDX-License-Identifier: MIT
#include "storage/clock.hpp"

#include <catch2/catch.hpp>

#include "tests/support/log_fixture.hpp"

using namespace storage;

namespace {

constexpr std::uint64_t ms_ns = 1'000'000;

struct ClockFixture {
    void pass(std::int64_t ms) {
        clock.wall_ms += ms;
        clock.monotonic += static_cast<std::uint64_t>(ms) * ms_ns;
    }
    test::ManualClock clock;
    SteadyNow now{clock};
};

}  // namespace

TEST_CASE("Clock: now follows the wall clock, and stays while that goes back") {
    ClockFixture f;
    const UnixMs begin = f.now.now();
    f.pass(500);
    CHECK(f.now.now() == begin + 500);
    f.clock.wall_ms -= 3000;
    CHECK(f.now.now() == begin + 500);
    f.pass(3001);
    CHECK(f.now.now() == begin + 501);
    CHECK(f.now.steps() == 0);
}

TEST_CASE("Clock: now starts from what the log has seen") {
    ClockFixture f;
    const UnixMs seen = f.clock.wall_ms + 10'000;
    f.now.at_least(seen);
    CHECK(f.now.now() == seen);
    f.now.at_least(seen - 5);
    f.pass(10'001);
    CHECK(f.now.now() == seen + 1);
}

TEST_CASE("Clock: steps of more than a minute are counted once, in either direction") {
    ClockFixture f;
    f.clock.wall_ms += 59'000;
    f.now.now();
    CHECK(f.now.steps() == 0);
    f.clock.wall_ms += 100'000;
    f.now.now();
    f.now.now();
    CHECK(f.now.steps() == 1);
    f.clock.wall_ms -= 200'000;
    f.now.now();
    CHECK(f.now.steps() == 2);
    f.pass(1'000'000);  // time that passes is no step
    f.now.now();
    CHECK(f.now.steps() == 2);
}
