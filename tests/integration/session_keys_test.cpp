// SPDX-License-Identifier: MIT
// A session id is a key of type `session`: what the standard commands see of it, and what they may not do to it.
#include "tests/support/integration.hpp"

#include <set>

namespace integration {

namespace {

const std::string wrong_type = "-WRONGTYPE Operation against a key holding the wrong kind of value";

}  // namespace

TEST_CASE("the key commands see a session", "[session][keys]") {
    ServerProcess server;
    Redis redis = server.redis();
    const Reply made = create(redis, "alice", "TTL", 100, "DATA", 2, "cart", "3", "raw", std::string("\xff\0", 2));
    const std::string id = made.at("id").text;
    CHECK(redis.show("TYPE", id) == "+session");
    CHECK(redis.show("EXISTS", id, id, "other") == "(integer) 2");
    CHECK(redis("TTL", id).integer >= 99);
    CHECK(redis("PTTL", id).integer > 99'000);
    CHECK(redis("PEXPIRETIME", id).integer == made.at("expires_at").integer);
    CHECK(redis("EXPIRETIME", id).integer == (made.at("expires_at").integer + 500) / 1000);
    CHECK(redis.show("TOUCH", id) == "(integer) 1");
    CHECK(redis.show("DBSIZE") == "(integer) 1");
    CHECK(redis.show("KEYS", "tmss-*") == "[\"" + id + "\"]");
    CHECK(redis("RANDOMKEY").text == id);
    CHECK(redis("OBJECT", "ENCODING", id).is_text());
    CHECK(redis("SCAN", 0, "COUNT", 1000, "TYPE", "session").items.at(1).items.at(0).text == id);
    CHECK(redis("SCAN", 0, "COUNT", 1000, "TYPE", "string").items.at(1).items.empty());
    const std::string json = redis("GET", id).text;
    CHECK_THAT(json, StartsWith("{"));
    CHECK_THAT(json,
               Contains("\"user_id\":\"alice\"") && Contains("\"cart\":\"3\"") && Contains("\"base64\"") && Contains("/wA="));
    CHECK(json.find(made.at("token").text) == std::string::npos);
}

TEST_CASE("EXPIRE and PERSIST on sessions count a version and obey session-max-ttl", "[session][keys]") {
    ServerProcess server;
    Redis redis = server.redis();
    const std::string id = create(redis, "alice", "TTL", 100).at("id").text;
    CHECK(redis.show("EXPIRE", id, 1000) == "(integer) 1");
    CHECK(redis("SESS.GET", id).at("version").integer == 2);
    CHECK(redis.show("EXPIRE", id, 500, "GT") == "(integer) 0");
    CHECK(redis.show("PEXPIRE", id, 500'000, "LT") == "(integer) 1");
    CHECK(redis("SESS.GET", id).at("version").integer == 3);
    CHECK_THAT(redis.show("EXPIRE", id, 2'592'001), StartsWith("-TM-ARG-1001"));
    CHECK_THAT(redis.show("PERSIST", id), StartsWith("-TM-ARG-1001"));
    CHECK(redis.show("EXPIRE", id, -1) == "(integer) 1");
    CHECK(redis("SESS.GET", id).is_null());
    CHECK(redis("CONFIG", "SET", "session-max-ttl", "0").is_ok());
    const std::string other = create(redis, "alice", "TTL", 100).at("id").text;
    CHECK(redis.show("PERSIST", other) == "(integer) 1");
    CHECK(redis("SESS.GET", other).at("expires_at").integer == 0);
    CHECK(redis.show("TTL", other) == "(integer) -1");
    CHECK(redis.show("DEL", other) == "(integer) 1");
    CHECK(redis.show("SESS.COUNTUSER", "alice") == "(integer) 0");
}

TEST_CASE("the hash commands read the data of a session", "[session][keys]") {
    ServerProcess server;
    Redis redis = server.redis();
    const std::string id = create(redis, "alice", "DATA", 2, "a", "1", "b", "2").at("id").text;
    CHECK(redis.show("HGET", id, "a") == "\"1\"");
    CHECK(redis("HGET", id, "zz").is_null());
    CHECK(redis.show("HMGET", id, "b", "zz", "a") == "[\"2\", $-1, \"1\"]");
    const Reply all = redis("HGETALL", id);
    CHECK(all.items.size() == 4);
    CHECK(all.at("b").text == "2");
    CHECK(redis.show("HEXISTS", id, "a") == "(integer) 1");
    CHECK(redis.show("HLEN", id) == "(integer) 2");
    CHECK(redis("HKEYS", id).items.size() == 2);
    CHECK(redis("HVALS", id).items.size() == 2);
    CHECK(redis.show("HGETALL", "tmss-01arz3ndektsv4rrffq69g5fav") == "[]");
    CHECK(redis.show("HMGET", "tmss-01arz3ndektsv4rrffq69g5fav", "a") == "[$-1]");
    CHECK(redis.show("HLEN", "absent") == "(integer) 0");
    REQUIRE(redis("SET", "plain", "x").is_ok());
    CHECK(redis.show("HGET", "plain", "a") == wrong_type);
}

TEST_CASE("names of session ids are reserved: nothing else writes there", "[session][keys]") {
    ServerProcess server;
    Redis redis = server.redis();
    const std::string there = create(redis, "alice").at("id").text, absent = "tmss-01arz3ndektsv4rrffq69g5fav";
    REQUIRE(redis("SET", "plain", "x").is_ok());
    const std::string before = redis.show("SESS.GET", there);
    for (const std::string& key : {there, absent}) {
        INFO(key);
        CHECK(redis.show("SET", key, "v") == wrong_type);
        CHECK(redis.show("SETEX", key, 10, "v") == wrong_type);
        CHECK(redis.show("SETNX", key, "v") == wrong_type);
        CHECK(redis.show("GETSET", key, "v") == wrong_type);
        CHECK(redis.show("GETDEL", key) == wrong_type);
        CHECK(redis.show("GETEX", key, "EX", 10) == wrong_type);
        CHECK(redis.show("APPEND", key, "v") == wrong_type);
        CHECK(redis.show("SETRANGE", key, 1, "v") == wrong_type);
        CHECK(redis.show("INCR", key) == wrong_type);
        CHECK(redis.show("INCRBYFLOAT", key, "1.5") == wrong_type);
        CHECK(redis.show("MSET", "other", "1", key, "v") == wrong_type);
        CHECK(redis.show("MSETNX", "other", "1", key, "v") == wrong_type);
        CHECK(redis.show("RENAME", "plain", key) == wrong_type);
        CHECK(redis.show("RENAMENX", "plain", key) == wrong_type);
        CHECK(redis.show("COPY", "plain", key) == wrong_type);
    }
    CHECK(redis.show("RENAME", there, "elsewhere") == wrong_type);
    CHECK(redis.show("COPY", there, "elsewhere") == wrong_type);
    CHECK(redis.show("EXISTS", "other", "elsewhere") == "(integer) 0");
    CHECK(redis.show("GET", "plain") == "\"x\"");
    CHECK(redis.show("SESS.GET", there) == before);
    CHECK(redis.show("MGET", there, "plain") == "[$-1, \"x\"]");
}

TEST_CASE("SCAN visits every key that stays, of both kinds", "[keys]") {
    ServerProcess server({"--session-max-per-user", "10000"});
    Redis redis = server.redis();
    std::set<std::string> expected;
    for (int i = 0; i < 1500; ++i) {
        expected.insert("key:" + std::to_string(i));
        redis.append("SET", "key:" + std::to_string(i), "v");
        redis.append("SESS.CREATE", "user" + std::to_string(i % 7));
    }
    for (int i = 0; i < 3000; ++i) {
        const Reply reply = redis.next();
        if (reply.has("id")) {
            expected.insert(reply.at("id").text);
        } else {
            REQUIRE(reply.is_ok());
        }
    }
    REQUIRE(expected.size() == 3000);
    std::set<std::string> seen;
    std::string cursor = "0";
    std::size_t visits = 0, turns = 0;
    do {
        const Reply page = redis("SCAN", cursor, "COUNT", 100);
        cursor = page.items.at(0).text;
        for (const Reply& key : page.items.at(1).items) {
            seen.insert(key.text);
            ++visits;
        }
        redis("SET", "new:" + std::to_string(turns), "v");  // growth in between loses nothing
        REQUIRE(++turns < 10'000);
    } while (cursor != "0");
    for (const std::string& key : expected) {
        if (!seen.contains(key)) {
            FAIL("SCAN never showed " << key);
        }
    }
    CHECK(visits == seen.size());
    CHECK(redis("KEYS", "key:*").items.size() == 1500);
    CHECK(redis("KEYS", "tmss-*").items.size() == 1500);
}

}  // namespace integration
