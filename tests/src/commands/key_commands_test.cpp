// SPDX-License-Identifier: MIT
// The key family on plain keys and sessions. Answers on plain keys were taken from redis-server 7.0.15.
#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <vector>

#include "tests/support/command_runner.hpp"

using Catch::StartsWith;
using support::absent_id;
using support::CommandRunner;
using support::Reply;

namespace {}  // namespace

TEST_CASE("DEL, UNLINK, EXISTS, TOUCH, TYPE see both kinds", "[keys]") {
    CommandRunner run;
    run("SET", "k", "v");
    const std::string id = run("SESS.CREATE", "alice").at("id").text;
    std::string upper = id;
    for (char& c : upper) c = c >= 'a' && c <= 'z' && &c > &upper[4] ? static_cast<char>(c - 'a' + 'A') : c;
    CHECK(run.show("TYPE", "k") == "+string");
    CHECK(run.show("TYPE", id) == "+session");
    CHECK(run.show("TYPE", absent_id) == "+none");
    CHECK(run.show("EXISTS", "k", "k", id, upper, absent_id, "x") == "(integer) 4");
    CHECK(run.show("TOUCH", "k", id, "x") == "(integer) 2");
    CHECK(run.show("UNLINK", "k", "k", "x") == "(integer) 1");
    CHECK(run.show("DEL", upper, "x") == "(integer) 1");
    CHECK(run.show("DEL", id) == "(integer) 0");
    CHECK(run.show("SESS.COUNT") == "(integer) 0");
    CHECK(run.show("DEL") == "-ERR wrong number of arguments for 'del' command");
}

TEST_CASE("keys beyond 1,024 are looked up in slices, which count and answer as one", "[keys]") {
    CommandRunner run;
    run("SET", "k1", "one");
    run("SET", "k1500", "last");
    const auto with = [](const std::string& name, int keys) {
        std::vector<std::string> args{name};
        for (int i = 0; i < keys; ++i) args.push_back("k" + std::to_string(i));
        return args;
    };
    const auto locks = [&] { return run.store().figures().lock_acquisitions; };
    const auto taken = [&](const std::vector<std::string>& args) {
        const auto before = locks();
        run.call(args);
        return locks() - before - run.store().shard_count();  // the figures themselves take each once
    };
    for (const std::string& name : {std::string("EXISTS"), std::string("TOUCH"), std::string("MGET")}) {
        CHECK(taken(with(name, 1024)) <= run.store().shard_count());
        CHECK(taken(with(name, 1501)) > run.store().shard_count());
    }
    CHECK(run.call(with("EXISTS", 1501)).integer == 2);
    CHECK(run.call(with("TOUCH", 1501)).integer == 2);
    const Reply values = run.call(with("MGET", 1501));
    REQUIRE(values.items.size() == 1501);
    CHECK(values.items[1].text == "one");
    CHECK(values.items[1024].is_null());
    CHECK(values.items[1500].text == "last");
}

TEST_CASE("TTL and its family", "[keys]") {
    CommandRunner run;
    run("SET", "k", "v");
    CHECK(run.show("TTL", "k") == "(integer) -1");
    CHECK(run.show("TTL", "none") == "(integer) -2");
    CHECK(run.show("PEXPIRETIME", "none") == "(integer) -2");
    CHECK(run.show("EXPIRETIME", "k") == "(integer) -1");
    CHECK(run.show("PEXPIRE", "k", 1500) == "(integer) 1");
    CHECK(run.show("PTTL", "k") == "(integer) 1500");
    CHECK(run.show("TTL", "k") == "(integer) 2");  // rounded
    run.advance(1);
    CHECK(run.show("TTL", "k") == "(integer) 1");
    CHECK(run("PEXPIRETIME", "k").integer == run.now() + 1499);
    CHECK(run("EXPIRETIME", "k").integer == (run.now() + 1499 + 500) / 1000);
    run.advance(1499);
    CHECK(run.show("TTL", "k") == "(integer) -2");
    CHECK(run.show("GET", "k") == "$-1");
    run("SET", "k", "v");
    CHECK(run.show("PEXPIREAT", "k", "9223372036854775807") == "(integer) 1");
    CHECK(run.show("EXPIRETIME", "k") == "(integer) 9223372036854776");
    CHECK(run("PTTL", "k").integer == std::numeric_limits<std::int64_t>::max() - run.now());
    CHECK(run.show("PERSIST", "k") == "(integer) 1");
    CHECK(run.show("PERSIST", "k") == "(integer) 0");
    CHECK(run.show("PERSIST", "none") == "(integer) 0");
}

TEST_CASE("EXPIRE and its conditions", "[keys]") {
    CommandRunner run;
    run("SET", "k", "v");
    CHECK(run.show("EXPIRE", "none", 10) == "(integer) 0");
    CHECK(run.show("EXPIRE", "k", 10, "XX") == "(integer) 0");
    CHECK(run.show("EXPIRE", "k", 10, "GT") == "(integer) 0");  // no expiry is later than any
    CHECK(run.show("EXPIRE", "k", 10, "XX", "LT") == "(integer) 0");
    CHECK(run.show("EXPIRE", "k", 10, "lt") == "(integer) 1");
    CHECK(run.show("EXPIRE", "k", 20, "NX") == "(integer) 0");
    CHECK(run.show("EXPIRE", "k", 20, "LT") == "(integer) 0");
    CHECK(run.show("EXPIRE", "k", 20, "GT") == "(integer) 1");
    CHECK(run.show("EXPIRE", "k", 15, "XX", "XX", "LT") == "(integer) 1");
    CHECK(run.show("EXPIREAT", "k", run.now() / 1000 + 30, "XX", "GT") == "(integer) 1");
    CHECK(run.show("TTL", "k") == "(integer) 30");
    CHECK(run.show("EXPIRE", "k", 10, "NX", "GT") == "-ERR NX and XX, GT or LT options at the same time are not compatible");
    CHECK(run.show("EXPIRE", "k", 10, "GT", "LT") == "-ERR GT and LT options at the same time are not compatible");
    CHECK(run.show("EXPIRE", "k", 10, "foo") == "-ERR Unsupported option foo");
    CHECK(run.show("EXPIRE", "k", "x", "foo") == "-ERR Unsupported option foo");
    CHECK(run.show("EXPIRE", "k", "x") == "-ERR value is not an integer or out of range");
    CHECK(run.show("EXPIRE", "k", "9223372036854775807") == "-ERR invalid expire time in 'expire' command");
    CHECK(run.show("PEXPIRE", "k", "9223372036854775807") == "-ERR invalid expire time in 'pexpire' command");
    CHECK(run.show("EXPIREAT", "k", "9223372036854776") == "-ERR invalid expire time in 'expireat' command");
    CHECK(run.show("EXPIRE", "k", "-9223372036854776") == "-ERR invalid expire time in 'expire' command");
    CHECK(run.show("EXPIRE", "k", 0) == "(integer) 1");  // removes
    CHECK(run.show("EXISTS", "k") == "(integer) 0");
    run("SET", "k", "v");
    CHECK(run.show("PEXPIREAT", "k", -5) == "(integer) 1");
    CHECK(run.show("EXISTS", "k") == "(integer) 0");
}

TEST_CASE("XX means the same alone and beside LT, on keys and on sessions", "[keys]") {
    CommandRunner run;
    run.set("session-max-ttl", "0");
    const std::string id = run("SESS.CREATE", "u", "TTL", 0, "IDLE", 100).at("id").text;
    run("SET", "k", "v");
    for (const std::string& key : {std::string("k"), id}) {
        CHECK(run.show("EXPIRE", key, 50, "XX") == "(integer) 0");  // an idle timeout is no expiry
        CHECK(run.show("EXPIRE", key, 50, "XX", "LT") == "(integer) 0");
        CHECK(run.show("EXPIRE", key, 50, "XX", "GT") == "(integer) 0");
        CHECK(run.show("EXPIRE", key, 50, "LT") == "(integer) 1");
        CHECK(run.show("EXPIRE", key, 60, "LT", "XX") == "(integer) 0");
        CHECK(run.show("EXPIRE", key, 40, "XX", "LT") == "(integer) 1");
        CHECK(run.show("EXPIRE", key, 70, "XX") == "(integer) 1");
        CHECK(run("PTTL", key).integer == 70'000);
    }
}

TEST_CASE("EXPIRE and PERSIST on sessions count a version and obey session-max-ttl", "[keys]") {
    CommandRunner run;
    const std::string id = run("SESS.CREATE", "alice", "TTL", 100).at("id").text;
    CHECK(run.show("EXPIRE", id, 2'592'000) == "(integer) 1");
    CHECK(run("SESS.GET", id).at("version").integer == 2);
    CHECK_THAT(run.show("EXPIRE", id, 2'592'001), StartsWith("-TM-ARG-1001 expiry"));
    CHECK_THAT(run.show("PEXPIREAT", id, "9223372036854775807"), StartsWith("-TM-ARG-1001 expiry"));
    CHECK(run.show("EXPIRE", absent_id, 2'592'001) == "(integer) 0");
    CHECK_THAT(run.show("PERSIST", id), StartsWith("-TM-ARG-1001 PERSIST"));
    CHECK(run.show("PERSIST", absent_id) == "(integer) 0");
    CHECK(run("SESS.GET", id).at("version").integer == 2);
    CHECK(run.show("EXPIRE", id, -1) == "(integer) 1");
    CHECK(run("SESS.GET", id).is_null());
    run.set("session-max-ttl", "0");
    const std::string other = run("SESS.CREATE", "alice", "TTL", 100).at("id").text;
    CHECK(run.show("PERSIST", other) == "(integer) 1");
    CHECK(run("SESS.GET", other).at("expires_at").integer == 0);
    CHECK(run.show("TTL", other) == "(integer) -1");
    CHECK_THAT(run.show("PEXPIREAT", other, "9223372036854775807"), StartsWith("-TM-ARG-1001 expiry"));  // beyond year 9999
}

TEST_CASE("RENAME, RENAMENX and COPY", "[keys]") {
    CommandRunner run;
    run("SET", "a", "1", "PX", 5000);
    run("SET", "b", "2");
    CHECK(run.show("RENAME", "none", "x") == "-ERR no such key");
    CHECK(run.show("RENAMENX", "none", "x") == "-ERR no such key");
    CHECK(run.show("RENAME", "none", "none") == "-ERR no such key");
    CHECK(run.show("RENAMENX", "a", "b") == "(integer) 0");
    CHECK(run.show("RENAMENX", "a", "a") == "(integer) 0");
    CHECK(run.show("RENAME", "a", "a") == "+OK");
    CHECK(run.show("RENAME", "a", "b") == "+OK");
    CHECK(run.show("GET", "b") == "\"1\"");
    CHECK(run.show("PTTL", "b") == "(integer) 5000");  // the expiry goes along
    CHECK(run.show("EXISTS", "a") == "(integer) 0");
    CHECK(run.show("RENAMENX", "b", "c") == "(integer) 1");
    CHECK(run.show("COPY", "c", "d") == "(integer) 1");
    CHECK(run.show("PTTL", "d") == "(integer) 5000");
    run("SET", "d", "other");
    CHECK(run.show("COPY", "c", "d") == "(integer) 0");
    CHECK(run.show("COPY", "c", "d", "REPLACE") == "(integer) 1");
    CHECK(run.show("GET", "d") == "\"1\"");
    CHECK(run.show("COPY", "none", "d", "replace") == "(integer) 0");
    CHECK(run.show("COPY", "c", "c", "DB", 3) == "(integer) 1");
    CHECK(run.show("COPY", "c", "c") == "-ERR source and destination objects are the same");
    CHECK(run.show("COPY", "c", "x", "DB", 16) == "-ERR DB index is out of range");
    CHECK(run.show("COPY", "c", "x", "DB", -1) == "-ERR DB index is out of range");
    CHECK(run.show("COPY", "c", "x", "DB", "z") == "-ERR value is not an integer or out of range");
    CHECK(run.show("COPY", "c", "x", "DB", "99999999999") ==
          "-ERR value is out of range, value must between -2147483648 and 2147483647");
    CHECK(run.show("COPY", "c", "x", "DB") == "-ERR syntax error");
    run.select(3);
    CHECK(run.show("GET", "c") == "\"1\"");
}

TEST_CASE("names of sessions are reserved for RENAME and COPY", "[keys]") {
    CommandRunner run;
    run("SET", "plain", "x");
    const std::string there = run("SESS.CREATE", "alice").at("id").text;
    for (const std::string& key : {there, absent_id, "tmss-" + std::string(26, '!')}) {
        INFO(key);
        CHECK(run.show("RENAME", "plain", key) == support::wrong_type_shown);
        CHECK(run.show("RENAMENX", "plain", key) == support::wrong_type_shown);
        CHECK(run.show("COPY", "plain", key) == support::wrong_type_shown);
        CHECK(run.show("RENAME", key, "x") == support::wrong_type_shown);
        CHECK(run.show("COPY", key, "x") == support::wrong_type_shown);
    }
    CHECK(run.show("GET", "plain") == "\"x\"");
    CHECK_FALSE(run("SESS.GET", there).is_null());
}

TEST_CASE("SCAN shows every key once and reads its options as Redis", "[keys]") {
    CommandRunner run;
    std::set<std::string> expected;
    for (int i = 0; i < 500; ++i) {
        expected.insert("key:" + std::to_string(i));
        run("SET", "key:" + std::to_string(i), i);
        if (i % 10 == 0) expected.insert(run("SESS.CREATE", "user" + std::to_string(i)).at("id").text);
    }
    for (const int count : {1, 10, 100, 2000, 1'000'000'000}) {
        std::multiset<std::string> seen;
        std::string cursor = "0";
        do {
            const Reply page = run("SCAN", cursor, "COUNT", count);
            cursor = page.items.at(0).text;
            for (const Reply& key : page.items.at(1).items) seen.insert(key.text);
        } while (cursor != "0");
        INFO("COUNT " << count);
        CHECK(seen.size() == expected.size());
        CHECK(std::set<std::string>(seen.begin(), seen.end()) == expected);
    }
    const Reply few = run("SCAN", 0, "COUNT", 20);  // as many as asked for, about
    CHECK(few.items.at(0).text != "0");
    CHECK(few.items.at(1).items.size() <= 60);
    CHECK(run("SCAN", 0, "COUNT", 5000, "TYPE", "Session").items.at(1).items.size() == 50);
    CHECK(run("SCAN", 0, "count", 5000, "type", "string", "match", "key:1?").items.at(1).items.size() == 10);
    CHECK(run("SCAN", 0, "COUNT", 5000, "TYPE", "hash").items.at(1).items.empty());
    CHECK(run("SCAN", 0, "COUNT", 5000, "MATCH", "tmss-*").items.at(1).items.size() == 50);
    for (const char* cursor : {"x", " 1", "1x", "99999999999999999999999", "1 "})
        CHECK(run.show("SCAN", cursor) == "-ERR invalid cursor");
    CHECK(run("SCAN", "-1").items.size() == 2);  // W-38, W-71: any number is a place
    CHECK(run("SCAN", "1000000000000000000").items.size() == 2);
    CHECK(run.show("SCAN", 0, "COUNT", 0) == "-ERR syntax error");
    CHECK(run.show("SCAN", 0, "COUNT", "x") == "-ERR value is not an integer or out of range");
    CHECK(run.show("SCAN", 0, "MATCH") == "-ERR syntax error");
    CHECK(run.show("SCAN", 0, "FOO", 1) == "-ERR syntax error");
}

TEST_CASE("KEYS goes in slices and answers once", "[keys]") {
    CommandRunner run;
    for (int i = 0; i < 3000; ++i) run("SET", "key:" + std::to_string(i), "v");
    CHECK_FALSE(run.start({"KEYS", "key:1*"}, 3));
    CHECK(run.finish().items.size() == 1111);
    CHECK(run.show("KEYS", "none*") == "[]");
    CHECK(run("KEYS", "*").items.size() == 3000);
    CHECK(run("KEYS", "key:[12]").items.size() == 2);
}

TEST_CASE("RANDOMKEY", "[keys]") {
    CommandRunner run;
    CHECK(run.show("RANDOMKEY") == "$-1");
    run("SET", "k", "v");
    CHECK(run.show("RANDOMKEY") == "\"k\"");
    run("DEL", "k");
    const std::string id = run("SESS.CREATE", "alice", "PX", 5).at("id").text;
    CHECK(run.show("RANDOMKEY") == "\"" + id + "\"");
    run.advance(5);
    CHECK(run.show("RANDOMKEY") == "$-1");
}

TEST_CASE("OBJECT", "[keys]") {
    CommandRunner run;
    run("SET", "n", "123456");
    run("SET", "s", "5");
    run("SET", "e", std::string(44, 'x'));
    run("SET", "r", std::string(45, 'x'));
    const std::string id = run("SESS.CREATE", "alice").at("id").text;
    CHECK(run.show("OBJECT", "ENCODING", "n") == "\"int\"");
    CHECK(run.show("OBJECT", "encoding", "e") == "\"embstr\"");
    CHECK(run.show("OBJECT", "ENCODING", "r") == "\"raw\"");
    CHECK(run.show("OBJECT", "ENCODING", id) == "\"packed\"");
    CHECK(run.show("OBJECT", "ENCODING", "none") == "$-1");
    CHECK(run.show("OBJECT", "ENCODING", absent_id) == "$-1");
    CHECK(run.show("OBJECT", "REFCOUNT", "n") == "(integer) 1");
    CHECK(run.show("OBJECT", "REFCOUNT", "s") == "(integer) 2147483647");
    CHECK(run.show("OBJECT", "REFCOUNT", id) == "(integer) 1");
    run("GET", "e");
    run.advance(4200);
    CHECK(run.show("OBJECT", "IDLETIME", "e") == "(integer) 4");
    CHECK(run.show("OBJECT", "IDLETIME", id) == "(integer) 4");
    CHECK(run.show("OBJECT", "IDLETIME", "none") == "$-1");
    CHECK_THAT(run.show("OBJECT", "FREQ", "e"), StartsWith("-ERR An LFU maxmemory policy is not selected, access frequency"));
    CHECK(run.show("OBJECT", "FREQ", "none") == "$-1");
    CHECK(run("OBJECT", "HELP").items.size() == 15);
    CHECK(run.show("OBJECT", "FOO", "e") == "-ERR unknown subcommand 'FOO'. Try OBJECT HELP.");
    CHECK(run.show("OBJECT") == "-ERR wrong number of arguments for 'object' command");
    CHECK(run.show("OBJECT", "ENCODING") == "-ERR wrong number of arguments for 'object|encoding' command");
}
