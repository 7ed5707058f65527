// SPDX-License-Identifier: MIT
// Lookups that are parsed together are answered as they are one by one, whatever stands before, between and behind them.
#include "src/request_batch.hpp"

#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/command_runner.hpp"
#include "tests/support/reply.hpp"
#include "tests/support/run_options.hpp"

namespace {

using support::request;

// Requests over few keys and tokens, so that what one changes the next ones look up.
class Requests {
public:
    Requests(std::uint64_t seed, std::vector<std::string> tokens) : dice_(seed), tokens_(std::move(tokens)) {}

    std::string next() {
        switch (dice_() % 24) {
            case 0: return request({"SET", key(), std::to_string(dice_() % 1000)});
            case 1: return request({"DEL", key()});
            case 2: return request({"SESS.DELBYTOKEN", token()});
            case 3: return request({"SELECT", std::to_string(dice_() % 2)});
            case 4: return "GET \"" + key() + "\"\r\n";
            case 5: return "get " + key() + "\r\n";
            case 6: return "\r\n*0\r\n" + request({"GET", key()});
            case 7: return request({"GET"});
            case 8: return request({"NOSUCH", key()});
            case 9: return request({"GET", std::string(dice_() % 3000, 'k')});
            case 10: return request({"SESS.VALIDATE", token(), "TOUCH", "IP", "10.0.0.1", "UA", "agent"});
            case 11: return request({"SESS.GETBYTOKEN", token(), "FIELDS", "2", "id", "user_id"});
            case 12: return request({"SESS.GETBYTOKEN", "no token\n"});
            case 13: return request({"SET", key(), std::string(20'000, 'v')});
            case 14: return request({"CLIENT", "REPLY", "SKIP"});
            case 15:
            case 16: return request({"SESS.VALIDATE", token()});
            case 17:
            case 18:
            case 19: return request({"SESS.GETBYTOKEN", token()});
            default: return request({"GET", key()});
        }
    }
    std::size_t below(std::size_t n) { return dice_() % n; }

private:
    std::string key() { return "key:" + std::to_string(dice_() % 8); }
    std::string token() { return tokens_[dice_() % tokens_.size()]; }

    std::mt19937_64 dice_;
    std::vector<std::string> tokens_;
};

struct Answers {
    Answers() {
        for (int i = 0; i < 6; ++i) tokens.push_back(server("SESS.CREATE", "user", "TTL", "3600").at("token").text);
        tokens.push_back(support::unknown_token);
    }
    void feed(std::string_view bytes) {
        REQUIRE(server.feed(bytes, [&](std::string_view seen) { all += seen; }));
    }
    support::CommandRunner server;
    std::vector<std::string> tokens;
    std::string all;
};

}  // namespace

TEST_CASE("a batch of requests is answered as they are one by one") {
    const std::uint64_t seed = test::seed_of_run();
    INFO("TOKMESH_TEST_SEED=" << seed);
    for (std::uint64_t round = 0; round < 40; ++round) {
        Answers together, apart;
        REQUIRE(together.tokens == apart.tokens);
        Requests requests(seed + round, apart.tokens);
        std::string bytes;
        for (int i = 0; i < 200; ++i) {
            const std::string one = requests.next();
            apart.feed(one);
            bytes += one;
        }
        for (std::size_t at = 0; at < bytes.size();) {
            const std::size_t piece = 1 + requests.below(round % 2 == 0 ? 4000 : 90'000);
            together.feed(std::string_view(bytes).substr(at, piece));
            at += piece;
        }
        REQUIRE(together.all == apart.all);
    }
}

TEST_CASE("an error of the protocol behind a batch is answered behind it") {
    Answers server;
    std::string bytes;
    for (int i = 0; i < 3; ++i) bytes += request({"GET", "key"});
    CHECK_FALSE(server.server.feed(bytes + "*1\r\n!3\r\n", [&](std::string_view seen) { server.all += seen; }));
    CHECK(server.all == "$-1\r\n$-1\r\n$-1\r\n-ERR Protocol error: expected '$', got '!'\r\n");
}

// 256 commands are a turn. It ends in the middle of a batch, behind which half a request waits.
TEST_CASE("a turn that ends within a batch goes on with the request that it came to") {
    Answers server;
    const std::string get = request({"GET", "key"});
    // PING is a batch of its own, so the others do not end with the turn.
    std::string bytes = request({"PING"}) + request({"SET", "key", "1"});
    std::string expected = "+PONG\r\n+OK\r\n";
    for (int i = 0; i < 255; ++i) bytes += get;
    for (int i = 0; i < 255; ++i) expected += "$1\r\n1\r\n";
    const std::string other = request({"SET", "another key", "2"});
    server.feed(bytes + other.substr(0, other.size() - 10));
    server.feed(other.substr(other.size() - 10));
    CHECK(server.all == expected + "+OK\r\n");
}
