// SPDX-License-Identifier: MIT
// The power goes at every step of a repair: what is there then starts with the planned state, or is repaired to it.
#include <catch2/catch.hpp>

#include "storage/repair.hpp"
#include "tests/support/damaged_store.hpp"

using namespace storage;
using test::DamagedStore;

namespace {

// At each step of carrying out the plan, once.
void cut_power_at_every_step(DamagedStore& store, const RepairPlan& plan, std::uint64_t seed) {
    const auto image = test::image_of(store.process.disk);
    for (std::uint64_t step = 1;; ++step) {
        INFO("step " << step);
        test::put_back(store.process.disk, image);
        store.process.disk.cut_power_at(store.process.disk.steps() + step);
        const bool through = store.try_apply(plan);
        if (through) store.process.disk.cut_power_at(0);
        store.process.disk.power_on(seed * 100 + step);
        store.check_same_state_again(plan.last);
        if (through) break;
    }
}

}  // namespace

TEST_CASE("Repair: the power goes at every step", "[repair]") {
    const std::uint64_t seed = test::seed_of_run();
    INFO("TOKMESH_TEST_SEED=" << seed);
    for (const bool under_snapshot : {false, true}) {
        DamagedStore store(seed);
        store.live(3);
        REQUIRE(store.process.snapshot());
        store.live(2);
        REQUIRE(store.process.snapshot());
        store.live(2);
        REQUIRE(store.process.stop());
        const auto covered = *parse_snapshot_name(store.snapshots().front());
        const auto name = under_snapshot ? store.segment_of(covered) : store.segments()[store.segments().size() - 2];
        store.flip(name, header_block_bytes + 60);
        store.flip(store.snapshots().back(), header_block_bytes + 100);
        const auto plan = store.plan();
        REQUIRE(plan.writes_snapshot);
        cut_power_at_every_step(store, plan, seed);
    }
}

// With that snapshot's name gone a start would take the bad mark for what a crash left, and serve what was before it.
TEST_CASE("Repair: the power goes at every step, and a damaged snapshot is all that makes a start refuse", "[repair]") {
    for (const std::uint64_t round : {1U, 2U, 3U, 4U}) {
        DamagedStore store(round);
        const auto set = [&](int from, int until) {
            for (int i = from; i < until; ++i) store.set("key" + std::to_string(i));
        };
        for (const int from : {0, 10}) {
            set(from, from + 10);
            REQUIRE(store.process.sync());
        }
        const auto name = store.segments().back();
        const auto mark = static_cast<std::ptrdiff_t>(store.frames_end(name));
        set(20, 30);
        REQUIRE(store.process.snapshot());
        set(30, 30 + 5 * static_cast<int>(round % 2));  // the log ends there, or goes on
        REQUIRE(store.process.commit());
        store.process.kill();
        auto bytes = store.process.disk.bytes(name);
        bytes.insert(bytes.begin() + mark, wal::mark_frame_bytes(false), std::byte{'x'});
        store.process.disk.set_bytes(name, bytes);
        const auto snapshot = store.snapshots().back();
        store.flip(snapshot, header_block_bytes + 100);
        const auto plan = store.plan();
        CHECK(value(plan.last) == store.last());
        REQUIRE(plan.writes_snapshot);
        const auto damaged = store.process.disk.bytes(snapshot);
        cut_power_at_every_step(store, plan, round);
        CHECK(store.in_lost(snapshot) == damaged);
    }
}
