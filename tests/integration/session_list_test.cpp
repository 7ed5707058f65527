// SPDX-License-Identifier: MIT
// Sessions of a user and of everybody: LISTUSER, DELUSER, counts, quotas, LIST with its filters, STATS, HELP, databases.
#include "tests/support/integration.hpp"

#include <set>

namespace integration {

namespace {

std::vector<std::string> ids_of(const Reply& sessions) {
    std::vector<std::string> ids;
    for (const Reply& session : sessions.items) {
        ids.push_back(session.at("id").text);
    }
    return ids;
}

}  // namespace

TEST_CASE("LISTUSER is newest first, and LIMIT pages it", "[session][list]") {
    ServerProcess server;
    Redis redis = server.redis();
    std::vector<std::string> newest_first;
    for (int i = 0; i < 5; ++i) {
        newest_first.insert(newest_first.begin(), create(redis, "alice").at("id").text);
        const std::int64_t tick = now_ms();
        REQUIRE(eventually([&] { return now_ms() > tick; }));
    }
    create(redis, "alice2");
    CHECK(ids_of(redis("SESS.LISTUSER", "alice")) == newest_first);
    const Reply page = redis("SESS.LISTUSER", "alice", "LIMIT", 1, 2);
    CHECK(ids_of(page) == std::vector<std::string>{newest_first[1], newest_first[2]});
    CHECK(redis.show("SESS.LISTUSER", "nobody") == "[]");
    CHECK(redis.show("SESS.COUNTUSER", "alice") == "(integer) 5");
    CHECK(redis.show("SESS.COUNT") == "(integer) 6");
}

TEST_CASE("DELUSER logs out everywhere, or everywhere else", "[session][list]") {
    ServerProcess server({"--session-max-per-user", "1000"});
    Redis redis = server.redis();
    std::string kept;
    std::vector<std::string> tokens;
    for (int i = 0; i < 600; ++i) {  // more than one slice of 256
        const Reply made = create(redis, "alice");
        kept = made.at("id").text;
        tokens.push_back(made.at("token").text);
    }
    create(redis, "bob");
    CHECK(redis.show("SESS.DELUSER", "alice", "EXCEPT", kept) == "(integer) 599");
    CHECK(ids_of(redis("SESS.LISTUSER", "alice")) == std::vector<std::string>{kept});
    CHECK(redis("SESS.GETBYTOKEN", tokens.front()).is_null());
    CHECK_FALSE(redis("SESS.GETBYTOKEN", tokens.back()).is_null());
    CHECK(redis.show("SESS.DELUSER", "alice") == "(integer) 1");
    CHECK(redis.show("SESS.DELUSER", "alice") == "(integer) 0");
    CHECK(redis.show("SESS.COUNT") == "(integer) 1");
    server.restart_hard();
    Redis again = server.redis();
    CHECK(again.show("SESS.COUNT") == "(integer) 1");
    CHECK(again.show("SESS.COUNTUSER", "alice") == "(integer) 0");
}

TEST_CASE("the quota rejects, or puts out the oldest in the same step", "[session][quota]") {
    ServerProcess server({"--session-max-per-user", "3"});
    Redis redis = server.redis();
    const std::string first = create(redis, "alice").at("id").text;
    const std::int64_t tick = now_ms();
    REQUIRE(eventually([&] { return now_ms() > tick; }));
    create(redis, "alice");
    create(redis, "alice", "PX", 40);
    CHECK_THAT(redis.show("SESS.CREATE", "alice"), StartsWith("-TM-SESS-4002"));
    CHECK(redis.show("SESS.COUNTUSER", "alice") == "(integer) 3");
    REQUIRE(eventually([&] { return redis("SESS.COUNTUSER", "alice").integer == 2; }));
    create(redis, "alice");  // the expired one does not count
    CHECK(redis("CONFIG", "SET", "session-quota-policy", "evict-oldest").is_ok());
    create(redis, "alice");
    CHECK(redis.show("SESS.COUNTUSER", "alice") == "(integer) 3");
    CHECK(redis("SESS.GET", first).is_null());
    create(redis, "bob");                                                 // others are not touched
    CHECK(eventually([&] { return redis("SESS.COUNT").integer == 4; }));  // the expired one is taken back within a second
    server.restart_hard();
    Redis again = server.redis();
    CHECK(again.show("SESS.COUNTUSER", "alice") == "(integer) 3");
    CHECK(again("SESS.GET", first).is_null());
}

TEST_CASE("sessions, users, ids and tokens are per database", "[session]") {
    ServerProcess server;
    Redis redis = server.redis();
    const std::string token = create(redis, "alice").at("token").text;
    REQUIRE(redis("SELECT", 3).is_ok());
    CHECK(redis("SESS.GETBYTOKEN", token).is_null());
    CHECK(redis.show("SESS.COUNTUSER", "alice") == "(integer) 0");
    CHECK(redis.show("SESS.DELUSER", "alice") == "(integer) 0");
    create(redis, "alice", "TOKEN", token);
    CHECK(redis.show("DBSIZE") == "(integer) 1");
    REQUIRE(redis("FLUSHDB").is_ok());
    REQUIRE(redis("SELECT", 0).is_ok());
    CHECK_FALSE(redis("SESS.GETBYTOKEN", token).is_null());
    CHECK(redis.show("SELECT", 16) == "-ERR DB index is out of range");
}

TEST_CASE("LIST filters, sorts and pages", "[session][list]") {
    ServerProcess server;
    Redis redis = server.redis();
    std::vector<std::string> ids;
    for (int i = 0; i < 30; ++i) {
        const std::string n = std::to_string(i);
        ids.push_back(
            create(redis, i % 2 == 0 ? "even" : "odd", "DEVICE", i % 3 == 0 ? "phone" : "tv", "IP", "10.0.0." + n, "TTL", 100 + i)
                .at("id")
                .text);
    }
    const auto total = [](const Reply& reply) {
        INFO(reply.shown());
        REQUIRE(reply.items.size() == 2);
        return reply.items[0].integer;
    };
    CHECK(total(redis("SESS.LIST")) == 30);
    CHECK(redis("SESS.LIST").items[1].items.size() == 20);
    CHECK(total(redis("SESS.LIST", "USER", "even")) == 15);
    CHECK(total(redis("SESS.LIST", "USER", "even", "DEVICE", "phone")) == 5);
    CHECK(total(redis("SESS.LIST", "IP", "10.0.0.7")) == 1);
    CHECK(total(redis("SESS.LIST", "IP", "10.0.0.0/29")) == 8);
    CHECK(total(redis("SESS.LIST", "STATUS", "active")) == 30);
    CHECK(total(redis("SESS.LIST", "CREATEDBEFORE", 1)) == 0);
    CHECK(total(redis("SESS.LIST", "CREATEDAFTER", 1)) == 30);
    const Reply sorted = redis("SESS.LIST", "SORTBY", "expires_at", "ASC", "LIMIT", 5, 3, "FIELDS", 1, "id");
    CHECK(ids_of(sorted.items.at(1)) == std::vector<std::string>{ids[5], ids[6], ids[7]});
    const Reply falling = redis("SESS.LIST", "SORTBY", "expires_at", "DESC", "LIMIT", 0, 1);
    CHECK(ids_of(falling.items.at(1)) == std::vector<std::string>{ids[29]});
    CHECK_THAT(redis.show("SESS.LIST", "LIMIT", 0, 1001), StartsWith("-TM-ARG-1001"));
    CHECK_THAT(redis.show("SESS.LIST", "LIMIT", 100000, 1), StartsWith("-TM-ARG-1001"));
    CHECK_THAT(redis.show("SESS.LIST", "IP", "10.0.0.0/33"), StartsWith("-TM-ARG-1001"));
    CHECK(redis.show("SESS.LIST", "NONSENSE", "x") == "-ERR syntax error");
    REQUIRE(redis("SESS.DEL", ids[0]).integer == 1);
    CHECK(total(redis("SESS.LIST")) == 29);
    CHECK(total(redis("SESS.LIST", "STATUS", "any")) >= 29);
}

TEST_CASE("LIST STATUS expired shows what is remembered", "[session][list]") {
    ServerProcess server;
    Redis redis = server.redis();
    const std::string gone = create(redis, "alice", "PX", 20).at("id").text;
    create(redis, "alice");
    REQUIRE(eventually([&] { return redis("SESS.LIST", "STATUS", "expired").items.at(0).integer == 1; }));
    CHECK(ids_of(redis("SESS.LIST", "STATUS", "expired").items.at(1)) == std::vector<std::string>{gone});
    CHECK(redis("SESS.LIST", "STATUS", "active").items.at(0).integer == 1);
}

TEST_CASE("STATS is a map of numbers and HELP has a line a command", "[session]") {
    ServerProcess server;
    Redis redis = server.redis();
    create(redis, "alice");
    const Reply stats = redis("SESS.STATS");
    CHECK(stats.items.size() >= 4);
    CHECK(stats.items.size() % 2 == 0);
    std::string help;
    for (const Reply& line : redis("SESS.HELP").items) {
        help += line.text + "\n";
    }
    for (const char* name : {"SESS.CREATE", "SESS.GETBYTOKEN", "SESS.DELUSER", "SESS.LIST", "SESS.STATS"}) {
        CHECK_THAT(help, Contains(name, Catch::CaseSensitive::No));
    }
}

}  // namespace integration
