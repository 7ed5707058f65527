// SPDX-License-Identifier: MIT
// Seeded histories of a log, and what must be true of it after whatever ended one. For Catch2 tests.
#pragma once

#include <catch2/catch.hpp>

#include "storage/log_options.hpp"
#include "tests/support/log_fixture.hpp"

namespace test {

inline constexpr int history_steps = 24;

// Writes, syncs, idle seconds, clean and unclean restarts. False: the power went before the history was over. The same seed
// makes the same history every time.
inline bool live(LogFixture& log, storage::Fsync mode, std::uint64_t seed) {
    SeededRandom random(seed);
    if (!log.start()) return false;
    for (int i = 0; i < history_steps; ++i) {
        const std::uint64_t dice = random.below(20);
        bool alive = true;
        if (dice < 14) {
            std::vector<std::string> batch;
            for (std::uint64_t n = 1 + random.below(4); n > 0; --n)
                batch.push_back(random_record(random, random.below(8) == 0 ? 3800 : 300));
            alive = log.write_batch(batch) && (mode != storage::Fsync::always || log.sync());
        } else if (dice < 16) {
            alive = mode != storage::Fsync::everysec || log.sync();
        } else if (dice < 17) {
            alive = mode == storage::Fsync::no || log.mark();
        } else if (dice < 18) {
            alive = log.stop() && log.start();
        } else if (dice < 19) {
            log.kill();
            alive = log.start();
        }
        if (!alive) return false;
    }
    return true;
}

// After a cut and however many cut recoveries: is what came back right, and does it stay?
inline void check_recovered(LogFixture& log, const std::vector<std::string>& written, std::uint64_t durable) {
    REQUIRE(log.start());
    const std::vector<std::string> found = log.appended;
    REQUIRE(found.size() >= durable);
    REQUIRE(found.size() <= written.size());
    REQUIRE(std::equal(found.begin(), found.end(), written.begin()));
    REQUIRE(log.write("after the cut"));
    REQUIRE(log.sync());
    log.power_cycle(7);
    REQUIRE(log.start());
    REQUIRE(log.appended.size() == found.size() + 1);
    REQUIRE(std::equal(found.begin(), found.end(), log.appended.begin()));
    log.kill();
}

}  // namespace test
