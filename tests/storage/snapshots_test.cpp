// SPDX-License-Identifier: MIT
// The snapshot thread over a log with its threads, on the memory disk, with a clock that the test owns. It looks for what is due
// once a second of real time, so each trigger costs one.
#include "storage/snapshots.hpp"

#include <cerrno>
#include <filesystem>

#include <catch2/catch.hpp>

#include "storage/snapshot_load.hpp"
#include "storage/snapshot_upkeep.hpp"
#include "tests/support/snapshot_server.hpp"

using namespace storage;
using Catch::Matchers::Contains;
using Call = test::MemoryDisk::Call;
using test::digest_after_start;
using test::second_ns;
using test::SnapshotServer;

TEST_CASE("Snapshots: asked for, once at a time, and what the figures say of it", "[snapshots]") {
    test::MemoryDisk disk;
    std::uint64_t expected = 0;
    Lsn last{};
    {
        SnapshotServer server(disk);
        server.snapshots->start();
        REQUIRE(server.take_one());  // of nothing: no file
        CHECK(server.snapshots->figures().taken == 1);
        CHECK(server.files("snapshot-") == 0);
        for (int i = 0; i < 50; ++i) server.write("key" + std::to_string(i));
        CHECK(server.snapshots->figures().changes_since == 50);
        server.hold(true);
        CHECK(server.snapshots->ask().has_value());
        CHECK_FALSE(server.snapshots->ask().has_value());
        server.hold(false);
        REQUIRE(server.ended(2));
        REQUIRE(server.idle());
        const SnapshotFigures figures = server.snapshots->figures();
        CHECK((figures.taken == 2 && figures.failed == 0 && figures.last_ok && !figures.running));
        CHECK(figures.last_lsn == Lsn{50});
        CHECK((figures.last_records == 50 && figures.changes_since == 0 && figures.kept == 1));
        CHECK(figures.last_at == server.clock.wall_ms);
        CHECK(figures.kept_bytes == figures.last_bytes);
        CHECK(figures.last_bytes == disk.bytes("snapshot-00000000000000000050.tms").size());
        server.write("one more");
        CHECK(server.snapshots->figures().changes_since == 1);
        expected = server.store->digest(server.clock.wall_ms);
    }
    CHECK(digest_after_start(disk, last) == expected);
    CHECK(last == Lsn{50});
}

TEST_CASE("Snapshots: one that was asked for runs to whoever looks, also before its thread does", "[snapshots]") {
    test::MemoryDisk disk;
    SnapshotServer server(disk);
    server.write("key");
    CHECK_FALSE(server.snapshots->figures().running);
    REQUIRE(server.snapshots->ask() == std::uint64_t{1});  // and no thread is there yet
    CHECK(server.snapshots->figures().running);
    CHECK(server.snapshots->figures().running_ns == 0);
    server.snapshots->start();
    REQUIRE(server.ended(1));
    REQUIRE(server.idle());
    CHECK_FALSE(server.snapshots->figures().running);
}

TEST_CASE("Snapshots: who sees the end of one in the figures can ask for the next", "[snapshots]") {
    test::MemoryDisk disk;
    SnapshotServer server(disk);
    server.snapshots->start();  // of nothing: each takes no time, and all of it is the telling
    for (std::uint64_t taken = 1; taken <= 5'000; ++taken) {
        REQUIRE(server.snapshots->ask() == taken);
        const auto end = std::chrono::steady_clock::now() + test::limit;
        while (server.snapshots->figures().taken < taken && std::chrono::steady_clock::now() < end) std::this_thread::yield();
        REQUIRE(server.snapshots->figures().taken == taken);
    }
}

TEST_CASE("Snapshots: begin by time, and by what was logged", "[snapshots]") {
    test::MemoryDisk disk;
    SnapshotServer server(disk);
    const std::string by = GENERATE("time", "log since the last", "log in all");
    const bool by_time = by == "time";
    if (by_time) server.set.interval_ms = 60'000;
    if (by == "log since the last") server.set.wal_bytes = 20'000;
    if (by == "log in all") server.set.wal_total_bytes = 40'000;  // half of it
    server.write("first");
    server.snapshots->start();
    if (by_time) server.clock.monotonic += 60 * second_ns;
    if (!by_time) server.write("large", 20'000);
    REQUIRE(server.ended(1));
    REQUIRE(server.idle());
    CHECK(server.snapshots->figures().taken == 1);
    CHECK(server.snapshots->figures().last_lsn == server.log->journal().appended());
}

TEST_CASE("Snapshots: files of the log beyond their limit bring full ones, as long as that lets one go", "[snapshots]") {
    test::MemoryDisk disk;
    SnapshotServer server(disk);
    server.set.incremental = GENERATE(false, true);
    for (int i = 0; i < 200; ++i) server.write("key" + std::to_string(i), 2000);  // some 400 KB in segments of 64
    server.snapshots->start();
    REQUIRE(server.take_one());
    if (server.set.incremental) {
        server.write("more");
        REQUIRE(server.take_one());
        CHECK_FALSE(server.snapshots->figures().last_full);  // which lets nothing go
    }
    server.write("and more");
    REQUIRE(server.files("wal-") > 5);
    const std::uint64_t attempts = server.snapshots->attempts();
    CHECK(look_at_log_files(server.log->files())->one_would_go);
    server.set.wal_total_bytes = 300'000;  // half of it is far more than what was written since
    REQUIRE(server.ended(attempts + 1));
    server.snapshots->stop();  // what is removed after an attempt is removed by then
    CHECK(server.snapshots->figures().last_full);
    CHECK(server.files("wal-") <= 2);
    const auto files = look_at_log_files(server.log->files());
    CHECK((files->bytes < 300'000 && !files->one_would_go));
}

TEST_CASE("Snapshots: the log's figures are what its files take, also those that a start needs not read", "[snapshots]") {
    test::MemoryDisk disk;
    {
        SnapshotServer server(disk);
        server.snapshots->start();
        for (int snapshot = 0; snapshot < 2; ++snapshot) {  // the older one of the pair needs the log between them
            for (int i = 0; i < 200; ++i) server.write("key" + std::to_string(i), 2000);
            REQUIRE(server.take_one());
        }
    }
    SnapshotServer server(disk);
    const LogFigures before = server.log->figures();
    CHECK(before.segments == server.files("wal-"));
    CHECK(before.segment_bytes == look_at_log_files(server.log->files())->bytes);
    REQUIRE(before.segments > server.log->recovered().segments);
    server.write("more");
    server.snapshots->start();
    REQUIRE(server.take_one());
    server.end();
    const LogFigures after = server.log->figures();
    CHECK(after.segments == server.files("wal-"));
    CHECK(after.segments < before.segments);
    CHECK((after.segment_bytes > 0 && after.segment_bytes < before.segment_bytes / 2));
}

TEST_CASE("Snapshots: one that fails harms nothing, leaves no file and is tried again later", "[snapshots]") {
    test::MemoryDisk disk;
    SnapshotServer server(disk);
    for (int i = 0; i < 20; ++i) server.write("key" + std::to_string(i));
    server.snapshots->start();
    REQUIRE(server.take_one());
    const auto kept = disk.bytes("snapshot-00000000000000000020.tms");
    server.write("more");
    REQUIRE(server.prepared());
    for (const Call call : {Call::create, Call::rename}) {  // only snapshots call these meanwhile
        disk.fail({call, 0, ENOSPC});
        REQUIRE(server.take_one());
    }
    SnapshotFigures figures = server.snapshots->figures();
    CHECK((figures.failed == 2 && figures.taken == 1 && !figures.last_ok));
    CHECK_THAT(figures.last_error, Contains("No space"));
    CHECK(figures.last_lsn == Lsn{20});
    CHECK(server.files("snapshot-") == 1);
    CHECK(disk.bytes("snapshot-00000000000000000020.tms") == kept);
    // The second failure waits for two seconds of the clock, unless somebody asks.
    server.set.interval_ms = 1;
    server.clock.monotonic += 2 * second_ns;
    REQUIRE(server.ended(4));
    REQUIRE(server.idle());
    figures = server.snapshots->figures();
    CHECK((figures.taken == 2 && figures.last_ok && figures.last_lsn == Lsn{21}));
    const std::lock_guard lock(server.mutex);
    CHECK(server.notices.size() == 2);
}

TEST_CASE("Snapshots: a disk that gets full in the middle of one takes back the part, and nothing else", "[snapshots]") {
    test::MemoryDisk disk;
    std::uint64_t expected = 0;
    Lsn last{};
    {
        SnapshotServer server(disk);
        for (int i = 0; i < 200; ++i) server.write("key" + std::to_string(i), 4000);  // three blocks of a snapshot
        REQUIRE(server.prepared());
        std::uint64_t used = disk.bytes_of_all();
        const std::uint64_t free_bytes = 400 << 10;
        disk.set_capacity(used + free_bytes);
        server.snapshots->start();
        const std::uint64_t written = disk.calls(Call::pwrite);
        REQUIRE(server.take_one());
        CHECK(disk.calls(Call::pwrite) > written + 1);  // it had begun
        SnapshotFigures figures = server.snapshots->figures();
        CHECK((figures.failed == 1 && figures.taken == 0 && !figures.last_ok));
        CHECK_THAT(figures.last_error, Contains("cannot write the snapshot") && Contains("No space"));
        CHECK(server.files("snapshot-") == 0);
        used = disk.bytes_of_all();
        server.write("after", 4000);  // into room that was taken before
        CHECK_FALSE(server.log->preparing_failed());

        // Tried again by itself, later each time.
        server.set.interval_ms = 1;
        std::uint64_t rest = 1;
        for (std::uint64_t attempt = 2; attempt <= 4; ++attempt, rest *= 2) {
            server.clock.monotonic += rest * second_ns;
            REQUIRE(server.ended(attempt));
            REQUIRE(server.idle());
            server.write("after " + std::to_string(attempt), 100);
        }
        figures = server.snapshots->figures();
        CHECK((figures.failed == 4 && figures.taken == 0));
        CHECK(server.files("snapshot-") == 0);
        disk.set_capacity(std::nullopt);
        server.clock.monotonic += rest * second_ns;
        REQUIRE(server.ended(5));
        REQUIRE(server.idle());
        figures = server.snapshots->figures();
        CHECK((figures.failed == 4 && figures.taken == 1 && figures.last_ok));
        {
            const std::lock_guard lock(server.mutex);
            CHECK(server.notices.size() == 4);
            CHECK_THAT(server.notices.front(), Contains("No space"));
        }
        expected = server.store->digest(server.clock.wall_ms);
    }
    CHECK(digest_after_start(disk, last) == expected);
    CHECK(last == Lsn{204});
}

TEST_CASE("Snapshots: a stop gives up the one that runs, and one more can be taken then", "[snapshots]") {
    test::MemoryDisk disk;
    SnapshotServer server(disk);
    for (int i = 0; i < 20; ++i) server.write("key" + std::to_string(i));
    server.snapshots->start();
    server.hold(true);
    CHECK(server.snapshots->ask().has_value());
    while (!server.snapshots->running()) std::this_thread::yield();
    std::thread stopper([&] { server.snapshots->stop(); });
    server.hold(false);  // turns must still run
    stopper.join();
    CHECK(server.snapshots->figures().failed + server.snapshots->figures().taken <= 1);  // perhaps it was faster than the stop
    const std::size_t before = server.files("snapshot-");
    CHECK(before == server.snapshots->figures().taken);
    server.write("last");
    REQUIRE(server.snapshots->take_last_one());
    CHECK(server.snapshots->figures().last_lsn == Lsn{21});
    CHECK(server.files("snapshot-") == before + 1);
}

TEST_CASE("Snapshots: one in the background rests, one that is waited for does not", "[snapshots]") {
    test::MemoryDisk disk;
    SnapshotServer server(disk);
    server.write("first");
    server.snapshots->start();
    REQUIRE(server.take_one(Pace::awaited));
    CHECK(server.rested_ns == 0);
    server.write("second");
    REQUIRE(server.take_one(Pace::background));
    const std::uint64_t rested = server.rested_ns;
    CHECK(rested >= 2 * 200'000);  // a turn of up to 100 us, and twice that; a block that was written, the same
    server.snapshots->stop();
    server.write("third");
    REQUIRE(server.snapshots->take_last_one());
    CHECK(server.rested_ns == rested);
}

TEST_CASE("Snapshots: one in the background is of the lowest priority, one that is waited for is not", "[snapshots]") {
    test::MemoryDisk disk;
    SnapshotServer server(disk);
    server.snapshots->start();
    server.write("k");
    for (const auto& [pace, lowest] :
         {std::pair(Pace::awaited, false), std::pair(Pace::background, true), std::pair(Pace::awaited, false)}) {
        REQUIRE(server.take_one(pace));
        CHECK((server.niceness == 19) == lowest);
    }
}

TEST_CASE("Snapshots: one that others leave no processor begins again with a right to more, and counts once", "[snapshots]") {
    test::MemoryDisk disk;
    SnapshotServer server(disk);
    std::atomic<std::uint64_t> looks{0};
    server.processor_time = [&] { return ProcessorTime{0, looks++ == 0 ? 0 : 6 * second_ns}; };
    server.snapshots->start();
    server.write("k");
    SECTION("six seconds of waiting for next to none") {
        REQUIRE(server.take_one());
        CHECK(server.niceness == 5);
        CHECK(server.snapshots->figures().starved == 1);
        CHECK_THAT(server.notices.back(), Contains("begins again at a higher priority"));
    }
    SECTION("beside a second of running they are a busy machine") {
        server.processor_time = [&] { return looks++ == 0 ? ProcessorTime{} : ProcessorTime{second_ns, 6 * second_ns}; };
        REQUIRE(server.take_one());
        CHECK(server.niceness == 19);
        CHECK(server.snapshots->figures().starved == 0);
    }
    SECTION("who is waited for has the right already") {
        REQUIRE(server.take_one(Pace::awaited));
        CHECK(server.niceness == 5);
        CHECK(server.snapshots->figures().starved == 0);
    }
    const SnapshotFigures figures = server.snapshots->figures();
    CHECK((figures.taken == 1 && figures.failed == 0 && figures.last_ok && figures.kept == 1));
    CHECK(server.snapshots->attempts() == 1);
    CHECK(server.files("snapshot-") == 1);
}

TEST_CASE("The kernel says how long a thread ran, and that never goes back", "[snapshots]") {
    const ProcessorTime before = processor_time_of_this_thread();
    volatile std::uint64_t work = 0;
    ProcessorTime after = before;
    const bool says = std::filesystem::exists("/proc/thread-self/schedstat");
    CHECK((before.ran_ns > 0) == says);
    while (says && after.ran_ns == before.ran_ns) {
        work = work + 1;
        after = processor_time_of_this_thread();
    }
    CHECK(after.ran_ns >= before.ran_ns);
    CHECK(after.waited_ns >= before.waited_ns);
}

TEST_CASE("Snapshots: what the pair makes superfluous goes, and the figures count it", "[snapshots]") {
    test::MemoryDisk disk;
    std::uint64_t expected = 0;
    Lsn last{};
    {
        SnapshotServer server(disk);
        server.set.keep = 2;
        server.set.keep_days = 0;
        server.snapshots->start();
        for (int i = 0; i < 4; ++i) {
            for (int k = 0; k < 30; ++k) server.write("key" + std::to_string(k), 4000);
            REQUIRE(server.take_one());
        }
        server.snapshots->stop();  // what is removed after an attempt is removed by then
        const SnapshotFigures figures = server.snapshots->figures();
        CHECK((figures.kept == 2 && figures.snapshots_removed == 2 && figures.segments_removed > 0));
        CHECK(server.files("snapshot-") == 2);
        CHECK(server.files("doomed-") == 0);
        CHECK(server.log->figures().segments == server.files("wal-"));
        expected = server.store->digest(server.clock.wall_ms);
    }
    CHECK(digest_after_start(disk, last) == expected);
    CHECK(last == Lsn{120});
}
