// SPDX-License-Identifier: MIT
// Each kind of damage: what is found, which LSNs the plan says are lost, and that the directory is, after it was carried out,
// sound, starts, and holds exactly the state at the LSN that the plan named.
#include <algorithm>
#include <functional>
#include <set>

#include <catch2/catch.hpp>

#include "storage/repair.hpp"
#include "tests/support/damaged_store.hpp"

using namespace storage;
using Catch::Matchers::Contains;
using test::DamagedStore;

TEST_CASE("Repair: nothing is wrong, nothing is to be done", "[repair]") {
    DamagedStore store;
    store.live_with_snapshots();
    REQUIRE(store.process.stop());
    const auto plan = store.plan();
    CHECK_FALSE(plan.needed);
    CHECK(plan.moved.empty());
    CHECK(store.health().sound());
    CHECK(value(store.health().outlook.last) == store.last());
}

TEST_CASE("Repair: what a crash left is no damage", "[repair]") {
    DamagedStore store;
    store.live_with_snapshots();
    store.process.kill();
    store.tear_last_frame();
    const Health health = store.health();
    CHECK(health.sound());
    REQUIRE(health.findings.size() == 1);
    CHECK_FALSE(health.findings[0].damage);
    CHECK_THAT(health.findings[0].text, Contains("what a crash left"));
    CHECK(health.outlook.verdict == Verdict::set_aside_and_start);
    CHECK_FALSE(store.plan().needed);
}

TEST_CASE("Repair: a frame of a segment in the middle", "[repair]") {
    for (const bool sealed : {false, true}) {
        DamagedStore store(3, sealed);
        store.live(4);
        REQUIRE(store.process.stop());
        const auto name = store.segments()[1];
        const auto frames = store.frames(name);
        const auto& frame = frames[frames.size() / 2];
        store.flip(name, frame.offset + wal::frame_header_bytes + 5);
        CHECK(store.health().survey.segments[1].bad_places == 1);  // what stands behind it is sound
        store.check({.last = value(frame.header.first_lsn) - 1,
                     .dropped_first = value(frame.header.first_lsn),
                     .dropped_last = store.last(),
                     .damage = name});
    }
}

TEST_CASE("Repair: a frame header of the first segment, of the last", "[repair]") {
    for (const bool of_last : {false, true}) {
        DamagedStore store;
        store.live(3);
        REQUIRE(store.process.stop());
        const auto names = store.segments();
        const auto name = of_last ? names.back() : names.front();
        const auto frame = store.frames(name)[1];
        store.flip(name, frame.offset + 9);
        store.check({.last = value(frame.header.first_lsn) - 1,
                     .dropped_first = value(frame.header.first_lsn),
                     .dropped_last = store.last(),
                     .damage = name});
    }
}

TEST_CASE("Repair: damage under a snapshot, in the segment that goes on above it, loses nothing", "[repair]") {
    for (const bool sealed : {false, true}) {
        DamagedStore store(5, sealed);
        store.live(2);
        REQUIRE(store.process.snapshot());
        const Lsn covered = store.process.last_snapshot->last;
        store.live(2);
        REQUIRE(store.process.stop());
        const auto name = store.segment_of(covered);
        const auto frame = store.frames(name)[0];
        REQUIRE(frame.header.last_lsn() < covered);
        store.flip(name, frame.offset + wal::frame_header_bytes);
        store.check({.last = store.last(), .damage = name, .writes_snapshot = true});
    }
}

TEST_CASE("Repair: an end frame that cannot be read loses nothing", "[repair]") {
    DamagedStore store;
    store.live(3);
    REQUIRE(store.process.stop());
    const auto name = store.segments()[1];
    store.flip(name, store.frames_end(name) + 20);
    store.check({.last = store.last(), .damage = name, .writes_snapshot = true});
}

TEST_CASE("Repair: a segment's file ends at a frame, although another one follows", "[repair]") {
    DamagedStore store;
    store.live(3);
    REQUIRE(store.process.stop());
    const auto name = store.segments()[1];
    store.cut(name, store.frames_end(name));
    store.check({.last = store.last(), .damage = "the end frame is missing", .writes_snapshot = true});
}

TEST_CASE("Repair: a missing segment", "[repair]") {
    DamagedStore store;
    store.live(4);
    REQUIRE(store.process.stop());
    const auto names = store.segments();
    const auto first = value(*parse_segment_name(names[2]));
    store.process.disk.remove(names[2]);
    store.check({.last = first - 1, .dropped_first = first, .dropped_last = store.last(), .damage = "are missing"});
}

TEST_CASE("Repair: the header of a segment", "[repair]") {
    for (const std::size_t at : {std::size_t{0}, std::size_t{16}, std::size_t{40}, std::size_t{2000}}) {
        DamagedStore store;
        store.live(3);
        REQUIRE(store.process.stop());
        const auto name = store.segments()[1];
        const auto first = value(*parse_segment_name(name));
        store.flip(name, at);
        store.check({.last = first - 1,
                     .dropped_first = first,
                     .dropped_last = store.last(),
                     .damage = name + " at byte 0: the header is damaged"});
    }
}

TEST_CASE("Repair: missing and damaged segments below a snapshot lose nothing and are moved away", "[repair]") {
    for (const bool missing : {true, false}) {
        DamagedStore store;
        store.live(4);
        REQUIRE(store.process.snapshot());
        store.live(2);
        REQUIRE(store.process.stop());
        const auto name = store.segments()[1];
        missing ? store.process.disk.remove(name) : store.flip(name, header_block_bytes + 70);
        REQUIRE(store.health().outlook.starts());
        store.check({.last = store.last(), .damage = missing ? "are missing" : name});
    }
}

TEST_CASE("Repair: a damaged snapshot that the older one and the log stand in for", "[repair]") {
    for (const bool sealed : {false, true}) {
        DamagedStore store(7, sealed);
        store.live_with_snapshots();
        REQUIRE(store.process.stop());
        const auto name = store.snapshots().back();
        store.flip(name, header_block_bytes + 200);
        store.check({.last = store.last(), .damage = name});
    }
}

TEST_CASE("Repair: both snapshots and a part of the log are gone: the state goes back", "[repair]") {
    DamagedStore store;
    store.live(2);
    REQUIRE(store.process.snapshot());
    const Lsn older = store.process.last_snapshot->last;
    store.live(2);
    REQUIRE(store.process.snapshot());
    const Lsn newer = store.process.last_snapshot->last;
    REQUIRE(store.process.stop());
    const std::uint64_t last = store.last();
    store.flip(snapshot_name(newer), header_block_bytes + 100);
    for (const auto& name : store.segments())
        if (*parse_segment_name(name) > older) store.process.disk.remove(name);
    const Health health = store.health();
    CHECK_FALSE(health.outlook.starts());
    const auto plan = store.plan();
    CHECK(plan.last >= older);
    CHECK(plan.last < newer);
    store.check({.last = value(plan.last),
                 .dropped_first = value(plan.last) + 1,
                 .dropped_last = std::min(value(newer), last),
                 .damage = snapshot_name(newer)});
}

TEST_CASE("Repair: a snapshot under the name of a later LSN, beyond the log's end", "[repair]") {
    DamagedStore store;
    store.live_with_snapshots();
    REQUIRE(store.process.stop());
    const std::uint64_t beyond = store.last() + 1000;
    store.process.disk.rename(store.snapshots().back(), snapshot_name(Lsn{beyond}));
    REQUIRE_FALSE(store.health().outlook.starts());
    store.check({.last = store.last(), .dropped_first = store.last() + 1, .dropped_last = beyond, .damage = "at LSN"});
}

TEST_CASE("Repair: a record that is sound and none of ours, in the middle of a frame", "[repair]") {
    DamagedStore store;
    store.live(2);
    const Lsn first = next(store.process.journal().appended());
    for (int i = 0; i < 5; ++i) store.set("key" + std::to_string(i));
    REQUIRE(store.process.sync());
    store.live_some();
    store.process.kill();
    const Lsn bad{value(first) + 2};
    store.spoil_record(bad);
    const Health health = store.health();
    CHECK(health.outlook.verdict == Verdict::refuse_undecodable);
    const auto dropped = store.plan().dropped;
    REQUIRE(dropped.size() == 2);
    CHECK(dropped[0].first == bad);
    CHECK(dropped[0].last == bad);
    CHECK(dropped[0].why == DroppedWhy::unknown);
    CHECK(dropped[1].why == DroppedWhy::no_state);
    store.check({.last = value(bad) - 1,
                 .dropped_first = value(bad),
                 .dropped_last = store.last(),
                 .damage = "LSN " + std::to_string(value(bad)) + " is sound, but no record",
                 .writes_snapshot = true});
}

TEST_CASE("Repair: two segments under each other's names", "[repair]") {
    DamagedStore store;
    store.live(4);
    REQUIRE(store.process.stop());
    const auto names = store.segments();
    const auto first = value(*parse_segment_name(names[1]));
    const auto one = store.process.disk.bytes(names[1]), two = store.process.disk.bytes(names[2]);
    store.process.disk.set_bytes(names[1], two);
    store.process.disk.set_bytes(names[2], one);
    store.check({.last = first - 1, .dropped_first = first, .dropped_last = store.last(), .damage = "by its header"});
}

TEST_CASE("Repair: the last segment has no header, and nothing says how far it went", "[repair]") {
    for (const int way : {0, 1, 2}) {
        DamagedStore store;
        store.live(3);
        REQUIRE(store.process.stop());
        const auto name = store.segments().back();
        const auto first = value(*parse_segment_name(name));
        const std::uint64_t epoch = wal::decode_header(store.process.disk.bytes(name)).header.value().epoch;
        if (way == 0) store.flip(name, 30);
        if (way == 1) store.cut(name, header_block_bytes - 1);
        if (way == 2) store.process.disk.set_bytes(name, store.process.disk.bytes(store.segments().front()));
        const auto plan = store.plan();
        REQUIRE(plan.dropped.size() == 1);
        CHECK(plan.dropped.front().open());
        CHECK(value(plan.dropped.front().first) == first);
        CHECK(value(plan.last) == first - 1);
        CHECK_FALSE(plan.saves_nothing());
        CHECK(plan.epoch > epoch + 1000);  // no header says what it was
        store.check_plan_comes_true();
    }
}

TEST_CASE("Repair: all above a snapshot is lost, and with it the epoch of a later start", "[repair]") {
    for (const bool header : {false, true}) {
        DamagedStore store;
        store.live(2);
        REQUIRE(store.process.snapshot());
        const Lsn held = store.process.last_snapshot->last;
        for (int starts = 0; starts < 3; ++starts) {
            REQUIRE(store.process.stop());
            REQUIRE(store.process.start());
        }
        store.live(2);
        REQUIRE(store.process.stop());
        const std::string name = store.segment_of(held);
        REQUIRE(value(*parse_segment_name(name)) == value(held) + 1);
        store.flip(name, header ? 30 : header_block_bytes + wal::frame_header_bytes + 5);
        store.check({.last = value(held),
                     .dropped_first = value(held) + 1,
                     .dropped_last = store.last(),
                     .damage = name,
                     .writes_snapshot = true});
        CHECK(store.snapshots().size() == 1);
    }
}

TEST_CASE("Repair: two segments in a row have no header, the last one has", "[repair]") {
    DamagedStore store;
    store.live(4);
    REQUIRE(store.process.stop());
    const auto names = store.segments();
    const auto first = value(*parse_segment_name(names[1]));
    store.flip(names[1], 30);
    store.flip(names[2], 30);
    store.check({.last = first - 1, .dropped_first = first, .dropped_last = store.last(), .damage = names[2]});
}

TEST_CASE("Repair: nothing can be saved", "[repair]") {
    DamagedStore store;
    store.live(0);
    REQUIRE(store.process.stop());
    REQUIRE(store.segments().size() == 1);
    store.flip(store.segments().front(), 30);
    const auto plan = store.plan();
    CHECK(plan.saves_nothing());
    REQUIRE(plan.dropped.size() == 1);
    CHECK((plan.dropped.front().open() && value(plan.dropped.front().first) == 1));
    CHECK_FALSE(plan.writes_snapshot);
    const std::string name = store.segments().front();
    const auto bytes = store.process.disk.bytes(name);
    store.apply(plan);
    CHECK(store.in_lost(name) == bytes);
    CHECK(store.segments().empty());
    CHECK(store.health().sound());
    CHECK(store.process.start());
}

TEST_CASE("Repair: files of two directories are nobody's to choose from", "[repair]") {
    DamagedStore store, other(12);
    store.live(3);
    other.live_with_snapshots();
    REQUIRE(store.process.stop());
    const std::string name = other.snapshots().back();
    store.process.disk.set_bytes(name, other.process.disk.bytes(name));
    const auto plan = store.plan();
    CHECK(plan.needed);
    CHECK_THAT(plan.impossible, Contains("two data directories") && Contains(name));
    CHECK(plan.moved.empty());
}

TEST_CASE("Repair: another directory's older snapshot is no reserve", "[repair]") {
    DamagedStore store, other(12);
    store.live_with_snapshots();
    other.live_some();
    REQUIRE(other.process.snapshot());
    REQUIRE(store.process.stop());
    const std::string name = other.snapshots().back();
    REQUIRE(name < store.snapshots().front());
    store.process.disk.set_bytes(name, other.process.disk.bytes(name));
    const Health health = store.health();
    CHECK(health.outlook.starts());
    CHECK_FALSE(health.sound());
    const auto said = [&](const Finding& finding) {
        return finding.damage && finding.text.starts_with(name + " belongs to another data directory");
    };
    CHECK(std::any_of(health.findings.begin(), health.findings.end(), said));
    CHECK_THAT(store.plan().impossible, Contains("two data directories") && Contains(name));
}

TEST_CASE("Repair: an incremental snapshot whose base is gone", "[repair]") {
    DamagedStore store;
    store.live(1);
    REQUIRE(store.process.snapshot());
    store.live(1);
    REQUIRE(store.process.incremental());
    store.live(1);
    REQUIRE(store.process.stop());
    const auto names = store.snapshots();
    store.process.disk.remove(names.front());
    store.check({.last = store.last(), .damage = "builds upon " + names.front() + ", which is missing"});
}

TEST_CASE("Repair: without its key a directory cannot be looked at", "[repair]") {
    DamagedStore store(9, true);
    store.live_with_snapshots();
    REQUIRE(store.process.stop());
    const auto fs = store.process.disk.mount();
    RecoveryProgress progress;
    for (const Encryption& keys : {Encryption{}, test::sealed_with({"k2"})}) {
        const auto health = check_health(*fs, keys, progress);
        REQUIRE_FALSE(health.has_value());
        CHECK_THAT(health.error().text, Contains("is sealed with key 'k1'"));
    }
    // What needs no key is seen: damage, too.
    store.flip(store.segments().back(), header_block_bytes + 60);
    store.flip(store.snapshots().back(), header_block_bytes + 100);
    const auto survey = survey_directory(*fs, {}, Depth::stored, progress);
    REQUIRE(survey.has_value());
    CHECK(survey->key_ids() == std::set<std::string>{"k1"});
    CHECK(survey->segments.back().bad_places == 1);
    CHECK(survey->segments.back().bad.front().offset == header_block_bytes);
    CHECK(survey->snapshots.back().damaged());
    CHECK_FALSE(survey->snapshots.front().damaged());
    CHECK(value(survey->last()) == store.last());
    for (const auto& name : store.segments()) store.process.disk.remove(name);
    store.process.disk.remove(store.snapshots().back());
    CHECK_FALSE(check_health(*fs, {}, progress).has_value());
}

// Any one fault anywhere: whatever the plan says comes true, and what it does not say is not lost.
TEST_CASE("Repair: random damage", "[repair]") {
    const std::uint64_t seed = test::seed_of_run();
    INFO("TOKMESH_TEST_SEED=" << seed);
    for (const bool sealed : {false, true}) {
        DamagedStore store(seed, sealed);
        store.live_with_snapshots();
        REQUIRE(store.process.stop());
        const auto image = test::image_of(store.process.disk);
        test::SeededRandom dice(seed);
        for (int round = 0; round < 150; ++round) {
            test::put_back(store.process.disk, image);
            const std::string what = store.damage_at_random(dice);
            INFO("round " << round << (sealed ? ", sealed: " : ", plain: ") << what);
            store.check_plan_comes_true();
        }
    }
}
