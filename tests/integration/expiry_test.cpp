// SPDX-License-Identifier: MIT
// Time: due means absent at once, reclaimed within a second, and gone for good after a restart.
#include "tests/support/integration.hpp"

namespace integration {

TEST_CASE("expired sessions and keys are absent at their millisecond and reclaimed within a second or so", "[expiry]") {
    ServerProcess server({"--session-max-per-user", "10000"});
    Redis redis = server.redis();
    const std::string token = create(redis, "alice", "PX", 200).at("token").text;
    const std::int64_t due = redis("SESS.GETBYTOKEN", token).at("expires_at").integer;
    bool seen_late = false;
    std::int64_t absent_at = 0;
    while (absent_at == 0) {
        const std::int64_t asked_at = now_ms();
        if (redis("SESS.GETBYTOKEN", token).is_null()) {
            absent_at = now_ms();
        } else {
            seen_late = seen_late || asked_at > due + 1;
        }
    }
    CHECK_FALSE(seen_late);
    CHECK(absent_at >= due);
    for (int i = 0; i < 2000; ++i) {
        redis.append("SESS.CREATE", "bob", "PX", 100);
        redis.append("SET", "k" + std::to_string(i), "v", "PX", 100);
    }
    for (int i = 0; i < 4000; ++i) {
        REQUIRE_FALSE(redis.next().is_error());
    }
    const std::int64_t last_due = now_ms() + 100;
    // The INFO counter moves only by the wheel here: nobody looks the records up.
    CHECK(eventually([&] { return std::stoll("0" + support::info_field(redis, "stats", "expired_keys")) >= 4001; }, 5s * slack));
    CHECK(now_ms() < last_due + 2'500 * slack);
    CHECK(redis.show("DBSIZE") == "(integer) 0");
    CHECK(redis.show("SESS.COUNTUSER", "bob") == "(integer) 0");
}

TEST_CASE("what expired while the server was down does not come back; what did not, keeps its time", "[expiry][restart]") {
    ServerProcess server;
    std::string short_token, long_token;
    std::int64_t short_due = 0, long_due = 0;
    {
        Redis redis = server.redis();
        const Reply brief = create(redis, "alice", "PX", 300), lasting = create(redis, "alice", "TTL", 600);
        short_token = brief.at("token").text;
        short_due = brief.at("expires_at").integer;
        long_token = lasting.at("token").text;
        long_due = lasting.at("expires_at").integer;
        REQUIRE(redis("SET", "brief", "v", "PX", 300).is_ok());
        REQUIRE(redis("SET", "lasting", "v", "EX", 600).is_ok());
    }
    server.kill_hard();
    REQUIRE(eventually([&] { return now_ms() > short_due + 10; }));
    server.start();
    Redis redis = server.redis();
    CHECK(redis("SESS.GETBYTOKEN", short_token).is_null());
    CHECK_THAT(redis.show("SESS.VALIDATE", short_token), StartsWith("-TM-TOKN-4011"));
    CHECK(redis.show("EXISTS", "brief", "lasting") == "(integer) 1");
    CHECK(redis("SESS.GETBYTOKEN", long_token).at("expires_at").integer == long_due);
    CHECK(redis("TTL", "lasting").integer > 580);
    CHECK(redis.show("SESS.COUNTUSER", "alice") == "(integer) 1");
    CHECK(eventually([&] { return redis("DBSIZE").integer == 2; }));
}

TEST_CASE("touch-resolution: with 0 every touch is logged, else it may be that much older after a crash", "[expiry][restart]") {
    const bool every = GENERATE(true, false);
    ServerProcess server({"--touch-resolution", every ? "0" : "3600"});
    std::string id;
    std::int64_t created = 0, touched = 0;
    {
        Redis redis = server.redis();
        id = create(redis, "alice", "IP", "10.0.0.1").at("id").text;
        created = redis("SESS.GET", id).at("last_active").integer;
        redis("SESS.TOUCH", id, "IP", "10.0.0.2");  // the first one brings an address, which is logged in any case
        const std::int64_t first = redis("SESS.GET", id).at("last_active").integer;
        REQUIRE(eventually([&] { return now_ms() > first + 5; }));
        redis("SESS.TOUCH", id);
        touched = redis("SESS.GET", id).at("last_active").integer;
        CHECK(touched > first);
    }
    server.restart_hard();
    Redis redis = server.redis();
    const Reply session = redis("SESS.GET", id);
    INFO(session.shown());
    CHECK(session.at("last_access_ip").text == "10.0.0.2");
    CHECK(session.at("last_active").integer >= created);
    CHECK(session.at("last_active").integer <= touched);
    if (every) {
        CHECK(session.at("last_active").integer == touched);
    } else {
        CHECK(session.at("last_active").integer < touched);  // the negative control of this test
    }
}

}  // namespace integration
