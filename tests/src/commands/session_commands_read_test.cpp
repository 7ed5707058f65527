// SPDX-License-Identifier: MIT
// SESS.GET, GETBYTOKEN, VALIDATE, LISTUSER, COUNTUSER, COUNT, STATS, HELP.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/support/command_runner.hpp"

using Catch::Contains;
using Catch::StartsWith;
using support::absent_id;
using support::CommandRunner;
using support::Reply;
using support::unknown_token;

namespace {

std::vector<std::string> ids_of(const Reply& sessions) {
    std::vector<std::string> ids;
    for (const Reply& session : sessions.items) ids.push_back(session.at("id").text);
    return ids;
}

}  // namespace

TEST_CASE("GET answers null for what is absent, expired, deleted or no id", "[session]") {
    CommandRunner run;
    CHECK(run.bytes().empty());
    CHECK(run("SESS.GET", absent_id).is_null());
    CHECK(run.bytes() == "$-1\r\n");
    CHECK(run("SESS.GET", "no-id").is_null());
    const std::string id = run("SESS.CREATE", "alice", "PX", 10).at("id").text;
    CHECK(run("SESS.GET", id).at("user_id").text == "alice");
    run.advance(9);
    CHECK_FALSE(run("SESS.GET", id).is_null());
    run.advance(1);
    CHECK(run("SESS.GET", id).is_null());  // from its due millisecond
    const std::string other = run("SESS.CREATE", "alice").at("id").text;
    run("SESS.DEL", other);
    CHECK(run("SESS.GET", other).is_null());
    CHECK(run.depends_on() == run.appended());  // absence waits for the removal
    run.use_resp(3);
    run("SESS.GET", other);
    CHECK(run.bytes() == "_\r\n");
}

TEST_CASE("FIELDS picks, in fixed order, and knows its names", "[session]") {
    CommandRunner run;
    const Reply made = run("SESS.CREATE", "alice", "DATA", 1, "k", "v");
    const std::string id = made.at("id").text, token = made.at("token").text;
    CHECK(run.show("SESS.GET", id, "FIELDS", 3, "version", "user_id", "ip_address") ==
          "[\"user_id\", \"alice\", \"version\", (integer) 1]");
    CHECK(run.show("SESS.GETBYTOKEN", token, "fields", 1, "data") == "[\"data\", [\"k\", \"v\"]]");
    CHECK(run.show("SESS.LISTUSER", "alice", "FIELDS", 1, "id") == "[[\"id\", \"" + id + "\"]]");
    CHECK_THAT(run.show("SESS.GET", id, "FIELDS", 1, "token"), StartsWith("-TM-ARG-1001 FIELDS: allowed id, user_id, "));
    CHECK_THAT(run.show("SESS.GET", id, "FIELDS", 0), StartsWith("-TM-ARG-1001 FIELDS"));
    CHECK_THAT(run.show("SESS.GET", id, "FIELDS", 15, "id"), StartsWith("-TM-ARG-1001 FIELDS"));
    CHECK(run.show("SESS.GET", id, "FIELDS", 2, "id") == "-ERR syntax error");
    CHECK(run.show("SESS.GET", id, "FIELDS") == "-ERR syntax error");
    CHECK(run.show("SESS.GET", id, "id") == "-ERR syntax error");
    CHECK(run.show("SESS.GET") == "-ERR wrong number of arguments for 'sess.get' command");
}

TEST_CASE("GETBYTOKEN does not tell unknown, expired, revoked and malformed apart; VALIDATE does", "[session][token]") {
    CommandRunner run;
    const Reply live = run("SESS.CREATE", "alice", "TTL", 1000);
    const Reply valid = run("SESS.VALIDATE", live.at("token").text);
    CHECK(valid.shown() == "[\"id\", \"" + live.at("id").text + "\", \"user_id\", \"alice\", \"expires_at\", (integer) " +
                               std::to_string(run.now() + 1'000'000) + "]");
    const std::string expired = run("SESS.CREATE", "alice", "PX", 5).at("token").text;
    const std::string revoked = run("SESS.CREATE", "alice").at("token").text;
    run("SESS.DELBYTOKEN", revoked);
    run.advance(5);
    CHECK_THAT(run.show("SESS.VALIDATE", unknown_token), StartsWith("-TM-TOKN-4010"));
    CHECK_THAT(run.show("SESS.VALIDATE", expired), StartsWith("-TM-TOKN-4011"));
    CHECK_THAT(run.show("SESS.VALIDATE", revoked), StartsWith("-TM-TOKN-4012"));
    for (const std::string& malformed : {std::string("short"), std::string(1025, 'x'), std::string("0123456789abcdef\r\n")}) {
        CHECK_THAT(run.show("SESS.VALIDATE", malformed), StartsWith("-TM-TOKN-4000"));
        CHECK(run("SESS.GETBYTOKEN", malformed).is_null());
    }
    for (const std::string& token : {unknown_token, expired, revoked}) CHECK(run("SESS.GETBYTOKEN", token).is_null());
    CHECK(run.show("SESS.VALIDATE", live.at("token").text, "FIELDS", 1, "id") == "-ERR syntax error");
    run.upkeep();
    CHECK_THAT(run.show("SESS.VALIDATE", expired), StartsWith("-TM-TOKN-4011"));
    run.advance(600'000);  // expired ones are remembered for 10 minutes, revoked ones for longer
    run.upkeep();
    CHECK_THAT(run.show("SESS.VALIDATE", expired), StartsWith("-TM-TOKN-4010"));
    CHECK_THAT(run.show("SESS.VALIDATE", revoked), StartsWith("-TM-TOKN-4012"));
}

TEST_CASE("TOUCH moves last_active and the last address, never those of creation", "[session][token]") {
    CommandRunner run;
    const Reply made = run("SESS.CREATE", "alice", "IP", "10.0.0.1", "UA", "first");
    const std::string id = made.at("id").text, token = made.at("token").text;
    const storage::UnixMs created = run.now();
    run.advance(1000);
    CHECK_FALSE(run("SESS.GETBYTOKEN", token, "IP", "10.9.9.9", "UA", "x").has("last_access_ip"));  // without TOUCH nothing moves
    CHECK(run("SESS.GET", id).at("last_active").integer == created);
    run("SESS.GETBYTOKEN", token, "UA", std::string(600, 'z'), "IP", "10.0.0.2", "TOUCH");
    const Reply session = run("SESS.GET", id);
    CHECK(session.at("last_active").integer == created + 1000);
    CHECK(session.at("last_access_ip").text == "10.0.0.2");
    CHECK(session.at("last_access_ua").text == std::string(512, 'z'));
    CHECK(session.at("ip_address").text == "10.0.0.1");
    CHECK(session.at("user_agent").text == "first");
    CHECK(session.at("version").integer == 1);
    run("SESS.VALIDATE", token, "TOUCH", "IP", "::1");
    CHECK(run("SESS.GET", id).at("last_access_ip").text == "::1");
    CHECK_THAT(run.show("SESS.GETBYTOKEN", token, "TOUCH", "IP", "nonsense"), StartsWith("-TM-ARG-1001 IP"));
    CHECK(run.show("SESS.GETBYTOKEN", token, "TOUCH", "TOUCH") == "-ERR syntax error");
}

TEST_CASE("an idle session slides with TOUCH and ends without it", "[session][token]") {
    CommandRunner run;
    const std::string token = run("SESS.CREATE", "alice", "TTL", 60, "IDLE", 10).at("token").text;
    for (int i = 0; i < 5; ++i) {
        run.advance(9000);
        REQUIRE_FALSE(run("SESS.GETBYTOKEN", token, "TOUCH").is_null());
    }
    run.advance(9000);
    CHECK_FALSE(run("SESS.GETBYTOKEN", token).is_null());
    run.advance(1000);
    CHECK_THAT(run.show("SESS.VALIDATE", token), StartsWith("-TM-TOKN-4011"));
}

TEST_CASE("LISTUSER is newest first, pages, and counts are live ones", "[session][list]") {
    CommandRunner run;
    std::vector<std::string> newest_first;
    for (int i = 0; i < 5; ++i) {
        newest_first.insert(newest_first.begin(), run("SESS.CREATE", "alice").at("id").text);
        run.advance(1);
    }
    run("SESS.CREATE", "alice2", "PX", 5);
    CHECK(ids_of(run("SESS.LISTUSER", "alice")) == newest_first);
    CHECK(ids_of(run("SESS.LISTUSER", "alice", "LIMIT", 1, 2)) == std::vector<std::string>{newest_first[1], newest_first[2]});
    CHECK(run.show("SESS.LISTUSER", "alice", "LIMIT", 5, 1) == "[]");
    CHECK(ids_of(run("SESS.LISTUSER", "alice", "LIMIT", 0, 10000)) == newest_first);  // as many as a user may have
    CHECK(run.show("SESS.LISTUSER", "alice", "LIMIT", 0, 0) == "[]");
    CHECK(run.show("SESS.LISTUSER", "nobody") == "[]");
    CHECK(run.show("SESS.LISTUSER", "") == "[]");
    CHECK(run.show("SESS.COUNTUSER", "alice") == "(integer) 5");
    CHECK(run.show("SESS.COUNTUSER", std::string(1000, 'u')) == "(integer) 0");
    CHECK(run.show("SESS.COUNT") == "(integer) 6");
    run.select(2);
    CHECK(run.show("SESS.COUNT") == "(integer) 0");
    CHECK(run.show("SESS.LISTUSER", "alice") == "[]");
    // W-38 of the predecessor: a page number that overflowed ended the process.
    for (const char* offset : {"-1", "100001", "9223372036854775807", "1000000000000000000", "10000000000000000000", "x"})
        CHECK_THAT(run.show("SESS.LISTUSER", "alice", "LIMIT", offset, 1), StartsWith("-TM-ARG-1001 LIMIT offset"));
    CHECK_THAT(run.show("SESS.LISTUSER", "alice", "LIMIT", 0, 10001), StartsWith("-TM-ARG-1001 LIMIT count"));
    CHECK_THAT(run.show("SESS.LISTUSER", "alice", "LIMIT", 100'000, 1), StartsWith("-TM-ARG-1001 LIMIT"));
    CHECK(run.show("SESS.LISTUSER", "alice", "LIMIT", 0) == "-ERR syntax error");
}

TEST_CASE("STATS is a map of figures, HELP one line a command", "[session]") {
    CommandRunner run;
    run("SESS.CREATE", "alice");
    run("SESS.DEL", run("SESS.CREATE", "bob").at("id").text);
    const Reply stats = run("SESS.STATS");
    CHECK(stats.at("sessions").integer == 1);
    CHECK(stats.at("created").integer == 2);
    CHECK(stats.at("revoked").integer == 1);
    const Reply help = run("SESS.HELP");
    CHECK(help.items.size() == server::commands::session_commands().size());
    CHECK_THAT(help.items[0].text, StartsWith("SESS.CREATE user ") && Contains("[IDLE seconds]"));
}
