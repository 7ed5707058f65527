// SPDX-License-Identifier: MIT
// A directory read by a tool: the same state as a start makes of it, and no file touched. And a directory that a tool makes.
#include "storage/directory_state.hpp"

#include <catch2/catch.hpp>

#include "storage/data_directory.hpp"
#include "tests/support/store_process.hpp"

using namespace storage;
using test::SeededRandom;
using test::StoreProcess;

namespace {

struct Read {
    explicit Read(StoreProcess& process) : before(process.disk.fingerprint()) {
        const auto fs = process.disk.mount();
        RecoveryOptions options;
        options.encryption = process.encryption;
        options.notice = [this](const std::string& line) { notices.push_back(line); };
        RecoveryProgress progress;
        state.emplace(read_state(*fs, options, store.store, progress));
        CHECK(process.disk.fingerprint() == before);
        digest = store.store.digest(process.clock.wall_ms);
    }
    std::uint64_t before;
    test::StoreFixture store{64, 5};
    std::vector<std::string> notices;
    std::optional<LogResult<DirectoryState>> state;
    std::uint64_t digest = 0;
};

// Snapshots of both kinds, cleaning up and restarts between the steps.
void live(StoreProcess& process, SeededRandom& dice, int steps) {
    for (int i = 0; i < steps; ++i) {
        process.random_step(dice);
        if (dice.below(60) == 0) REQUIRE(process.snapshot());
        if (dice.below(60) == 0) REQUIRE(process.incremental());
        if (dice.below(90) == 0) REQUIRE(process.clean_up());
        if (dice.below(90) == 0) {
            REQUIRE(process.stop());
            REQUIRE(process.start());
        }
    }
}

}  // namespace

TEST_CASE("Directory state: what a start makes of it, for any seed", "[directory_state]") {
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        INFO("seed " << seed);
        StoreProcess process(seed);
        if (seed % 2 == 0) process.encryption = test::sealed_with({"k1"});
        SeededRandom dice(seed);
        REQUIRE(process.start());
        live(process, dice, 300);
        REQUIRE(process.sync());
        const std::uint64_t expected = process.digest();
        const Lsn last = process.journal().appended();
        process.kill();
        const Read read(process);
        REQUIRE(read.state->has_value());
        CHECK(read.digest == expected);
        CHECK((*read.state)->last == last);
        CHECK_FALSE((*read.state)->empty);
        CHECK((*read.state)->now <= process.clock.wall_ms);
        CHECK(read.notices.empty());
    }
}

TEST_CASE("Directory state: what a crash left is left out and said, and stays where it is", "[directory_state]") {
    StoreProcess process(3);
    SeededRandom dice(3);
    REQUIRE(process.start());
    live(process, dice, 50);
    REQUIRE(process.sync());
    const std::uint64_t expected = process.digest();
    const auto ignore = [](std::optional<std::string_view>) {};
    process.run([&](Op& op) { return process.store().set_string(op, "torn", "value", {}, ignore); });
    REQUIRE(process.commit());
    process.kill();
    const std::string name = [&] {
        std::string last;
        for (const std::string& each : process.disk.names())
            if (each.starts_with("wal-")) last = each;
        return last;
    }();
    auto bytes = process.disk.bytes(name);
    auto end = bytes.rbegin();
    while (*end == std::byte{0}) ++end;
    *end ^= std::byte{1};
    process.disk.set_bytes(name, bytes);
    const Read read(process);
    REQUIRE(read.state->has_value());
    CHECK(read.digest == expected);
    REQUIRE(read.notices.size() == 1);
    CHECK_THAT(read.notices[0], Catch::Contains(name) && Catch::Contains("left by a crash"));
}

TEST_CASE("Directory state: a damaged newest snapshot is passed over as at a start", "[directory_state]") {
    StoreProcess process(4);
    SeededRandom dice(4);
    REQUIRE(process.start());
    for (int i = 0; i < 2; ++i) {
        for (int step = 0; step < 60; ++step) process.random_step(dice);
        REQUIRE(process.snapshot());
    }
    REQUIRE(process.sync());
    const std::uint64_t expected = process.digest();
    process.kill();
    const std::string newest = snapshot_name(process.last_snapshot->last);
    auto bytes = process.disk.bytes(newest);
    bytes[5000] ^= std::byte{1};
    process.disk.set_bytes(newest, bytes);
    const Read read(process);
    REQUIRE(read.state->has_value());
    CHECK(read.digest == expected);
    REQUIRE(read.notices.size() == 1);
    CHECK_THAT(read.notices[0], Catch::StartsWith(newest + " is damaged"));
    for (const std::string& name : process.disk.names())
        if (name.starts_with("wal-")) process.disk.remove(name);
    const Read without_log(process);
    REQUIRE(without_log.state->has_error());
    CHECK_THAT(without_log.state->error().text, Catch::Contains(newest) && Catch::Contains("nothing was changed"));
}

TEST_CASE("Directory state: nothing is an empty state", "[directory_state]") {
    StoreProcess process;
    const Read read(process);
    REQUIRE(read.state->has_value());
    CHECK((*read.state)->empty);
    CHECK(read.store.store.figures().sessions == 0);
}

TEST_CASE("Directory state: written by a tool, it is what a start finds, sealed or plain", "[directory_state]") {
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
        INFO("seed " << seed);
        StoreProcess process(seed), made(seed + 100);
        if (seed % 2 == 0) made.encryption = test::sealed_with({"k1"});
        SeededRandom dice(seed);
        REQUIRE(process.start());
        for (int i = 0; i < 300; ++i) process.random_step(dice);
        const Lsn last = process.journal().appended();
        {
            const auto fs = made.disk.mount();
            StateWriter writer(*fs, {"made", made.encryption, {}, last, process.clock.wall_ms, process.clock.wall_ms},
                               made.random);
            REQUIRE(writer.begin().has_value());
            each_record(process.store(), [&](const SnapshotEntry& entry) {
                REQUIRE(writer.add(entry).has_value());
                return true;
            });
            CHECK(made.disk.names() == std::vector<std::string>{snapshot_part_name});
            REQUIRE(writer.publish().value() == snapshot_name(last));
        }
        CHECK(made.disk.names() == std::vector<std::string>{snapshot_name(last)});
        made.clock.wall_ms = process.clock.wall_ms.load();
        REQUIRE(made.start());
        CHECK(made.report.last == last);
        CHECK(made.digest() == process.digest());
        for (int i = 0; i < 30; ++i) made.random_step(dice);  // and it goes on
        const std::uint64_t then = made.digest();
        REQUIRE(made.stop());
        REQUIRE(made.start());
        CHECK(made.digest() == then);
    }
}

TEST_CASE("Directory state: a start goes on from LSNs that leave room only", "[directory_state]") {
    for (const Lsn last : {Lsn{value(lsn_start_max) - 1000}, next(lsn_start_max), lsn_max}) {
        INFO("LSN " << value(last));
        StoreProcess process(1);
        const auto fs = process.disk.mount();
        StateWriter writer(*fs, {"made", {}, {}, last, test::start_ms, test::start_ms}, process.random);
        REQUIRE(writer.begin().has_value());
        REQUIRE(writer.add({last, 0, PutString{"key", 0, "value", 0}}).has_value());
        REQUIRE(writer.publish().has_value());
        const std::uint64_t before = process.disk.fingerprint();
        REQUIRE(process.start() == (last < lsn_start_max));
        if (last < lsn_start_max) {
            SeededRandom dice(1);
            for (int i = 0; i < 30; ++i) process.random_step(dice);
            const std::uint64_t then = process.digest();
            REQUIRE(process.stop());
            REQUIRE(process.start());
            CHECK(process.digest() == then);
        } else {
            CHECK_THAT(process.refusal, Catch::Contains("last LSN") && Catch::Contains("nothing was changed"));
            CHECK(process.disk.fingerprint() == before);
        }
    }
}

TEST_CASE("Directory state: what is not published leaves nothing", "[directory_state]") {
    test::MemoryDisk disk;
    test::SeededRandom random(1);
    const auto fs = disk.mount();
    {
        StateWriter writer(*fs, {"made", {}, {}, Lsn{7}, test::start_ms, test::start_ms}, random);
        REQUIRE(writer.begin().has_value());
        REQUIRE(writer.add({Lsn{7}, 0, PutString{"key", 0, "value", 0}}).has_value());
    }
    CHECK(disk.names().empty());
}

TEST_CASE("Directory state: over is what its time has ended", "[directory_state]") {
    PutSession session;
    session.created_at = session.last_active = 1000;
    CHECK_FALSE(is_over({Lsn{1}, 0, session}, INT64_MAX));
    session.expires_at = 5000;
    CHECK_FALSE(is_over({Lsn{1}, 0, session}, 4999));
    CHECK(is_over({Lsn{1}, 0, session}, 5000));
    session.idle_ms = 2000;
    CHECK_FALSE(is_over({Lsn{1}, 0, session}, 2999));
    CHECK(is_over({Lsn{1}, 0, session}, 3000));
    CHECK_FALSE(is_over({Lsn{1}, 0, PutString{"k", 0, "v", 0}}, INT64_MAX));
    CHECK(is_over({Lsn{1}, 0, PutString{"k", 0, "v", 9}}, 9));
    PutDead dead;
    dead.until = 100;
    CHECK_FALSE(is_over({Lsn{1}, 0, dead}, 99));
    CHECK(is_over({Lsn{1}, 0, dead}, 100));
}
