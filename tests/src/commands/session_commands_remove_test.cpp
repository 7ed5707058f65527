// SPDX-License-Identifier: MIT
// SESS.DEL, DELBYTOKEN, DELUSER: idempotent, bounded, one log record each.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/support/command_runner.hpp"

using Catch::StartsWith;
using support::absent_id;
using support::CommandRunner;

namespace {

std::uint64_t records(const CommandRunner& run) { return storage::value(run.appended()); }

}  // namespace

TEST_CASE("DEL counts what was there", "[session]") {
    CommandRunner run;
    const std::string one = run("SESS.CREATE", "alice").at("id").text, two = run("SESS.CREATE", "bob").at("id").text;
    const auto before = records(run);
    CHECK(run.show("SESS.DEL", one, absent_id, two, one, "no-id") == "(integer) 2");
    CHECK(records(run) == before + 1);
    CHECK(run.show("SESS.DEL", one, two) == "(integer) 0");
    CHECK(run.show("SESS.DEL", "no-id") == "(integer) 0");
    CHECK(records(run) == before + 1);  // nothing there, nothing logged (W-73)
    CHECK(run.show("SESS.DEL") == "-ERR wrong number of arguments for 'sess.del' command");
    std::vector<std::string> many(1001, absent_id);
    many.insert(many.begin(), "SESS.DEL");
    CHECK_THAT(run.call(many).shown(), StartsWith("-TM-ARG-1001 id: allowed 1..1000"));
    many.pop_back();
    CHECK(run.call(many).shown() == "(integer) 0");
}

TEST_CASE("DELBYTOKEN counts what was there", "[session]") {
    CommandRunner run;
    const std::string one = run("SESS.CREATE", "alice").at("token").text, two = run("SESS.CREATE", "bob").at("token").text;
    CHECK(run.show("SESS.DELBYTOKEN", one, "unknown-0123456789", "short", two, two) == "(integer) 2");
    CHECK(run.show("SESS.DELBYTOKEN", one) == "(integer) 0");
    CHECK(run.show("SESS.COUNT") == "(integer) 0");
}

TEST_CASE("DELUSER logs out everywhere, or everywhere else, in one record", "[session]") {
    CommandRunner run;
    run.set("session-max-per-user", "10000");
    std::string kept;
    for (int i = 0; i < 700; ++i) kept = run("SESS.CREATE", "alice").at("id").text;
    run("SESS.CREATE", "bob");
    run.select(1);
    run("SESS.CREATE", "alice");
    run.select(0);
    const auto before = records(run);
    CHECK(run.show("SESS.DELUSER", "alice", "EXCEPT", "no-id") ==
          "-TM-ARG-1001 EXCEPT: allowed tmss- and 26 characters of Crockford's base32");
    CHECK(run.show("SESS.DELUSER", "alice", "BUT", kept) == "-ERR syntax error");
    CHECK(records(run) == before);
    CHECK(run.show("SESS.DELUSER", "alice", "except", kept) == "(integer) 699");
    CHECK(records(run) == before + 1);
    CHECK(run("SESS.LISTUSER", "alice").items.at(0).at("id").text == kept);
    CHECK(run.show("SESS.DELUSER", "alice") == "(integer) 1");
    CHECK(run.show("SESS.DELUSER", "alice") == "(integer) 0");
    CHECK(run.show("SESS.DELUSER", "") == "(integer) 0");
    CHECK(run.show("SESS.COUNT") == "(integer) 1");
    run.select(1);
    CHECK(run.show("SESS.COUNT") == "(integer) 1");  // the current database only
}
