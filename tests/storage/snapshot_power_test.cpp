// SPDX-License-Identifier: MIT
// The power goes at every single I/O step of histories with snapshots and removal of what they cover, and again at every step
// of the recovery after it. What comes back is the state at some LSN that was reached, none that was acknowledged is lost.
#include <catch2/catch.hpp>

#include "tests/support/run_options.hpp"
#include "tests/support/store_process.hpp"

using storage::value;
using test::SeededRandom;
using test::StoreProcess;

namespace {

// Every third history is sealed.
storage::Encryption encryption_of(std::uint64_t seed) {
    return seed % 3 == 0 ? test::sealed_with({"k1"}) : storage::Encryption{};
}

bool work(StoreProcess& process, SeededRandom& dice, bool always) {
    for (std::uint64_t i = dice.below(12); i > 0; --i) process.random_step(dice);
    return always ? process.sync() : process.commit();
}

// Returns when the power went or the history is over; the same seed makes the same history every time.
void live(StoreProcess& process, bool always, std::uint64_t seed) {
    SeededRandom dice(seed);
    if (!process.start()) return;
    for (int i = 0; i < 14; ++i) {
        const std::uint64_t what = dice.below(10);
        bool alive = true;
        if (what < 5) {
            alive = work(process, dice, always);
        } else if (what < 8) {
            bool all = true;
            const auto meanwhile = [&] { all = (dice.below(16) != 0 || work(process, dice, always)) && all; };
            alive = dice.below(2) == 0 ? process.snapshot({}, meanwhile) : process.incremental(meanwhile);
            alive = alive && all && process.clean_up();
        } else if (what < 9) {
            alive = process.stop() && process.start();
        } else {
            alive = process.commit();
            process.kill();
            alive = alive && process.start();
        }
        if (!alive) return;
    }
}

void check_recovered(StoreProcess& process, std::uint64_t durable) {
    INFO(process.refusal);
    REQUIRE(process.start(32));
    const std::uint64_t last = value(process.report.last);
    REQUIRE(last >= durable);
    REQUIRE(process.digests.contains(last));
    REQUIRE(process.digest() == process.digests.at(last));
    for (const std::string& name : process.disk.names()) REQUIRE_FALSE(name.starts_with("doomed-"));
}

void cut_everywhere(bool always) {
    for (std::uint64_t seed = test::seed_of_run(); seed < test::seed_of_run() + test::power_histories(); ++seed) {
        StoreProcess whole(seed);
        whole.encryption = encryption_of(seed);
        live(whole, always, seed);
        const std::uint64_t steps = whole.disk.steps();
        REQUIRE(steps > 30);
        for (std::uint64_t step = 1; step <= steps; ++step) {
            INFO("TOKMESH_TEST_SEED=" << seed << " step " << step << " of " << steps);
            StoreProcess process(seed);
            process.encryption = encryption_of(seed);
            process.disk.cut_power_at(step);
            live(process, always, seed);
            const std::uint64_t durable = process.durable;
            process.kill();
            process.disk.power_on(seed * 1000 + step);
            check_recovered(process, durable);
            // It goes on, and what it goes on with is there after another cut.
            SeededRandom dice(step);
            REQUIRE(work(process, dice, true));
            const std::uint64_t more = process.durable;
            process.kill();
            process.disk.power_on(step);
            check_recovered(process, more);
        }
    }
}

void cut_recovery_everywhere(bool always) {
    const std::uint64_t seed = test::seed_of_run() + 1000;
    StoreProcess whole(seed);
    live(whole, always, seed);
    for (std::uint64_t step = 1; step <= whole.disk.steps(); step += 3) {
        for (std::uint64_t again = 1;; ++again) {
            INFO("TOKMESH_TEST_SEED=" << test::seed_of_run() << " step " << step << ", then step " << again << " of recovery");
            StoreProcess process(seed);
            process.disk.cut_power_at(step);
            live(process, always, seed);
            const std::uint64_t durable = process.durable;
            process.kill();
            process.disk.power_on(seed * 1000 + step);
            process.disk.cut_power_at(process.disk.steps() + again);
            const bool through = process.start() && !process.disk.power_is_cut();
            process.kill();
            process.disk.power_on(step * 100 + again);
            check_recovered(process, durable);
            if (through) break;
        }
    }
}

}  // namespace

TEST_CASE("Power cut: at every step with snapshots, appendfsync always", "[snapshot]") { cut_everywhere(true); }
TEST_CASE("Power cut: at every step with snapshots, appendfsync no", "[snapshot]") { cut_everywhere(false); }
TEST_CASE("Power cut: with snapshots, and again at every step of recovery", "[snapshot]") {
    cut_recovery_everywhere(true);
    cut_recovery_everywhere(false);
}
