// SPDX-License-Identifier: MIT
// SESS.UPDATE, TOUCH, RENEW, ROTATE.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/support/command_runner.hpp"

using Catch::StartsWith;
using support::absent_id;
using support::CommandRunner;
using support::Reply;
using support::unknown_token;

namespace {}  // namespace

TEST_CASE("UPDATE with many names does what it does with few", "[session]") {
    CommandRunner run;
    const std::string id = run("SESS.CREATE", "alice", "DATA", 3, "a", "1", "n7", "old", "z", "2").at("id").text;
    std::vector<std::string> args{"SESS.UPDATE", id, "SET", "50"};
    for (int i = 0; i < 50; ++i) {
        args.push_back("n" + std::to_string(i % 40));  // the last ten again
        args.push_back(std::to_string(i));
    }
    for (const char* word : {"UNSET", "10000", "a"}) args.emplace_back(word);
    for (int i = 1; i < 10'000; ++i) args.push_back("m" + std::to_string(i));
    CHECK(run.call(args).integer == 2);
    const Reply data = run("SESS.GET", id).at("data");
    CHECK(data.items.size() == 2 * 41);
    CHECK(data.items[0].text == "n7");  // keeps its place
    CHECK(data.at("n7").text == "47");
    CHECK(data.at("n39").text == "39");
    CHECK(data.at("z").text == "2");
    CHECK_FALSE(data.has("a"));
    CHECK_THAT(run.show("SESS.UPDATE", id, "UNSET", 10'001), StartsWith("-TM-ARG-1001 UNSET: allowed 0..10000"));
}

TEST_CASE("UPDATE clears, unsets, sets, and counts a version each time", "[session]") {
    CommandRunner run;
    const std::string id = run("SESS.CREATE", "alice", "DATA", 2, "a", "1", "b", "2").at("id").text;
    CHECK(run.show("SESS.UPDATE", id, "SET", 1, "c", "3", "UNSET", 1, "a") == "(integer) 2");
    CHECK(run.show("SESS.GET", id, "FIELDS", 1, "data") == "[\"data\", [\"b\", \"2\", \"c\", \"3\"]]");
    CHECK(run.show("SESS.UPDATE", id, "SET", 2, "b", "old", "b", "new") == "(integer) 3");
    CHECK(run("SESS.GET", id).at("data").at("b").text == "new");
    CHECK(run.show("SESS.UPDATE", id, "SET", 1, "x", "y", "CLEAR", "DEVICE", "tv", "IFVERSION", 3) == "(integer) 4");
    CHECK(run.show("SESS.GET", id, "FIELDS", 2, "data", "device_id") == "[\"device_id\", \"tv\", \"data\", [\"x\", \"y\"]]");
    CHECK(run.show("SESS.UPDATE", id) == "(integer) 5");  // +1 even if nothing differs
    CHECK(run.show("SESS.UPDATE", id, "TTL", 5) == "(integer) 6");
    CHECK(run("SESS.GET", id).at("expires_at").integer == run.now() + 5000);
}

TEST_CASE("UPDATE with IFVERSION fails fast and changes nothing", "[session]") {
    CommandRunner run;
    const std::string id = run("SESS.CREATE", "alice").at("id").text;
    run("SESS.UPDATE", id);
    const auto before = run.appended();
    CHECK(run.show("SESS.UPDATE", id, "IFVERSION", 1, "SET", 1, "a", "b") == "-TM-SESS-4091 version moved: current version is 2");
    CHECK(run.appended() == before);
    CHECK_THAT(run.show("SESS.UPDATE", id, "IFVERSION", 0), StartsWith("-TM-ARG-1001 IFVERSION"));
    CHECK_THAT(run.show("SESS.UPDATE", id, "IFVERSION", "18446744073709551616"), StartsWith("-TM-ARG-1001 IFVERSION"));
}

TEST_CASE("UPDATE never creates, and says why not", "[session]") {
    CommandRunner run;
    const std::string id = run("SESS.CREATE", "alice", "PX", 10).at("id").text;
    CHECK_THAT(run.show("SESS.UPDATE", absent_id, "CLEAR"), StartsWith("-TM-SESS-4040"));
    CHECK_THAT(run.show("SESS.UPDATE", "no-id", "CLEAR"), StartsWith("-TM-SESS-4040"));
    CHECK_THAT(run.show("SESS.UPDATE", id, "SET", 1, std::string(65, 'n'), "v"), StartsWith("-TM-SESS-4001 data name 1"));
    CHECK_THAT(run.show("SESS.UPDATE", id, "DEVICE", ""), StartsWith("-TM-SESS-4001 device_id"));
    CHECK(run.show("SESS.UPDATE", id, "TTL", 5, "EXAT", 5) == "-TM-ARG-1003 TTL, PX, EXAT and PXAT exclude each other");
    CHECK(run.show("SESS.UPDATE", id, "TOKEN", "x") == "-ERR syntax error");
    CHECK(run.show("SESS.UPDATE", id, "CLEAR", "CLEAR") == "-ERR syntax error");
    for (int i = 0; i < 3; ++i)  // 3 x 1026 bytes fit
        CHECK_FALSE(run("SESS.UPDATE", id, "SET", 1, "n" + std::to_string(i), std::string(1024, 'v')).is_error());
    CHECK_THAT(run.show("SESS.UPDATE", id, "SET", 1, "n3", std::string(1024, 'v')), StartsWith("-TM-SESS-4001 data in all"));
    CHECK(run("SESS.GET", id).at("version").integer == 4);
    run.advance(10);
    CHECK_THAT(run.show("SESS.UPDATE", id, "CLEAR"), StartsWith("-TM-SESS-4041"));
    const std::string deleted = run("SESS.CREATE", "alice").at("id").text;
    run("SESS.DEL", deleted);
    CHECK_THAT(run.show("SESS.UPDATE", deleted, "CLEAR"), StartsWith("-TM-SESS-4041"));
    CHECK(run.show("SESS.COUNTUSER", "alice") == "(integer) 0");
}

TEST_CASE("TOUCH answers last_active, which never moves backwards", "[session]") {
    CommandRunner run;
    const std::string id = run("SESS.CREATE", "alice").at("id").text;
    run.advance(500);
    CHECK(run("SESS.TOUCH", id, "UA", "agent", "IP", "::1").integer == run.now());
    const storage::UnixMs touched = run.now();
    run.advance(-400);  // the wall clock steps back
    CHECK(run("SESS.TOUCH", id).integer == touched);
    const Reply session = run("SESS.GET", id);
    CHECK(session.at("last_access_ip").text == "::1");
    CHECK(session.at("last_access_ua").text == "agent");
    CHECK(session.at("version").integer == 1);
    CHECK_THAT(run.show("SESS.TOUCH", absent_id), StartsWith("-TM-SESS-4040"));
    CHECK_THAT(run.show("SESS.TOUCH", "no-id"), StartsWith("-TM-SESS-4040"));
    CHECK_THAT(run.show("SESS.TOUCH", id, "IP", "nonsense"), StartsWith("-TM-ARG-1001 IP"));
}

TEST_CASE("RENEW answers the new end and keeps what creation wrote", "[session]") {
    CommandRunner run;
    const std::string id = run("SESS.CREATE", "alice", "TTL", 10, "IP", "10.0.0.1", "UA", "first").at("id").text;
    run.advance(1000);
    CHECK(run("SESS.RENEW", id, "IFVERSION", 1, "TTL", 1000).integer == run.now() + 1'000'000);
    const Reply session = run("SESS.GET", id);
    CHECK(session.at("version").integer == 2);
    CHECK(session.at("ip_address").text == "10.0.0.1");
    CHECK(session.at("user_agent").text == "first");
    CHECK(run.show("SESS.RENEW", id, "TTL", 1000, "IFVERSION", 1) == "-TM-SESS-4091 version moved: current version is 2");
    CHECK_THAT(run.show("SESS.RENEW", id, "TTL", 2592001), StartsWith("-TM-ARG-1001 TTL"));
    CHECK_THAT(run.show("SESS.RENEW", id, "TTL", 0), StartsWith("-TM-ARG-1001 TTL"));
    CHECK(run.show("SESS.RENEW", id) == "-ERR syntax error");
    CHECK(run.show("SESS.RENEW", id, "PX", 5) == "-ERR syntax error");
    CHECK(run.show("SESS.RENEW", id, "IFVERSION", 2) == "-ERR syntax error");
    CHECK_THAT(run.show("SESS.RENEW", absent_id, "TTL", 5), StartsWith("-TM-SESS-4040"));
    run.set("session-max-ttl", "0");
    CHECK(run.show("SESS.RENEW", id, "TTL", 0) == "(integer) 0");
    CHECK(run("SESS.GET", id).at("expires_at").integer == 0);
}

TEST_CASE("ROTATE gives a new token, and the old one its grace", "[session][token]") {
    CommandRunner run;
    const Reply made = run("SESS.CREATE", "alice");
    const std::string id = made.at("id").text, first = made.at("token").text;
    const Reply rotated = run("SESS.ROTATE", first);
    REQUIRE(rotated.kind == Reply::Kind::bulk);
    const std::string second = rotated.text;
    CHECK(second.size() == 48);
    CHECK(run("SESS.GETBYTOKEN", first).at("id").text == id);
    CHECK(run("SESS.GETBYTOKEN", second).at("id").text == id);
    CHECK(run("SESS.GET", id).at("version").integer == 2);
    CHECK_THAT(run.show("SESS.ROTATE", first), StartsWith("-TM-TOKN-4012"));
    run.advance(5000);
    CHECK_THAT(run.show("SESS.VALIDATE", first), StartsWith("-TM-TOKN-4012"));
    const std::string third = run("SESS.ROTATE", second, "GRACE", 300).text;
    const std::string fourth = run("SESS.ROTATE", third, "grace", 300).text;
    CHECK_THAT(run.show("SESS.VALIDATE", second), StartsWith("-TM-TOKN-4012"));  // at most one previous token
    CHECK_FALSE(run("SESS.VALIDATE", third).is_error());
    const std::string fifth = run("SESS.ROTATE", fourth, "GRACE", 0).text;
    CHECK_THAT(run.show("SESS.VALIDATE", fourth), StartsWith("-TM-TOKN-4012"));
    CHECK(run.show("SESS.DEL", id) == "(integer) 1");
    CHECK_THAT(run.show("SESS.VALIDATE", fifth), StartsWith("-TM-TOKN-4012"));
    CHECK_THAT(run.show("SESS.ROTATE", fifth), StartsWith("-TM-TOKN-4012"));
    CHECK_THAT(run.show("SESS.ROTATE", unknown_token), StartsWith("-TM-TOKN-4010"));
    CHECK_THAT(run.show("SESS.ROTATE", "short"), StartsWith("-TM-TOKN-4000"));
    CHECK(run.show("SESS.ROTATE", fifth, "GRACE", 301) == "-TM-ARG-1001 GRACE: allowed 0..300");
    CHECK(run.show("SESS.ROTATE", fifth, "NONCE", "n") == "-ERR syntax error");
}
