// SPDX-License-Identifier: MIT
// How it ends: SIGTERM and SIGINT answer what was received and exit 0; a second signal exits 1; SIGKILL loses nothing
// acknowledged.
#include "tests/support/integration.hpp"

#include <csignal>
#include <memory>
#include <sstream>
#include <thread>

namespace integration {

TEST_CASE("SIGTERM and SIGINT: what was received is answered, then exit 0", "[stop]") {
    const int number = GENERATE(SIGTERM, SIGINT);
    const std::string mode = GENERATE("always", "everysec");
    CAPTURE(number, mode);
    ServerProcess server({"--appendfsync", mode});
    RespClient client = server.client();
    std::string batch;
    constexpr int count = 20'000;
    for (int i = 0; i < count; ++i) {
        batch += support::request({"SET", "k" + std::to_string(i), std::to_string(i)});
    }
    client.send(batch);
    for (int i = 0; i < 100; ++i) {
        REQUIRE(client.read().is_ok());
    }
    server.signal(number);
    int answered = 100;
    try {
        for (; answered < count; ++answered) {
            const Reply reply = client.read();  // outside of REQUIRE, which would take the exception for a failure
            REQUIRE(reply.is_ok());
        }
    } catch (const support::Disconnected&) {
        // What the server had not read yet is not answered.
    }
    CHECK(client.closed_within(10s));
    CHECK(server.wait_exit() == 0);
    CHECK(server.stderr_text().empty());
    server.start();
    Redis redis = server.redis();
    CHECK(redis("DBSIZE").integer >= answered);
    CHECK(redis.show("GET", "k" + std::to_string(answered - 1)) == '"' + std::to_string(answered - 1) + '"');
}

TEST_CASE("SIGTERM while a client sends on and on: all that ran was answered, and the answers arrive", "[stop]") {
    ServerProcess server;
    // Its kernel holds little, so what still stands there unread when the server closes is quickly read.
    RespClient client(server.port(), 16 * 1024);
    REQUIRE(client.show("SET", "n", "0") == "+OK");
    std::jthread sender([&] {
        std::string batch;
        for (int i = 0; i < 5'000; ++i) batch += support::request({"INCRBY", "n", "1"});
        try {
            for (;;) client.send(batch);
        } catch (const std::exception&) {
            // the server has closed
        }
    });
    std::int64_t last = 0;
    const auto read_on = [&](std::int64_t until) {
        try {
            while (last < until) last = client.read().integer;
        } catch (const support::Disconnected&) {
        }
    };
    read_on(20'000);
    server.signal(SIGTERM);
    read_on(INT64_MAX);
    CHECK(client.ended_cleanly());
    sender.join();
    CHECK(server.wait_exit() == 0);
    server.start();
    Redis redis = server.redis();
    CHECK(redis("GET", "n").text == std::to_string(last));
}

TEST_CASE("a client that takes its replies slowly and sends on after QUIT gets all of them", "[stop]") {
    constexpr std::size_t value_bytes = 512 * 1024, step_bytes = 8 * 1024;
    ServerProcess server;
    REQUIRE(server.redis()("SET", "big", std::string(value_bytes, 'x')).is_ok());
    RespClient other = server.client(), slow(server.port(), step_bytes);
    slow.send("GET big\r\nQUIT\r\n");
    const std::size_t all = std::string("$524288\r\n").size() + value_bytes + std::string("\r\n+OK\r\n").size();
    std::string got;
    while (got.size() < all) {  // longer than the server lingers where nothing moves
        got += slow.read_bytes(std::min(step_bytes, all - got.size()));
        slow.send_some("PING\r\n");
        REQUIRE(other.silent_for(40ms));
    }
    CHECK(got.ends_with("x\r\n+OK\r\n"));
    CHECK(slow.closed_within(30s));
}

TEST_CASE("an idle server with open connections ends at once", "[stop]") {
    ServerProcess server;
    RespClient idle = server.client(), half = server.client();
    CHECK(idle.show("PING") == "+PONG");
    half.send("*2\r\n$3\r\nGET\r\n$100\r\nabc");
    const auto start = std::chrono::steady_clock::now();
    CHECK(server.stop() == 0);
    CHECK(std::chrono::steady_clock::now() - start < 5s);
    CHECK(idle.closed_within(1s));
}

TEST_CASE("a second signal does not wait: exit 1", "[stop]") {
    ServerProcess server({"--appendfsync", "always"});
    // A reader that does not read keeps the graceful stop waiting.
    Redis redis = server.redis();
    REQUIRE(redis("SET", "big", std::string(1 << 20, 'x')).is_ok());
    RespClient slow(server.port(), 4096);
    std::string gets;
    for (int i = 0; i < 30; ++i) {
        gets += "*2\r\n$3\r\nGET\r\n$3\r\nbig\r\n";
    }
    slow.send(gets);
    slow.read_bytes(1);
    server.signal(SIGTERM);
    const int port = server.port();
    REQUIRE(eventually([&] {
        try {
            RespClient late(port);
            return false;
        } catch (const std::exception&) {
            return true;  // it does not accept any more, so the first signal was taken
        }
    }));
    REQUIRE(server.running());
    server.signal(SIGTERM);
    CHECK(server.wait_exit(5s) == 1);
}

TEST_CASE("signals in quick succession: it ends by itself, never by the default of a signal", "[stop]") {
    for (int round = 0; round < 10; ++round) {
        ServerProcess server;
        while (server.running()) server.signal(SIGTERM);
        const int code = server.wait_exit();
        CAPTURE(round, code);
        CHECK((code == 0 || code == 1));
    }
}

TEST_CASE("signals that servers ignore: SIGHUP and SIGPIPE", "[stop]") {
    ServerProcess server;
    Redis redis = server.redis();
    server.signal(SIGPIPE);
    server.signal(SIGHUP);
    CHECK(redis.show("PING") == "+PONG");
    CHECK(server.running());
}

TEST_CASE("kill -9 right after the reply loses nothing, in every mode", "[stop][restart]") {
    const std::string mode = GENERATE("always", "everysec", "no");
    CAPTURE(mode);
    ServerProcess server({"--appendfsync", mode});
    std::vector<std::string> tokens;
    for (int round = 0; round < 5; ++round) {
        {
            Redis redis = server.redis();
            for (int i = 0; i < 40; ++i) {
                tokens.push_back(create(redis, "user" + std::to_string(round)).at("token").text);
            }
            REQUIRE(redis("SET", "round", round).is_ok());
        }
        server.restart_hard();
        Redis redis = server.redis();
        CHECK(redis.show("GET", "round") == '"' + std::to_string(round) + '"');
        CHECK(redis("SESS.COUNT").integer == static_cast<std::int64_t>(tokens.size()));
        for (const std::string& token : tokens) {
            CHECK_FALSE(redis("SESS.GETBYTOKEN", token).is_null());
        }
    }
}

TEST_CASE("while the log is read the answer is LOADING, never an empty store", "[restart]") {
    ServerProcess server;
    const std::string value(100, 'v');
    {
        Redis redis = server.redis();
        for (int i = 0; i < 200'000; ++i) {
            redis.append("SET", "k" + std::to_string(i), value);
            if (i % 1000 == 999) {
                for (int answered = 0; answered < 1000; ++answered) {
                    REQUIRE(redis.next().is_ok());
                }
            }
        }
    }
    server.kill_hard();
    server.launch();
    std::unique_ptr<RespClient> client;
    int loading = 0;
    REQUIRE(eventually(
        [&] {
            try {
                if (!client) {
                    client = std::make_unique<RespClient>(server.port());
                }
                const Reply reply = (*client)("GET", "k199999");
                loading += reply.is_error("LOADING") ? 1 : 0;
                if (!reply.is_error("LOADING") && reply.text != value) {
                    FAIL("the answer was " << reply.shown());
                }
                return reply.text == value;
            } catch (const std::system_error&) {
                return false;  // it does not listen yet
            }
        },
        30s));
    CHECK(loading > 0);
    CHECK((*client)("DBSIZE").integer == 200'000);
}

TEST_CASE("a log of more segments than a process may have files is read", "[restart]") {
    constexpr int files = 64, values = 80;
    ServerOptions options;
    options.args = {"--wal-segment-size", "1mb", "--snapshot-interval", "0", "--snapshot-wal-bytes", "0"};
    options.open_files = files;
    ServerProcess server(options);
    const std::string value(700 * 1024, 'v');  // one a segment
    {
        Redis redis = server.redis();
        for (int i = 0; i < values; ++i) REQUIRE(redis("SET", "k" + std::to_string(i), value).is_ok());
        REQUIRE(std::stoi(info_field(redis, "wal", "wal_segments")) > files);
    }
    server.restart_hard();
    Redis redis = server.redis();
    CHECK(redis("DBSIZE").integer == values);
    CHECK(redis("STRLEN", "k0").integer == static_cast<std::int64_t>(value.size()));
}

TEST_CASE("FLUSHALL and FLUSHDB survive a kill, and what came after them too", "[restart]") {
    ServerProcess server;
    {
        Redis redis = server.redis();
        create(redis, "alice");
        REQUIRE(redis("SET", "a", "1").is_ok());
        REQUIRE(redis("SELECT", 5).is_ok());
        create(redis, "bob");
        REQUIRE(redis("SET", "b", "1").is_ok());
        REQUIRE(redis("SELECT", 0).is_ok());
        REQUIRE(redis("FLUSHDB").is_ok());
        REQUIRE(redis("SET", "after", "1").is_ok());
    }
    server.restart_hard();
    {
        Redis redis = server.redis();
        CHECK(redis.show("DBSIZE") == "(integer) 1");
        CHECK(redis.show("SESS.COUNTUSER", "alice") == "(integer) 0");
        REQUIRE(redis("SELECT", 5).is_ok());
        CHECK(redis.show("DBSIZE") == "(integer) 2");
        REQUIRE(redis("FLUSHALL").is_ok());
        create(redis, "carol");
    }
    server.restart_hard();
    Redis redis = server.redis();
    CHECK(redis.show("DBSIZE") == "(integer) 0");
    REQUIRE(redis("SELECT", 5).is_ok());
    CHECK(redis.show("SESS.COUNTUSER", "carol") == "(integer) 1");
    CHECK(redis.show("DBSIZE") == "(integer) 1");
}

TEST_CASE("a clean stop and twenty starts keep everything and grow nothing", "[restart]") {
    ServerProcess server;
    std::string token;
    {
        Redis redis = server.redis();
        token = create(redis, "alice", "DATA", 1, "n", "0").at("token").text;
    }
    for (int i = 0; i < 20; ++i) {
        REQUIRE(server.stop() == 0);
        server.start();
        Redis redis = server.redis();
        REQUIRE(redis("SESS.GETBYTOKEN", token).at("data").at("n").text == "0");
    }
    std::uintmax_t bytes = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(server.dir())) {
        bytes += entry.is_regular_file() ? entry.file_size() : 0;
    }
    CHECK(bytes < (256U << 20));
}

}  // namespace integration
