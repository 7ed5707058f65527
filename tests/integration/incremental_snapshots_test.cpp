// SPDX-License-Identifier: MIT
// Incremental and sealed snapshots as a client asks for them: chains by BGSAVE, what a restart makes of them, with the log above
// and by themselves; and the snapshot settings while the server runs.
#include "tests/support/integration.hpp"

#include <algorithm>
#include <fstream>

namespace integration {

namespace {

namespace fs = std::filesystem;

void save_once(Redis& redis) {
    const std::int64_t taken = persistence_figure(redis, "snapshots_taken");
    REQUIRE(redis("BGSAVE").text == "Background saving started");
    REQUIRE(eventually([&] { return persistence_figure(redis, "snapshots_taken") == taken + 1; }, snapshot_limit));
    REQUIRE(persistence_figure(redis, "snapshots_failed") == 0);
}

// What the rounds below leave: who is in, who is out, what plain keys say.
struct Expected {
    std::vector<std::string> in, out;
    std::string last_value;
    std::int64_t size = 0;
};

// A session more, one revoked, one key changed, one key new, each round; a snapshot after all of them.
Expected rounds(Redis& redis, int count) {
    Expected expected;
    for (int i = 0; i < 200; ++i) {
        REQUIRE(redis("SET", "old" + std::to_string(i), "value").is_ok());
    }
    for (int round = 0; round < count; ++round) {
        const std::string number = std::to_string(round);
        expected.in.push_back(create(redis, "in" + number).at("token").text);
        expected.out.push_back(create(redis, "out" + number).at("token").text);
        if (round > 0) {
            REQUIRE(redis("SESS.DELUSER", "out" + std::to_string(round - 1)).integer == 1);
        }
        expected.last_value = "changed in " + number;
        REQUIRE(redis("SET", "old7", expected.last_value).is_ok());
        REQUIRE(redis("DEL", "old" + std::to_string(100 + round)).integer == 1);
        save_once(redis);
    }
    expected.in.push_back(expected.out.back());  // nobody revoked the last one
    expected.out.pop_back();
    expected.size = redis("DBSIZE").integer;
    return expected;
}

void check(Redis& redis, const Expected& expected) {
    CHECK(redis("DBSIZE").integer == expected.size);
    CHECK(redis("GET", "old7").text == expected.last_value);
    for (const std::string& token : expected.in) {
        CHECK(redis("SESS.GETBYTOKEN", token).has("user_id"));
    }
    for (const std::string& token : expected.out) {
        CHECK(redis("SESS.GETBYTOKEN", token).is_null());
        CHECK(redis("SESS.VALIDATE", token).is_error("TM-TOKN-4012"));  // not merely unknown
    }
    CHECK(redis("EXISTS", "old100", "old101").integer == 0);
}

fs::path key_file(const support::ScratchDir& place, const std::string& text) {
    fs::path path = place / "keys";
    std::ofstream(path) << text;
    fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
    return path;
}

}  // namespace

TEST_CASE("incremental snapshots: a chain, its end, a restart, and the chain alone in another directory", "[snapshot]") {
    const bool sealed = GENERATE(false, true);
    CAPTURE(sealed);
    support::ScratchDir keys;
    std::vector<std::string> args{"--snapshot-incremental", "yes", "--snapshot-chain", "4", "--snapshot-keep", "10"};
    if (sealed) {
        args.insert(args.end(), {"--encryption-key-file", key_file(keys, "k1 " + std::string(64, '5') + "\n").string()});
    }
    ServerProcess server(args);
    Expected expected;
    {
        Redis redis = server.redis();
        expected = rounds(redis, 6);  // full, three upon it, full, one upon that
        CHECK(persistence_figure(redis, "snapshot_chain_files") == 2);
        CHECK(persistence_figure(redis, "snapshot_last_full") == 0);
        CHECK(persistence_figure(redis, "snapshot_last_records") < 20);  // of more than 200
        CHECK(support::find_in_files(server.dir(), "changed in").has_value() != sealed);
    }
    const auto files = snapshot_files(server.dir());
    REQUIRE(files.size() >= 2);
    CHECK(fs::file_size(files.back()) < fs::file_size(files[files.size() - 2]));

    server.restart_hard();
    {
        Redis redis = server.redis();
        check(redis, expected);
        CHECK(persistence_figure(redis, "snapshot_chain_files") == 2);
        CHECK(persistence_figure(redis, "snapshot_last_full") == 0);
        REQUIRE(redis("SET", "after", "the restart").is_ok());  // the chain goes on
        save_once(redis);
        CHECK(persistence_figure(redis, "snapshot_chain_files") == 3);
        CHECK(persistence_figure(redis, "snapshot_last_full") == 0);
        expected.size += 1;
    }
    server.kill_hard();

    support::ScratchDir elsewhere;  // the files alone are the whole state
    for (const fs::path& file : snapshot_files(server.dir())) {
        fs::copy(file, elsewhere / file.filename().string());
    }
    ServerOptions options;
    options.args = args;
    options.data_dir = elsewhere.path();
    ServerProcess restored(options);
    Redis redis = restored.redis();
    check(redis, expected);
    CHECK(redis("GET", "after").text == "the restart");
}

TEST_CASE("an incremental snapshot without its base is refused, and nothing is touched", "[snapshot]") {
    ServerProcess server({"--snapshot-incremental", "yes"});
    {
        Redis redis = server.redis();
        rounds(redis, 2);
    }
    server.kill_hard();
    const auto files = snapshot_files(server.dir());
    REQUIRE(files.size() == 2);
    support::ScratchDir elsewhere;
    fs::copy(files[1], elsewhere / files[1].filename().string());
    ServerOptions options;
    options.data_dir = elsewhere.path();
    options.start = false;
    ServerProcess restored(options);
    restored.launch();
    CHECK(restored.wait_exit() == 1);
    CHECK_THAT(restored.stderr_text(), Contains(files[1].filename().string()));
    CHECK_THAT(restored.stderr_text(), Contains(files[0].filename().string()));
    CHECK(snapshot_files(elsewhere.path()).size() == 1);
}

TEST_CASE("the snapshot settings are shown, changed while it runs, and refused with what is allowed", "[snapshot]") {
    ServerProcess server;
    Redis redis = server.redis();
    struct Setting {
        const char *name, *initial, *changed, *bad;
    };
    const Setting settings[] = {
        {"snapshot-interval", "3600", "90s", "soon"},    {"snapshot-wal-bytes", "1073741824", "2mb", "-1"},
        {"wal-total-bytes", "0", "1gb", "much"},         {"snapshot-keep", "5", "3", "1"},
        {"snapshot-keep-days", "7", "0", "4000"},        {"snapshot-keep-bytes", "0", "1gb", "x"},
        {"snapshot-compression", "none", "zstd", "lz4"}, {"snapshot-compression-level", "1", "3", "20"},
        {"snapshot-incremental", "no", "yes", "maybe"},  {"snapshot-chain", "8", "2", "65"},
        {"snapshot-on-shutdown", "no", "yes", "2"},
    };
    const auto now = [&](const char* name) { return redis("CONFIG", "GET", name).at(name).text; };
    for (const Setting& each : settings) {
        CAPTURE(each.name);
        const std::string before = now(each.name);
        const Reply refused = redis("CONFIG", "SET", each.name, each.bad);
        CHECK(refused.is_error("ERR CONFIG SET failed"));
        CHECK_THAT(refused.text, Contains(each.name));
        CHECK(now(each.name) == before);
        REQUIRE(redis("CONFIG", "SET", each.name, each.changed).is_ok());
        CHECK(now(each.name) != before);
        CHECK(before == each.initial);
    }
}

TEST_CASE("a change of the snapshot settings counts from the next snapshot on", "[snapshot]") {
    ServerProcess server;
    Redis redis = server.redis();
    for (int i = 0; i < 500; ++i) {
        REQUIRE(redis("SET", "k" + std::to_string(i), std::string(200, 'x')).is_ok());
    }
    save_once(redis);
    const std::int64_t plain = persistence_figure(redis, "snapshot_last_bytes");
    REQUIRE(redis("CONFIG", "SET", "snapshot-compression", "zstd").is_ok());
    save_once(redis);
    CHECK(persistence_figure(redis, "snapshot_last_bytes") < plain / 2);
    CHECK(persistence_figure(redis, "snapshot_last_full") == 1);
    REQUIRE(redis("CONFIG", "SET", "snapshot-incremental", "yes").is_ok());
    REQUIRE(redis("SET", "k1", "changed").is_ok());
    save_once(redis);
    CHECK(persistence_figure(redis, "snapshot_last_full") == 0);
    CHECK(persistence_figure(redis, "snapshot_last_records") == 1);
    REQUIRE(redis("CONFIG", "SET", "snapshot-chain", "2").is_ok());
    save_once(redis);
    CHECK(persistence_figure(redis, "snapshot_last_full") == 1);
    REQUIRE(redis("CONFIG", "SET", "snapshot-keep", "2", "snapshot-keep-days", "0", "snapshot-incremental", "no").is_ok());
    for (int i = 0; i < 3; ++i) {
        REQUIRE(redis("SET", "k2", i).is_ok());
        save_once(redis);
    }
    REQUIRE(eventually([&] { return snapshot_files(server.dir()).size() == 2; }, snapshot_limit));
    REQUIRE(redis("CONFIG", "SET", "snapshot-on-shutdown", "yes").is_ok());
    REQUIRE(redis("SET", "k3", "the last").is_ok());
    const auto before = snapshot_files(server.dir());
    CHECK(server.stop() == 0);
    CHECK(snapshot_files(server.dir()).back() != before.back());
}

}  // namespace integration
