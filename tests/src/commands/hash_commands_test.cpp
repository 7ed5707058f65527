// SPDX-License-Identifier: MIT
// The reading hash commands on the data of a session.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/support/command_runner.hpp"

using Catch::StartsWith;
using support::CommandRunner;
using support::Reply;

TEST_CASE("the hash commands read the data of a session", "[hash]") {
    CommandRunner run;
    const std::string id = run("SESS.CREATE", "alice", "DATA", 2, "a", "1", "bb", "222").at("id").text;
    CHECK(run.show("HGET", id, "a") == "\"1\"");
    CHECK(run.show("HGET", id, "zz") == "$-1");
    CHECK(run.show("HMGET", id, "bb", "zz", "a") == "[\"222\", $-1, \"1\"]");
    CHECK(run.show("HGETALL", id) == "[\"a\", \"1\", \"bb\", \"222\"]");
    CHECK(run.show("HEXISTS", id, "a") == "(integer) 1");
    CHECK(run.show("HEXISTS", id, "A") == "(integer) 0");
    CHECK(run.show("HLEN", id) == "(integer) 2");
    CHECK(run.show("HKEYS", id) == "[\"a\", \"bb\"]");
    CHECK(run.show("HVALS", id) == "[\"1\", \"222\"]");
    CHECK(run.show("HSTRLEN", id, "bb") == "(integer) 3");
    CHECK(run.show("HSTRLEN", id, "zz") == "(integer) 0");
    run.use_resp(3);
    CHECK(run("HGETALL", id).kind == Reply::Kind::map);
    CHECK(run("HKEYS", id).kind == Reply::Kind::array);
}

TEST_CASE("many fields asked for at once are answered in their order", "[hash]") {
    CommandRunner run;
    std::vector<std::string> create{"SESS.CREATE", "alice", "DATA", "100"};
    for (int i = 0; i < 100; ++i) {
        create.push_back("name" + std::to_string(i));
        create.push_back(std::to_string(i));
    }
    const std::string id = run.call(create).at("id").text;
    for (const int asked : {32, 33, 150}) {
        std::vector<std::string> args{"HMGET", id};
        for (int i = 0; i < asked; ++i) args.push_back("name" + std::to_string(i * 7 % 150));
        const Reply reply = run.call(args);
        REQUIRE(reply.items.size() == static_cast<std::size_t>(asked));
        for (int i = 0; i < asked; ++i) {
            const int n = i * 7 % 150;
            CHECK(reply.items[static_cast<std::size_t>(i)].shown() == (n < 100 ? '"' + std::to_string(n) + '"' : "$-1"));
        }
    }
}

TEST_CASE("an absent key is an empty hash, a string is none", "[hash]") {
    CommandRunner run;
    run("SET", "plain", "x");
    for (const char* key : {"none", "tmss-01arz3ndektsv4rrffq69g5fav"}) {
        CHECK(run.show("HGET", key, "a") == "$-1");
        CHECK(run.show("HMGET", key, "a", "b") == "[$-1, $-1]");
        CHECK(run.show("HGETALL", key) == "[]");
        CHECK(run.show("HEXISTS", key, "a") == "(integer) 0");
        CHECK(run.show("HLEN", key) == "(integer) 0");
        CHECK(run.show("HKEYS", key) == "[]");
        CHECK(run.show("HVALS", key) == "[]");
        CHECK(run.show("HSTRLEN", key, "a") == "(integer) 0");
    }
    for (const char* command : {"HGETALL", "HLEN", "HKEYS", "HVALS"})
        CHECK_THAT(run.show(command, "plain"), StartsWith("-WRONGTYPE"));
    for (const char* command : {"HGET", "HMGET", "HEXISTS", "HSTRLEN"})
        CHECK_THAT(run.show(command, "plain", "a"), StartsWith("-WRONGTYPE"));
    CHECK_THAT(run.show("HSET", "h", "a", "1"), StartsWith("-ERR unknown command"));
}
