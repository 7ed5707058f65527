// SPDX-License-Identifier: MIT
// Snapshots as a client asks for them and sees them: SAVE, BGSAVE, BGREWRITEAOF, LASTSAVE, SHUTDOWN, INFO, the settings; kill -9
// after them, a copy of one as a backup, and one that fails.
#include "tests/support/integration.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <thread>

namespace integration {

namespace {

namespace fs = std::filesystem;

void fill(Redis& redis, int from, int to, std::size_t bytes = 10) {
    for (int i = from; i < to; ++i) {
        redis.append("SET", "k" + std::to_string(i), std::to_string(i) + std::string(bytes, '.'));
    }
    for (int i = from; i < to; ++i) {
        REQUIRE(redis.next().is_ok());
    }
}

}  // namespace

TEST_CASE("BGSAVE, kill -9, restart: the state is that of the snapshot and the log above it", "[snapshot]") {
    ServerProcess server({"--io-threads", "2"});
    std::string token, gone;
    {
        Redis redis = server.redis();
        const std::int64_t before = redis("LASTSAVE").integer;
        CHECK(std::abs(before - now_ms() / 1000) <= 60);
        fill(redis, 0, 3'000);
        token = create(redis, "alice").at("token").text;
        gone = create(redis, "bob").at("token").text;
        CHECK(persistence_figure(redis, "rdb_changes_since_last_save") == 3'002);
        REQUIRE(redis.show("BGSAVE") == "+Background saving started");
        REQUIRE(eventually([&] { return persistence_figure(redis, "rdb_saves") == 1; }, snapshot_limit));
        CHECK(persistence_figure(redis, "rdb_changes_since_last_save") == 0);
        CHECK(redis("LASTSAVE").integer >= before);
        CHECK(support::info_field(redis, "persistence", "rdb_last_bgsave_status") == "ok");
        CHECK(persistence_figure(redis, "rdb_last_bgsave_time_sec") >= 0);
        CHECK(persistence_figure(redis, "snapshot_last_records") == 3'002);
        CHECK(persistence_figure(redis, "snapshot_last_lsn") == 3'002);
        CHECK(persistence_figure(redis, "snapshot_age_seconds") >= 0);
        REQUIRE(redis("SESS.DELUSER", "bob").integer == 1);
        fill(redis, 3'000, 3'500);
        CHECK(persistence_figure(redis, "rdb_changes_since_last_save") == 501);
        CHECK(persistence_figure(redis, "snapshot_log_bytes_since") > 500 * 10);
    }
    REQUIRE(snapshot_files(server.dir()).size() == 1);
    struct stat found {};
    REQUIRE(::stat(snapshot_files(server.dir())[0].c_str(), &found) == 0);
    CHECK((found.st_mode & 0777) == 0600);
    server.restart_hard();
    Redis redis = server.redis();
    CHECK_THAT(server.stdout_text(), Contains("3002 records of snapshot-00000000000000003002.tms loaded"));
    CHECK(redis("DBSIZE").integer == 3'501);
    CHECK(redis("GET", "k3499").text == "3499..........");
    CHECK(redis("SESS.VALIDATE", token).at("user_id").text == "alice");
    CHECK(redis("SESS.VALIDATE", gone).is_error("TM-TOKN-4012"));
    CHECK(support::info_field(redis, "wal", "recovered_snapshot_lsn") == "3002");
    CHECK(persistence_figure(redis, "snapshot_last_lsn") == 3'002);
    CHECK(persistence_figure(redis, "rdb_changes_since_last_save") == 501);
    CHECK(redis("LASTSAVE").integer == persistence_figure(redis, "rdb_last_save_time"));
}

TEST_CASE("SAVE under load: it answers when the snapshot is there, and nobody else waits for it", "[snapshot]") {
    ServerProcess server({"--io-threads", "2"});
    Redis redis = server.redis();
    fill(redis, 0, 20'000);
    std::atomic<bool> done = false;
    std::atomic<int> written = 0;
    std::thread writer([&] {
        Redis own = server.redis();
        for (int i = 0; !done; ++i) {
            written += own("SET", "w" + std::to_string(i % 1'000), i).is_ok() ? 1 : 0;
        }
    });
    for (int round = 1; round <= 5; ++round) {
        const int before = written;
        REQUIRE(eventually([&] { return written > before; }));
        const std::int64_t at_least = std::stoll(support::info_field(redis, "wal", "wal_appended_lsn"));
        CHECK(redis.show("SAVE") == "+OK");
        CHECK(persistence_figure(redis, "snapshot_last_lsn") >= at_least);
        CHECK(persistence_figure(redis, "rdb_saves") == round);
    }
    // A connection that waits for its SAVE is one; the others of its thread go on.
    std::vector<RespClient> clients;
    for (int i = 0; i < 4; ++i) {
        clients.push_back(server.client());
    }
    clients[0].send(support::request({"SAVE"}) + support::request({"PING"}));
    for (int i = 0; i < 100; ++i) {
        REQUIRE(clients[1 + static_cast<std::size_t>(i) % 3].show("PING") == "+PONG");
    }
    CHECK(clients[0].read().is_ok());
    CHECK(clients[0].read().shown() == "+PONG");  // in order
    done = true;
    writer.join();
    CHECK(redis("SAVE").is_ok());
    const std::int64_t size = redis("DBSIZE").integer;
    server.restart_hard();
    CHECK(server.redis()("DBSIZE").integer == size);
}

TEST_CASE("SAVE is answered when the snapshot has ended, not at the next tick", "[snapshot]") {
    ServerProcess server({"--hz", "1"});
    Redis redis = server.redis();
    fill(redis, 0, 10);
    auto fastest = 1'000'000us;
    for (int i = 0; i < 6; ++i) {  // but for the first, each begins just after a tick if ticks are what wakes it
        const auto begun = std::chrono::steady_clock::now();
        REQUIRE(redis("SAVE").is_ok());
        if (i > 0) {
            fastest = std::min(fastest,
                               std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begun));
        }
    }
    CHECK(fastest < 500ms);
}

TEST_CASE("a second snapshot is refused while one runs, in Redis's words", "[snapshot]") {
    ServerProcess server({"--io-threads", "1"});  // busy with the pipeline, it copies nothing meanwhile
    Redis redis = server.redis();
    fill(redis, 0, 100);
    RespClient client = server.client();
    client.send(support::request({"BGSAVE"}) + support::request({"BGSAVE"}) + support::request({"SAVE"}) +
                support::request({"BGREWRITEAOF"}));
    CHECK(client.read().shown() == "+Background saving started");
    CHECK(client.read().shown() == "-ERR Background save already in progress");
    CHECK(client.read().shown() == "-ERR Background save already in progress");
    CHECK(client.read().shown() == "+Background append only file rewriting scheduled");
    REQUIRE(eventually([&] { return persistence_figure(redis, "aof_rewrites") == 1; }, snapshot_limit));
    CHECK(persistence_figure(redis, "rdb_saves") == 2);
    CHECK(redis("CONFIG", "GET", "save").items.size() == 2);
}

TEST_CASE("BGREWRITEAOF makes the log shorter, once two snapshots have it", "[snapshot]") {
    ServerProcess server({"--wal-segment-size", "1mb", "--snapshot-keep", "2", "--snapshot-keep-days", "0"});
    Redis redis = server.redis();
    for (int round = 1; round <= 3; ++round) {
        fill(redis, 0, 4'000, 1'000);  // 4 MB, the same keys again
        REQUIRE(redis.show("BGREWRITEAOF") == "+Background append only file rewriting started");
        REQUIRE(eventually([&] { return persistence_figure(redis, "aof_rewrites") == round; }, snapshot_limit));
    }
    REQUIRE(eventually([&] { return persistence_figure(redis, "wal_segments_removed") >= 6; }));
    REQUIRE(eventually([&] { return persistence_figure(redis, "snapshots_removed") == 1; }));
    CHECK(snapshot_files(server.dir()).size() == 2);
    CHECK(files_named(server.dir(), "wal-").size() <= 8);
    REQUIRE(eventually([&] { return files_named(server.dir(), "doomed-").empty(); }));
    server.restart_hard();
    Redis again = server.redis();
    CHECK(again("DBSIZE").integer == 4'000);
    CHECK(again("GET", "k3999").text.starts_with("3999."));
}

TEST_CASE("SHUTDOWN SAVE, NOSAVE and snapshot-on-shutdown: the last snapshot alone is the whole state", "[snapshot]") {
    const std::string how = GENERATE("SAVE", "as set", "SIGTERM", "NOSAVE", "not set");
    const bool set = how == "as set" || how == "SIGTERM" || how == "NOSAVE";
    const bool expected = how != "NOSAVE" && how != "not set";
    CAPTURE(how);
    ServerProcess server({"--snapshot-on-shutdown", set ? "yes" : "no"});
    {
        Redis redis = server.redis();
        fill(redis, 0, 500);
        create(redis, "alice");
    }
    if (how == "SIGTERM") {
        CHECK(server.stop() == 0);
    } else {
        RespClient client = server.client();
        client.send(how == "SAVE" || how == "NOSAVE" ? support::request({"SHUTDOWN", how}) : support::request({"SHUTDOWN"}));
        CHECK(server.wait_exit() == 0);
    }
    REQUIRE(snapshot_files(server.dir()).size() == (expected ? 1 : 0));
    CHECK(files_named(server.dir(), "snapshot-part").empty());
    server.start();
    CHECK(server.redis()("DBSIZE").integer == 501);
    if (!expected) {
        return;
    }
    support::ScratchDir elsewhere;  // a backup, put back
    fs::copy(snapshot_files(server.dir())[0], elsewhere / snapshot_files(server.dir())[0].filename().string());
    ServerOptions options;
    options.data_dir = elsewhere.path();
    ServerProcess restored(options);
    Redis redis = restored.redis();
    CHECK(redis("DBSIZE").integer == 501);
    CHECK(redis("SESS.COUNTUSER", "alice").integer == 1);
}

TEST_CASE("snapshots come by the log's size and by time", "[snapshot]") {
    ServerProcess server({"--snapshot-interval", "0", "--snapshot-wal-bytes", "1mb", "--snapshot-compression", "zstd"});
    Redis redis = server.redis();
    fill(redis, 0, 3'000, 1'000);
    REQUIRE(eventually([&] { return persistence_figure(redis, "snapshots_taken") >= 1; }));
    CHECK(persistence_figure(redis, "snapshot_last_bytes") < 1'000'000);  // dots, compressed
    REQUIRE(redis("CONFIG", "SET", "snapshot-wal-bytes", "0").is_ok());
    REQUIRE(eventually([&] { return persistence_figure(redis, "rdb_bgsave_in_progress") == 0; }));
    fill(redis, 0, 10);
    const std::int64_t taken = persistence_figure(redis, "snapshots_taken");
    REQUIRE(redis("CONFIG", "SET", "snapshot-interval", "100ms").is_ok());
    REQUIRE(eventually([&] { return persistence_figure(redis, "snapshots_taken") == taken + 1; }));
    REQUIRE(redis("SAVE").is_ok());  // asked for, so taken
    CHECK(persistence_figure(redis, "snapshots_taken") == taken + 2);
    CHECK(persistence_figure(redis, "snapshot_log_bytes_since") < 4'096);
}

TEST_CASE("a snapshot that fails harms nothing: it says why, is counted, and the next one works", "[snapshot]") {
    ServerProcess server({"--snapshot-interval", "0"});
    Redis redis = server.redis();
    fill(redis, 0, 100);
    fs::create_directory(server.dir() / "snapshot-part");  // where the next one would be written
    fs::create_directory(server.dir() / "snapshot-part" / "in the way");
    const Reply failed = redis("SAVE");
    CHECK(failed.is_error("ERR"));
    CHECK_THAT(failed.text, StartsWith("ERR TM-SYS-5002 the snapshot failed: cannot begin a snapshot: "));
    CHECK(support::info_field(redis, "persistence", "rdb_last_bgsave_status") == "err");
    CHECK(persistence_figure(redis, "snapshots_failed") == 1);
    CHECK_THAT(support::info_field(redis, "persistence", "snapshot_last_error"), StartsWith("cannot begin a snapshot: "));
    CHECK_THAT(server.stdout_text(), Contains("Snapshot failed: cannot begin a snapshot: "));
    CHECK(redis("SET", "k", "v").is_ok());
    CHECK(snapshot_files(server.dir()).empty());
    fs::remove_all(server.dir() / "snapshot-part");
    CHECK(redis("SAVE").is_ok());
    CHECK(support::info_field(redis, "persistence", "rdb_last_bgsave_status") == "ok");
    CHECK(snapshot_files(server.dir()).size() == 1);
}

TEST_CASE("a stop gives up the snapshot that runs, answers who waits, and leaves no part of one", "[snapshot]") {
    ServerProcess server({"--io-threads", "2"});
    Redis redis = server.redis();
    fill(redis, 0, 20'000);
    REQUIRE(redis("BGSAVE").text == "Background saving started");
    CHECK(server.stop() == 0);
    server.start();
    CHECK(server.redis()("DBSIZE").integer == 20'000);
    CHECK(files_named(server.dir(), "snapshot-part").empty());
    RespClient client = server.client();
    client.send(support::request({"SAVE"}));
    REQUIRE(eventually([&] {
        Redis look = server.redis();
        return persistence_figure(look, "rdb_saves") == 1 || support::info_field(look, "clients", "blocked_clients") == "1";
    }));
    server.signal(SIGTERM);
    CHECK(client.read().is_ok());
    CHECK(server.wait_exit() == 0);
}

}  // namespace integration
