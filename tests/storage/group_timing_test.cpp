// SPDX-License-Identifier: MIT
#include "storage/group_timing.hpp"

#include <catch2/catch.hpp>

using namespace storage;

namespace {

constexpr std::uint64_t us = 1000, ms = 1'000'000;

// A closed loop: `n` clients, each back `turn` after its reply. Releases until the estimate has settled.
GroupTiming settled(std::uint64_t n, std::uint64_t sync_ns, std::uint64_t turn_ns) {
    GroupTiming timing;
    std::uint64_t now = 1, lsn = 0;
    for (int i = 0; i < 40; ++i) {
        lsn += n;
        timing.released(Lsn{lsn}, n, sync_ns, now);
        const auto wait = timing.next(now);
        const bool reached = wait.timeout_ns >= turn_ns;
        now += reached ? turn_ns : wait.timeout_ns;
        if (wait.timeout_ns > 0) timing.waited(reached, now);
        now += sync_ns;
    }
    timing.released(Lsn{lsn}, n, sync_ns, now);
    return timing;
}

}  // namespace

TEST_CASE("Group timing: at first it goes at once") {
    GroupTiming timing;
    CHECK(timing.next(5).timeout_ns == 0);
}

TEST_CASE("Group timing: on a slow disk it waits for nine tenths of the clients that were released") {
    GroupTiming timing;
    timing.released(Lsn{30}, 20, 2 * ms, 100);
    const auto wait = timing.next(100);
    CHECK(wait.target == Lsn{48});
    CHECK(wait.timeout_ns > 0);
    CHECK(settled(20, 2 * ms, 200 * us).next(0).target != Lsn{});
}

TEST_CASE("Group timing: it learns how long clients take and waits little longer") {
    const auto timing = settled(20, 2 * ms, 200 * us);
    CHECK(timing.return_ns() > 150 * us);
    CHECK(timing.return_ns() < 300 * us);
}

TEST_CASE("Group timing: clients that take as long as a flush are not waited for") {
    GroupTiming timing = settled(20, 200 * us, 400 * us);
    CHECK(timing.return_ns() > 100 * us);
    timing.released(Lsn{1000}, 20, 200 * us, 10 * ms);
    CHECK(timing.next(10 * ms).timeout_ns == 0);
}

TEST_CASE("Group timing: time already gone is not waited again") {
    GroupTiming timing;
    timing.released(Lsn{30}, 20, 2 * ms, 100);
    CHECK(timing.next(100 + 2 * ms).timeout_ns == 0);
}
