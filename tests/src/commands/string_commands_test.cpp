// SPDX-License-Identifier: MIT
// Plain strings. Every answer was taken from redis-server 7.0.15, the order of errors included.
#include <boost/json.hpp>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/support/command_runner.hpp"

using support::CommandRunner;

namespace {

const std::string syntax = "-ERR syntax error";
const std::string not_an_integer = "-ERR value is not an integer or out of range";
const std::string not_a_float = "-ERR value is not a valid float";

}  // namespace

TEST_CASE("SET and GET, with every option", "[string]") {
    CommandRunner run;
    CHECK(run.show("GET", "k") == "$-1");
    CHECK(run.show("SET", "k", std::string("\0\r\n\xff", 4)) == "+OK");
    CHECK(run("GET", "k").text == std::string("\0\r\n\xff", 4));
    CHECK(run.show("SET", "k", "1", "NX") == "$-1");
    CHECK(run.show("SET", "x", "1", "XX") == "$-1");
    CHECK(run.show("SET", "k", "2", "xx", "get") == "\"" + std::string("\0\r\n\xff", 4) + "\"");
    CHECK(run.show("SET", "k", "3", "NX", "GET") == "\"2\"");
    CHECK(run.show("SET", "n", "1", "GET", "NX") == "$-1");
    CHECK(run.show("GET", "n") == "\"1\"");
    CHECK(run.show("SET", "k", "3", "EX", 10) == "+OK");
    CHECK(run.show("PTTL", "k") == "(integer) 10000");
    CHECK(run.show("SET", "k", "4", "KEEPTTL") == "+OK");
    CHECK(run.show("PTTL", "k") == "(integer) 10000");
    CHECK(run.show("SET", "k", "4") == "+OK");
    CHECK(run.show("PTTL", "k") == "(integer) -1");
    run("SET", "k", "5", "PX", 7);
    CHECK(run.show("PTTL", "k") == "(integer) 7");
    run("SET", "k", "5", "EXAT", run.now() / 1000 + 5);
    CHECK(run("PEXPIRETIME", "k").integer == run.now() + 5000);
    run("SET", "k", "5", "PXAT", run.now() + 3);
    run.advance(3);
    CHECK(run.show("GET", "k") == "$-1");
    CHECK(run.show("SET", "k", "1", "EX", 10, "ex", 20) == "+OK");  // Redis lets a word be repeated
    CHECK(run.show("TTL", "k") == "(integer) 20");
    CHECK(run.show("SET", "k", "1", "EXAT", 1) == "+OK");
    CHECK(run.show("GET", "k") == "$-1");
    CHECK(run.show("SET", "k", "") == "+OK");
    CHECK(run.show("GET", "k") == "\"\"");
}

TEST_CASE("what SET refuses", "[string]") {
    CommandRunner run;
    run("SET", "k", "old");
    const auto before = run.appended();
    const std::string invalid = "-ERR invalid expire time in 'set' command";
    CHECK(run.show("SET", "k", "1", "NX", "XX") == syntax);
    CHECK(run.show("SET", "k", "1", "EX") == syntax);
    CHECK(run.show("SET", "k", "1", "EX", 10, "PX", 20) == syntax);
    CHECK(run.show("SET", "k", "1", "KEEPTTL", "EX", 10) == syntax);
    CHECK(run.show("SET", "k", "1", "EX", 10, "KEEPTTL") == syntax);
    CHECK(run.show("SET", "k", "1", "PERSIST") == syntax);
    CHECK(run.show("SET", "k", "1", "FOO") == syntax);
    CHECK(run.show("SET", "k", "1", "EX", "x") == not_an_integer);
    CHECK(run.show("SET", "k", "1", "EX", "NX") == not_an_integer);
    CHECK(run.show("SET", "k", "1", "EX", 0) == invalid);
    CHECK(run.show("SET", "k", "1", "EX", -1, "NX", "GET") == invalid);
    CHECK(run.show("SET", "k", "1", "EX", "9223372036854775807") == invalid);
    CHECK(run.show("SET", "k", "1", "EX", "9223372036854775") == invalid);
    CHECK(run.show("SET", "k", "1", "PX", "9223372036854775807") == invalid);
    CHECK(run.show("SET", "k", "1", "EXAT", "9223372036854776") == invalid);
    CHECK(run.show("SET", "k") == "-ERR wrong number of arguments for 'set' command");
    CHECK(run.appended() == before);
    CHECK(run.show("SET", "k", "1", "PXAT", "9223372036854775807") == "+OK");
}

TEST_CASE("SETEX, PSETEX, SETNX, GETSET, GETDEL", "[string]") {
    CommandRunner run;
    CHECK(run.show("SETEX", "k", 10, "v") == "+OK");
    CHECK(run.show("TTL", "k") == "(integer) 10");
    CHECK(run.show("PSETEX", "k", 1500, "v") == "+OK");
    CHECK(run.show("PTTL", "k") == "(integer) 1500");
    CHECK(run.show("SETEX", "k", 0, "v") == "-ERR invalid expire time in 'setex' command");
    CHECK(run.show("PSETEX", "k", -1, "v") == "-ERR invalid expire time in 'psetex' command");
    CHECK(run.show("SETEX", "k", "x", "v") == not_an_integer);
    CHECK(run.show("SETNX", "k", "w") == "(integer) 0");
    CHECK(run.show("SETNX", "n", "w") == "(integer) 1");
    CHECK(run.show("GETSET", "k", "w") == "\"v\"");
    CHECK(run.show("PTTL", "k") == "(integer) -1");
    CHECK(run.show("GETSET", "none", "w") == "$-1");
    CHECK(run.show("GETDEL", "k") == "\"w\"");
    CHECK(run.show("GETDEL", "k") == "$-1");
}

TEST_CASE("GETEX", "[string]") {
    CommandRunner run;
    run("SET", "k", "v");
    CHECK(run.show("GETEX", "k") == "\"v\"");
    CHECK(run.show("PTTL", "k") == "(integer) -1");
    CHECK(run.show("GETEX", "k", "EX", 10) == "\"v\"");
    CHECK(run.show("PTTL", "k") == "(integer) 10000");
    CHECK(run.show("GETEX", "k", "PX", 5, "px", 6) == "\"v\"");
    CHECK(run.show("PTTL", "k") == "(integer) 6");
    CHECK(run.show("GETEX", "k", "PERSIST", "PERSIST") == "\"v\"");
    CHECK(run.show("PTTL", "k") == "(integer) -1");
    CHECK(run.show("GETEX", "k", "PXAT", run.now() + 9) == "\"v\"");
    CHECK(run.show("PTTL", "k") == "(integer) 9");
    for (const std::vector<std::string>& bad : std::vector<std::vector<std::string>>{
             {"KEEPTTL"}, {"NX"}, {"GET"}, {"EX"}, {"PERSIST", "EX", "1"}, {"EX", "1", "PERSIST"}, {"EX", "1", "PX", "1"}}) {
        std::vector<std::string> args{"GETEX", "k"};
        args.insert(args.end(), bad.begin(), bad.end());
        CHECK(run.call(args).shown() == syntax);
    }
    CHECK(run.show("GETEX", "k", "EX", 0) == "-ERR invalid expire time in 'getex' command");
    CHECK(run.show("GETEX", "k", "EX", "x") == not_an_integer);
    CHECK(run.show("GETEX", "none", "EX", "x") == "$-1");  // the key is looked for first
    CHECK(run.show("GETEX", "k", "EXAT", 5) == "\"v\"");
    CHECK(run.show("EXISTS", "k") == "(integer) 0");
}

TEST_CASE("MGET, MSET, MSETNX", "[string]") {
    CommandRunner run;
    CHECK(run.show("MSET", "a", "1", "b", "2", "a", "3") == "+OK");
    CHECK(run.show("MGET", "a", "none", "b", "a") == "[\"3\", $-1, \"2\", \"3\"]");
    CHECK(run.show("MSETNX", "c", "1", "a", "9") == "(integer) 0");
    CHECK(run.show("EXISTS", "c") == "(integer) 0");
    CHECK(run.show("MSETNX", "c", "1", "d", "2") == "(integer) 1");
    CHECK(run.show("MSET", "a") == "-ERR wrong number of arguments for 'mset' command");
    CHECK(run.show("MSET", "a", "1", "b") == "-ERR wrong number of arguments for 'mset' command");
    CHECK(run.show("MSETNX", "a", "1", "b") == "-ERR wrong number of arguments for 'msetnx' command");
    run("SET", "t", "v", "EX", 10);
    run("MSET", "t", "w");
    CHECK(run.show("TTL", "t") == "(integer) -1");
}

TEST_CASE("STRLEN, APPEND, GETRANGE, SETRANGE", "[string]") {
    CommandRunner run;
    CHECK(run.show("STRLEN", "k") == "(integer) 0");
    CHECK(run.show("APPEND", "k", "Hello") == "(integer) 5");
    run("EXPIRE", "k", 100);
    CHECK(run.show("APPEND", "k", " World") == "(integer) 11");
    CHECK(run.show("TTL", "k") == "(integer) 100");
    CHECK(run.show("STRLEN", "k") == "(integer) 11");
    CHECK(run.show("GETRANGE", "k", 0, 4) == "\"Hello\"");
    CHECK(run.show("GETRANGE", "k", -5, -1) == "\"World\"");
    CHECK(run.show("GETRANGE", "k", -1, -5) == "\"\"");
    CHECK(run.show("GETRANGE", "k", -100, 100) == "\"Hello World\"");
    CHECK(run.show("GETRANGE", "k", 5, 3) == "\"\"");
    CHECK(run.show("GETRANGE", "k", "-9223372036854775808", "9223372036854775807") == "\"Hello World\"");
    CHECK(run.show("GETRANGE", "none", 0, -1) == "\"\"");
    CHECK(run.show("GETRANGE", "k", "x", 1) == not_an_integer);
    CHECK(run.show("SETRANGE", "k", 6, "Redis") == "(integer) 11");
    CHECK(run.show("GET", "k") == "\"Hello Redis\"");
    CHECK(run.show("SETRANGE", "n", 3, "x") == "(integer) 4");
    CHECK(run("GET", "n").text == std::string("\0\0\0x", 4));
    CHECK(run.show("SETRANGE", "none", 5, "") == "(integer) 0");
    CHECK(run.show("SETRANGE", "none", 600'000'000, "") == "(integer) 0");
    CHECK(run.show("EXISTS", "none") == "(integer) 0");
    CHECK(run.show("SETRANGE", "k", 0, "") == "(integer) 11");
    CHECK(run.show("SETRANGE", "k", -1, "x") == "-ERR offset is out of range");
    CHECK(run.show("SETRANGE", "k", "x", "x") == not_an_integer);
    const std::string too_large = "-ERR string exceeds maximum allowed size (proto-max-bulk-len)";
    CHECK(run.show("SETRANGE", "k", 600'000'000, "x") == too_large);
    CHECK(run.show("SETRANGE", "k", "9223372036854775807", "x") == too_large);
}

TEST_CASE("the INCR family", "[string]") {
    CommandRunner run;
    CHECK(run.show("INCR", "n") == "(integer) 1");
    CHECK(run.show("INCRBY", "n", 41) == "(integer) 42");
    CHECK(run.show("DECR", "n") == "(integer) 41");
    CHECK(run.show("DECRBY", "n", 50) == "(integer) -9");
    CHECK(run.show("GET", "n") == "\"-9\"");
    CHECK(run.show("INCRBY", "n", "x") == not_an_integer);
    CHECK(run.show("INCRBY", "n", "9223372036854775808") == not_an_integer);
    CHECK(run.show("DECRBY", "n", "-9223372036854775808") == "-ERR decrement would overflow");
    run("SET", "n", "9223372036854775807");
    CHECK(run.show("INCR", "n") == "-ERR increment or decrement would overflow");
    run("SET", "n", "-9223372036854775808");
    CHECK(run.show("DECR", "n") == "-ERR increment or decrement would overflow");
    for (const char* text : {"x", " 1", "1.0", "01", ""}) {
        run("SET", "n", text);
        CHECK(run.show("INCR", "n") == not_an_integer);
    }
    run("SET", "n", "1", "EX", 10);
    run("INCR", "n");
    CHECK(run.show("TTL", "n") == "(integer) 10");
}

TEST_CASE("INCRBYFLOAT", "[string]") {
    CommandRunner run;
    CHECK(run.show("INCRBYFLOAT", "f", "10.50") == "\"10.5\"");
    CHECK(run.show("INCRBYFLOAT", "f", "0.1") == "\"10.6\"");
    CHECK(run.show("INCRBYFLOAT", "f", "-5") == "\"5.6\"");
    run("SET", "f", "5.0e3");
    CHECK(run.show("INCRBYFLOAT", "f", "2.0e2") == "\"5200\"");
    CHECK(run.show("INCRBYFLOAT", "f", "0x10") == "\"5216\"");
    CHECK(run.show("INCRBYFLOAT", "f", "inf") == "-ERR increment would produce NaN or Infinity");
    for (const char* bad : {"nan", "x", " 1", "1 ", ""}) CHECK(run.show("INCRBYFLOAT", "f", bad) == not_a_float);
    for (const char* text : {"x", "nan", "1e101010", " 1"}) {
        run("SET", "f", text);
        CHECK(run.show("INCRBYFLOAT", "f", "1") == not_a_float);
    }
    run("SET", "f", "inf");
    CHECK(run.show("INCRBYFLOAT", "f", "1") == "-ERR increment would produce NaN or Infinity");
}

TEST_CASE("names of sessions are reserved: GET shows them, nothing writes them", "[string]") {
    CommandRunner run;
    const std::string there = run("SESS.CREATE", "alice", "DATA", 2, "cart", "3", "raw", "\xff").at("id").text;
    const std::string absent = "tmss-01arz3ndektsv4rrffq69g5fav";
    const std::string before = run.show("SESS.GET", there);
    const auto records = run.appended();
    for (const std::string& key : {there, absent, "tmss-" + std::string(26, 'u')}) {
        INFO(key);
        CHECK(run.show("SET", key, "v") == support::wrong_type_shown);
        CHECK(run.show("SET", key, "v", "GET") == support::wrong_type_shown);
        CHECK(run.show("SETEX", key, 10, "v") == support::wrong_type_shown);
        CHECK(run.show("PSETEX", key, 10, "v") == support::wrong_type_shown);
        CHECK(run.show("SETNX", key, "v") == support::wrong_type_shown);
        CHECK(run.show("GETSET", key, "v") == support::wrong_type_shown);
        CHECK(run.show("GETDEL", key) == support::wrong_type_shown);
        CHECK(run.show("GETEX", key) == support::wrong_type_shown);
        CHECK(run.show("GETEX", key, "EX", "x") == support::wrong_type_shown);
        CHECK(run.show("APPEND", key, "v") == support::wrong_type_shown);
        CHECK(run.show("SETRANGE", key, 1, "v") == support::wrong_type_shown);
        CHECK(run.show("INCR", key) == support::wrong_type_shown);
        CHECK(run.show("INCRBYFLOAT", key, "x") == support::wrong_type_shown);
        CHECK(run.show("MSET", "other", "1", key, "v") == support::wrong_type_shown);
        CHECK(run.show("MSETNX", "other", "1", key, "v") == support::wrong_type_shown);
        CHECK(run.show("MGET", key) == "[$-1]");
    }
    CHECK(run.appended() == records);
    CHECK(run.show("SESS.GET", there) == before);
    CHECK(run.show("STRLEN", there) == support::wrong_type_shown);
    CHECK(run.show("GETRANGE", there, 0, 1) == support::wrong_type_shown);
    CHECK(run.show("GET", absent) == "$-1");
    const auto json = boost::json::parse(run("GET", there).text).as_object();
    CHECK(json.at("id").as_string() == there);
    CHECK(json.at("data").at("cart").as_string() == "3");
    CHECK(json.at("data").at("raw").at("base64").as_string() == "/w==");
}
