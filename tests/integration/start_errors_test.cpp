// SPDX-License-Identifier: MIT
// A refusal to start is exit 1 and one line on stderr that names the reason, with no file made, changed or removed.
#include "tests/support/integration.hpp"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <functional>

namespace integration {

namespace {

struct Refusal {
    int exit_code;
    std::string line;
};

std::string listing(const std::filesystem::path& directory) {
    std::string all;
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
        std::string what = "/";
        if (entry.is_regular_file()) {
            const std::string bytes = support::read_file(entry.path());
            what = ": " + std::to_string(bytes.size()) + " bytes, hash " + std::to_string(std::hash<std::string>{}(bytes));
        }
        names.push_back(entry.path().string() + what);
    }
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) {
        all += name + "\n";
    }
    return all;
}

Refusal refusal_of(ServerProcess& server) {
    const std::string before = listing(server.dir());
    server.launch();
    const int code = server.wait_exit();
    CHECK(listing(server.dir()) == before);
    const std::string text = server.stderr_text();
    INFO("stderr: " << text);
    CHECK(std::count(text.begin(), text.end(), '\n') == 1);
    return {code, text};
}

ServerOptions not_started(std::vector<std::string> args) {
    ServerOptions options;
    options.args = std::move(args);
    options.start = false;
    return options;
}

}  // namespace

TEST_CASE("a taken port", "[start]") {
    ServerProcess first;
    ServerProcess second(not_started({}));
    second.set_port(first.port());
    const Refusal refusal = refusal_of(second);
    CHECK(refusal.exit_code == 1);
    CHECK_THAT(refusal.line, Contains(std::to_string(first.port())) && Contains("in use", Catch::CaseSensitive::No));
    Redis redis = first.redis();
    CHECK(redis.show("PING") == "+PONG");
}

TEST_CASE("a data directory in use by another process", "[start]") {
    ServerProcess first;
    {
        Redis redis = first.redis();
        create(redis, "alice");
    }
    ServerOptions options = not_started({});
    options.data_dir = first.dir();
    ServerProcess second(options);
    second.launch();
    CHECK(second.wait_exit() == 1);
    const std::string line = second.stderr_text();
    CHECK(std::count(line.begin(), line.end(), '\n') == 1);
    CHECK_THAT(line, Contains("in use") && Contains(first.dir().string()));
    Redis redis = first.redis();
    CHECK(redis.show("SESS.COUNTUSER", "alice") == "(integer) 1");
}

TEST_CASE("a directory that is a file, is missing its parent, or may not be written", "[start]") {
    support::ScratchDir scratch;
    std::ofstream(scratch / "file") << "not a directory";
    ServerProcess server(not_started({"--dir", (scratch / "file").string()}));
    const Refusal refusal = refusal_of(server);
    CHECK(refusal.exit_code == 1);
    CHECK_THAT(refusal.line, Contains((scratch / "file").string()));
    CHECK(support::read_file(scratch / "file") == "not a directory");
    if (::geteuid() != 0) {
        WARN("not root: the case of a directory of somebody else runs only as root");
        return;
    }
    const auto foreign = scratch / "foreign";
    std::filesystem::create_directory(foreign);
    std::filesystem::permissions(foreign, std::filesystem::perms(0755));
    std::filesystem::permissions(scratch.path(), std::filesystem::perms(0755));
    ServerOptions options = not_started({"--dir", foreign.string()});
    options.run_as = 65534;
    ServerProcess nobody(options);
    const std::string before = listing(scratch.path());
    nobody.launch();
    const int code = nobody.wait_exit();
    if (code == 126 || code == 127) {
        WARN("the binary cannot be run as another user here (its path is closed to others); the case was left out");
        return;
    }
    CHECK(code == 1);
    CHECK_THAT(nobody.stderr_text(), Contains(foreign.string()) && Contains("denied", Catch::CaseSensitive::No));
    CHECK(listing(scratch.path()) == before);
}

TEST_CASE("settings that do not exist or do not fit, with file and line", "[start]") {
    struct Case {
        std::string config, expected;
    };
    const auto wrong =
        GENERATE(Case{"# comment\n\nport 1\nno-such-setting 5\n", ":4"}, Case{"maxclients many\n", ":1"},
                 Case{"appendfsync sometimes\n", ":1"}, Case{"\n\nrequirepass \"unbalanced\n", ":3"}, Case{"maxclients\n", ":1"});
    CAPTURE(wrong.config);
    ServerOptions options = not_started({});
    options.config = wrong.config;
    ServerProcess server(options);
    const Refusal refusal = refusal_of(server);
    CHECK(refusal.exit_code == 1);
    CHECK_THAT(refusal.line, Contains("tokmesh.conf" + wrong.expected) || Contains("line " + wrong.expected.substr(1)));
}

TEST_CASE("a setting on the command line that does not exist, a file that does not exist", "[start]") {
    ServerProcess unknown(not_started({"--no-such-setting", "5"}));
    Refusal refusal = refusal_of(unknown);
    CHECK(refusal.exit_code == 1);
    CHECK_THAT(refusal.line, Contains("no-such-setting"));
    ServerProcess value(not_started({"--shards", "100"}));  // not a power of two
    refusal = refusal_of(value);
    CHECK(refusal.exit_code == 1);
    CHECK_THAT(refusal.line, Contains("shards"));
}

TEST_CASE("later settings win: the command line over the file", "[start]") {
    ServerOptions options;
    options.config = "maxclients 77\ntimeout 5\nmaxclients 88\n";
    options.args = {"--timeout", "9"};
    ServerProcess server(options);
    Redis redis = server.redis();
    CHECK(redis.show("CONFIG", "GET", "maxclients") == "[\"maxclients\", \"88\"]");
    CHECK(redis.show("CONFIG", "GET", "timeout") == "[\"timeout\", \"9\"]");
}

TEST_CASE("a Unix socket beside TCP", "[start]") {
    support::ScratchDir scratch;
    ServerProcess server({"--unixsocket", (scratch / "tokmesh.sock").string()});
    const std::unique_ptr<redisContext, void (*)(redisContext*)> local(redisConnectUnix((scratch / "tokmesh.sock").c_str()),
                                                                       redisFree);
    REQUIRE(local);
    REQUIRE(local->err == 0);
    const std::unique_ptr<void, void (*)(void*)> reply(redisCommand(local.get(), "PING"), freeReplyObject);
    REQUIRE(reply);
    CHECK(std::string(static_cast<redisReply*>(reply.get())->str) == "PONG");
}

TEST_CASE("damaged log: a start is refused and nothing is touched", "[start]") {
    ServerProcess server({"--appendfsync", "always"});
    std::filesystem::path segment;
    {
        Redis redis = server.redis();
        for (int i = 0; i < 50; ++i) {
            REQUIRE(redis("SET", "key" + std::to_string(i), std::string(100, 'v')).is_ok());
        }
    }
    REQUIRE(server.stop() == 0);
    for (const auto& entry : std::filesystem::directory_iterator(server.dir())) {
        if (support::read_file(entry.path()).find("key25") != std::string::npos) {
            segment = entry.path();
        }
    }
    REQUIRE_FALSE(segment.empty());
    const std::string sound = support::read_file(segment);
    std::string damaged = sound;
    damaged[damaged.find("key25") + 2] ^= 1;
    std::ofstream(segment, std::ios::binary) << damaged;
    std::filesystem::remove(server.dir() / "lock");  // as in a backup that holds the log alone
    const Refusal refusal = refusal_of(server);
    CHECK(refusal.exit_code == 1);
    CHECK_THAT(refusal.line, Contains(segment.filename().string()));
    std::ofstream(segment, std::ios::binary) << sound;
    server.start();
    Redis redis = server.redis();
    CHECK(redis.show("DBSIZE") == "(integer) 50");
}

TEST_CASE("a Unix socket or a log file that cannot be made: nothing else is made either", "[start]") {
    support::ScratchDir scratch;
    std::ofstream(scratch / "file") << "not a socket";
    const auto setting = GENERATE(std::pair<std::string, std::string>{"--unixsocket", "nosuch/socket"},
                                  std::pair<std::string, std::string>{"--unixsocket", "file"},
                                  std::pair<std::string, std::string>{"--logfile", "nosuch/log"});
    const std::string dir = GENERATE("", "absent");
    CAPTURE(setting.first, setting.second, dir);
    std::vector<std::string> args{setting.first, (scratch / setting.second).string()};
    if (!dir.empty()) args.insert(args.end(), {"--dir", (scratch / dir).string()});
    const std::string before = listing(scratch.path());
    ServerProcess server(not_started(args));
    const Refusal refusal = refusal_of(server);
    CHECK(refusal.exit_code == 1);
    CHECK_THAT(refusal.line, Contains(setting.second));
    CHECK(listing(scratch.path()) == before);
}

TEST_CASE("a directory that a start makes stays only if it serves", "[start]") {
    support::ScratchDir scratch;
    const std::string dir = (scratch / "made").string();
    ServerProcess first;
    ServerProcess refused(not_started({"--dir", dir}));
    refused.set_port(first.port());
    CHECK(refusal_of(refused).exit_code == 1);
    CHECK_FALSE(std::filesystem::exists(dir));
    ServerProcess served({"--dir", dir});
    Redis redis = served.redis();
    CHECK(redis.show("PING") == "+PONG");
    CHECK(std::filesystem::exists(dir));
}

TEST_CASE("neither port nor unixsocket: nobody could connect", "[start]") {
    ServerProcess server(not_started({"--port", "0"}));
    const Refusal refusal = refusal_of(server);
    CHECK(refusal.exit_code == 1);
    CHECK_THAT(refusal.line, Contains("not listen anywhere") && Contains("port") && Contains("unixsocket"));
}

}  // namespace integration
