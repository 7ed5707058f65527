// SPDX-License-Identifier: MIT
// Broken and hostile bytes from authenticated clients: cases S06 and S11 to S42 of the reliability page. The server answers or
// closes, keeps its memory, and goes on for everybody else.
#include "tests/support/integration.hpp"

#include <algorithm>
#include <random>
#include <sstream>

namespace integration {

namespace {

constexpr std::size_t mib = 1U << 20;

}  // namespace

TEST_CASE("malformed requests are a protocol error and the end of that connection", "[hostile]") {
    ServerProcess server;
    const auto ends_with = [&](const std::string& bytes, const std::string& message) {
        INFO(bytes.substr(0, 60));
        RespClient client = server.client();
        client.send(bytes);
        CHECK_THAT(client.read_until_closed(5s), StartsWith("-ERR Protocol error: " + message));
    };
    ends_with("*2147483648\r\n", "invalid multibulk length");
    ends_with("*100000000000000000000\r\n", "invalid multibulk length");
    ends_with("*abc\r\n", "invalid multibulk length");
    ends_with("*1\r\n$-2\r\n", "invalid bulk length");
    ends_with("*1\r\n$629145600\r\n", "invalid bulk length");
    ends_with("*1\r\n$abc\r\n", "invalid bulk length");
    ends_with("*1\r\n$+4\r\nPING\r\n", "invalid bulk length");
    ends_with("*1\r\n*1\r\n$4\r\nPING\r\n", "expected '$', got '*'");
    ends_with("GET \"unbalanced\r\n", "unbalanced quotes in request");
    ends_with(std::string(70'000, 'x'), "too big inline request");
    ends_with("*" + std::string(70'000, '1'), "");
    RespClient other = server.client();
    CHECK(other.show("PING") == "+PONG");
}

TEST_CASE("bytes other than CRLF after a bulk do not desynchronise anybody else", "[hostile]") {
    ServerProcess server;
    RespClient bad = server.client(), good = server.client();
    bad.send("*1\r\n$4\r\nPINGxx*1\r\n$4\r\nPING\r\n");
    CHECK(good.show("PING") == "+PONG");
}

TEST_CASE("a web browser is shown the door, and its body is not executed", "[hostile]") {
    ServerProcess server;
    for (const std::string& first : {std::string("POST / HTTP/1.1\r\n"), std::string("GET / HTTP/1.1\r\n")}) {
        RespClient client = server.client();
        client.send(first + "Host: localhost:6379\r\nContent-Length: 30\r\n\r\nSET from-the-web 1\r\n");
        CHECK(client.closed_within(5s));
    }
    Redis redis = server.redis();
    CHECK(redis.show("EXISTS", "from-the-web") == "(integer) 0");
    CHECK_THAT(server.stdout_text() + server.stderr_text(), Contains("SECURITY ATTACK"));
}

TEST_CASE("an error is one line, whatever the client wrote", "[hostile]") {
    ServerProcess server;
    RespClient client = server.client();  // strict: a stray CRLF would be a parse failure
    CHECK_THAT(client.show("NO\r\n+OK\r\nSUCH", "a\r\nb", "c\nd"), StartsWith("-ERR unknown command"));
    CHECK_THAT(client.show("CLIENT", "x\r\n+OK"), StartsWith("-ERR unknown subcommand"));
    CHECK(client("CONFIG", "SET", "no\r\nsuch", "1").is_error("ERR"));
    CHECK(client("SESS.CREATE", "u", "IP", "1\r\n+OK").is_error("TM-ARG-1001"));
    CHECK(client("SESS.CREATE", "u", "DATA", "1", std::string(70, '\n'), "1\r\n+OK").is_error("TM-SESS-4001"));
    CHECK(client("SESS.LIST", "SORTBY", "a\r\n+OK").is_error());
    CHECK(client("CLIENT", "SETNAME", "a\r\nb").is_error());
    CHECK(client.show("PING") == "+PONG");
    CHECK(client.silent_for(50ms));
}

TEST_CASE("memory grows with bytes that came, never with bytes announced", "[hostile][limits]") {
    ServerProcess server;
    const std::size_t before = server.resident_bytes();
    std::vector<RespClient> clients;
    for (int i = 0; i < 20; ++i) {
        clients.push_back(server.client());
        clients.back().send("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$16000000\r\nabc");
        clients.push_back(server.client());
        clients.back().send("*1000000\r\n");
    }
    RespClient other = server.client();
    CHECK(other.show("PING") == "+PONG");
    CHECK(server.resident_bytes() < before + slack * 64 * mib);
}

TEST_CASE("a reader that does not read is disconnected, not served from memory without end", "[hostile][limits]") {
    ServerOptions options;
    options.config = "client-output-buffer-limit normal 8mb 2mb 2\n";
    ServerProcess server(options);
    Redis redis = server.redis();
    REQUIRE(redis("SET", "big", std::string(mib, 'x')).is_ok());
    const std::size_t before = server.resident_bytes();
    RespClient slow(server.port(), 4096);
    std::string gets;
    for (int i = 0; i < 400; ++i) {
        gets += "*2\r\n$3\r\nGET\r\n$3\r\nbig\r\n";
    }
    slow.send(gets);
    std::size_t most = 0;
    const auto until = std::chrono::steady_clock::now() + 1500ms;
    while (std::chrono::steady_clock::now() < until) {
        most = std::max(most, server.resident_bytes());
        CHECK(redis.show("PING") == "+PONG");
        support::pause_between_polls();
    }
    CHECK(most < before + slack * 64 * mib);
    CHECK(eventually([&] { return support::info_field(redis, "clients", "connected_clients") == "1"; }));
    CHECK(slow.read_until_closed().size() < 64 * mib);
}

TEST_CASE("half-open requests do not slow down others", "[hostile]") {
    ServerProcess server;
    std::vector<RespClient> half;
    for (int i = 0; i < 150; ++i) {
        half.push_back(server.client());
        half.back().send("*2\r\n$3\r\nGET\r\n$10\r\nabc");
    }
    Redis redis = server.redis();
    std::vector<double> times_ms;
    for (int i = 0; i < 300; ++i) {
        const auto start = std::chrono::steady_clock::now();
        redis("PING");
        times_ms.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
    }
    std::sort(times_ms.begin(), times_ms.end());
    CHECK(times_ms[times_ms.size() / 2] < 20.0 * slack);
}

TEST_CASE("connections above maxclients are told and closed; leaving makes room", "[hostile][limits]") {
    ServerProcess server({"--maxclients", "10"});
    // The readiness probe may not be gone yet.
    REQUIRE(eventually([&] {
        Redis redis = server.redis();
        return support::info_field(redis, "clients", "connected_clients") == "1";
    }));
    std::vector<RespClient> clients;
    REQUIRE(eventually([&] {
        clients.clear();
        for (int i = 0; i < 10; ++i) {
            clients.push_back(server.client());
        }
        return std::all_of(clients.begin(), clients.end(), [](RespClient& client) {
            try {
                return client.show("PING") == "+PONG";
            } catch (const std::exception&) {
                return false;
            }
        });
    }));
    for (int i = 0; i < 5; ++i) {
        RespClient extra = server.client();
        CHECK(extra.read_until_closed(5s) == "-ERR max number of clients reached\r\n");
    }
    const std::string stats = clients.front()("INFO", "stats").text;  // of a client that is in: a new one might not get in yet
    const std::size_t rejected = stats.find("rejected_connections:");
    REQUIRE(rejected != std::string::npos);
    CHECK(std::stoi(stats.substr(rejected + std::string("rejected_connections:").size())) >= 5);
    clients.pop_back();
    CHECK(eventually([&] {
        try {
            RespClient extra = server.client();
            return extra.show("PING") == "+PONG";
        } catch (const std::exception&) {
            return false;
        }
    }));
}

TEST_CASE("out of file descriptors: no busy loop, and it recovers", "[hostile][limits]") {
    ServerOptions options;
    options.open_files = 64;
    ServerProcess server(options);
    std::vector<RespClient> clients;
    for (int i = 0; i < 100; ++i) {
        try {
            clients.push_back(server.client());
        } catch (const std::exception&) {
            break;  // the accept queue is full
        }
    }
    const auto cpu_ticks = [&] {
        const std::string stat = support::read_file("/proc/" + std::to_string(server.pid()) + "/stat");
        std::istringstream fields(stat.substr(stat.rfind(')') + 2));
        std::string skipped;
        long user = 0, system = 0;
        for (int i = 0; i < 11; ++i) {
            fields >> skipped;
        }
        fields >> user >> system;
        return user + system;
    };
    const long before = cpu_ticks();
    const auto until = std::chrono::steady_clock::now() + 1s;
    while (std::chrono::steady_clock::now() < until) {
        support::pause_between_polls();
    }
    CHECK(cpu_ticks() - before < 50);  // of 100 a second and core
    CHECK(clients.front().show("PING") == "+PONG");
    clients.clear();
    CHECK(eventually([&] {
        try {
            return server.client().show("PING") == "+PONG";
        } catch (const std::exception&) {
            return false;
        }
    }));
}

TEST_CASE("resets in the middle of pipelines, and half-closed connections", "[hostile]") {
    ServerProcess server;
    std::string gets;
    for (int i = 0; i < 100; ++i) {
        gets += "*2\r\n$4\r\nECHO\r\n$5\r\nhello\r\n";
    }
    for (int i = 0; i < 200; ++i) {
        RespClient client = server.client();
        client.send(gets);
        client.reset();
    }
    RespClient leaving = server.client();
    leaving.send(gets + support::request({"SET", "k", "v"}));
    leaving.half_close();
    std::string expected;
    for (int i = 0; i < 100; ++i) {
        expected += "$5\r\nhello\r\n";
    }
    CHECK(leaving.read_until_closed(5s) == expected + "+OK\r\n");
    Redis redis = server.redis();
    CHECK(redis.show("GET", "k") == "\"v\"");
}

TEST_CASE("numbers, sizes and patterns at their ends", "[hostile]") {
    ServerProcess server;
    Redis redis = server.redis();
    CHECK(redis.show("SETRANGE", "k", "4294967295", "x") == "-ERR string exceeds maximum allowed size (proto-max-bulk-len)");
    CHECK(redis.show("SETRANGE", "k", "-1", "x") == "-ERR offset is out of range");
    CHECK(redis.show("SET", "k", "v", "EX", "9223372036854775807") == "-ERR invalid expire time in 'set' command");
    CHECK(redis.show("SET", "k", "v", "PX", "0") == "-ERR invalid expire time in 'set' command");
    CHECK(redis.show("SETEX", "k", "0", "v") == "-ERR invalid expire time in 'setex' command");
    REQUIRE(redis("SET", "k", "9223372036854775807").is_ok());
    CHECK(redis.show("EXPIRE", "k", "9223372036854775807") == "-ERR invalid expire time in 'expire' command");
    CHECK(redis.show("INCR", "k") == "-ERR increment or decrement would overflow");
    CHECK(redis.show("INCRBYFLOAT", "k", "inf") == "-ERR increment would produce NaN or Infinity");
    CHECK(redis.show("DECRBY", "k", "-9223372036854775808") == "-ERR decrement would overflow");
    CHECK(redis.show("GET", "k") == "\"9223372036854775807\"");
    CHECK(redis.show("MSETNX", "a", "1", "a", "2") == "(integer) 1");
    std::string stars, asks;
    for (int i = 0; i < 2000; ++i) {
        stars += "*a";
    }
    for (int i = 0; i < 100'000; ++i) {
        asks += "*?";
    }
    REQUIRE(redis("SET", std::string(2000, 'a'), "v").is_ok());
    for (const std::string& pattern : {stars + "b", std::string(200'000, '['), asks}) {
        const auto start = std::chrono::steady_clock::now();
        redis("KEYS", pattern);
        redis("SCAN", "0", "MATCH", pattern, "COUNT", "1000");
        CHECK(std::chrono::steady_clock::now() - start < 2s * slack);
    }
}

TEST_CASE("4,000 mutated frames from a seed leave the server answering", "[hostile]") {
    ServerProcess server;
    const unsigned seed = Catch::rngSeed() != 0 ? Catch::rngSeed() : std::random_device{}();
    WARN("seed " << seed);
    std::mt19937 random(seed);
    const std::vector<std::string> frames{support::request({"SET", "k", "v", "EX", "100"}),
                                          support::request({"SESS.CREATE", "alice", "DATA", "1", "a", "b"}),
                                          support::request({"SESS.LIST", "USER", "a", "LIMIT", "0", "10"}),
                                          support::request({"SCAN", "0", "MATCH", "*", "COUNT", "10"}),
                                          support::request({"HELLO", "3", "SETNAME", "x"}),
                                          "SET inline \"quoted value\"\r\n",
                                          support::request({"CLIENT", "LIST"})};
    for (int round = 0; round < 4000; round += 20) {
        RespClient client = server.client();
        for (int i = 0; i < 20; ++i) {
            std::string frame = frames[random() % frames.size()];
            for (unsigned change = 0; change < 1 + random() % 3; ++change) {
                const std::size_t at = random() % frame.size();
                switch (random() % 3) {
                    case 0: frame[at] = static_cast<char>(random()); break;
                    case 1: frame.erase(at, 1 + random() % 3); break;
                    default: frame.insert(at, 1, "*$\r\n0-"[random() % 6]); break;
                }
                if (frame.empty()) {
                    frame = "\r\n";
                }
            }
            client.send_some(frame);
        }
        client.half_close();
        client.closed_within(2s);
    }
    Redis redis = server.redis();
    CHECK(redis.show("PING") == "+PONG");
}

}  // namespace integration
