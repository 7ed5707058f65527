// SPDX-License-Identifier: MIT
// What a token can do: GETBYTOKEN, VALIDATE, TOUCH, ROTATE with its grace, DELBYTOKEN.
#include "tests/support/integration.hpp"

namespace integration {

TEST_CASE("VALIDATE tells unknown, expired, revoked and malformed apart; GETBYTOKEN does not", "[session][token]") {
    ServerProcess server;
    Redis redis = server.redis();
    const Reply live = create(redis, "alice");
    const Reply ok = redis("SESS.VALIDATE", live.at("token").text);
    CHECK(ok.items.size() == 6);
    CHECK(ok.at("id").text == live.at("id").text);
    CHECK(ok.at("user_id").text == "alice");
    CHECK(ok.at("expires_at").integer == live.at("expires_at").integer);

    const std::string expired = create(redis, "alice", "PX", 30).at("token").text;
    const std::string revoked = create(redis, "alice").at("token").text;
    REQUIRE(redis("SESS.DELBYTOKEN", revoked, "never-heard-of-0123456789").integer == 1);
    const std::string unknown = "tmtk_0123456789012345678901234567890123456789012";
    REQUIRE(eventually([&] { return redis("SESS.VALIDATE", expired).is_error("TM-TOKN-4011"); }));
    CHECK_THAT(redis.show("SESS.VALIDATE", unknown), StartsWith("-TM-TOKN-4010"));
    CHECK_THAT(redis.show("SESS.VALIDATE", revoked), StartsWith("-TM-TOKN-4012"));
    CHECK_THAT(redis.show("SESS.VALIDATE", "short"), StartsWith("-TM-TOKN-4000"));
    for (const std::string& token : {expired, revoked, unknown}) {
        CHECK(redis.show("SESS.GETBYTOKEN", token) == "$-1");
    }
}

TEST_CASE("TOUCH moves last_active and the last address, never those of creation", "[session][token]") {
    ServerProcess server;
    Redis redis = server.redis();
    const Reply made = create(redis, "alice", "IP", "10.0.0.1", "UA", "first");
    const std::string id = made.at("id").text, token = made.at("token").text;
    const Reply plain = redis("SESS.GETBYTOKEN", token, "IP", "10.9.9.9");
    CHECK_FALSE(plain.has("last_access_ip"));  // without TOUCH nothing moves
    const std::int64_t start = redis("SESS.GET", id).at("last_active").integer;
    REQUIRE(eventually([&] { return now_ms() > start + 2; }));
    redis("SESS.GETBYTOKEN", token, "TOUCH", "IP", "10.0.0.2", "UA", "second");
    const Reply session = redis("SESS.GET", id);
    CHECK(session.at("last_active").integer > start);
    CHECK(session.at("last_access_ip").text == "10.0.0.2");
    CHECK(session.at("last_access_ua").text == "second");
    CHECK(session.at("ip_address").text == "10.0.0.1");
    CHECK(session.at("user_agent").text == "first");
    CHECK(session.at("version").integer == 1);
    const Reply touched = redis("SESS.TOUCH", id, "IP", "::1");
    CHECK(touched.integer >= session.at("last_active").integer);
    CHECK(redis("SESS.GET", id).at("last_access_ip").text == "::1");
    redis("SESS.VALIDATE", token, "TOUCH", "IP", "10.0.0.3");
    CHECK(redis("SESS.GET", id).at("last_access_ip").text == "10.0.0.3");
    CHECK_THAT(redis.show("SESS.TOUCH", id, "IP", "nonsense"), StartsWith("-TM-ARG-1001"));
    CHECK_THAT(redis.show("SESS.TOUCH", "tmss-01arz3ndektsv4rrffq69g5fav"), StartsWith("-TM-SESS-4040"));
}

TEST_CASE("a long user agent is cut at a UTF-8 boundary", "[session]") {
    ServerProcess server;
    Redis redis = server.redis();
    std::string agent(511, 'a');
    agent += "\xc3\xa4 and more";
    const Reply session = redis("SESS.GET", create(redis, "alice", "UA", agent).at("id").text);
    CHECK(session.at("user_agent").text == std::string(511, 'a'));
}

TEST_CASE("an idle session slides with TOUCH and ends without it", "[session][token]") {
    ServerProcess server({"--touch-resolution", "0"});
    Redis redis = server.redis();
    const Reply made = create(redis, "alice", "TTL", 60, "IDLE", 1);
    const std::string token = made.at("token").text;
    const std::int64_t created = now_ms();
    while (now_ms() < created + 1500) {  // longer than the idle timeout
        REQUIRE_FALSE(redis("SESS.GETBYTOKEN", token, "TOUCH").is_null());
        support::pause_between_polls();
    }
    CHECK(eventually([&] { return redis("SESS.GETBYTOKEN", token).is_null(); }, 3s));
    CHECK_THAT(redis.show("SESS.VALIDATE", token), StartsWith("-TM-TOKN-4011"));
}

TEST_CASE("ROTATE gives a new token, and the old one its grace", "[session][token]") {
    ServerProcess server;
    Redis redis = server.redis();
    const Reply made = create(redis, "alice");
    const std::string id = made.at("id").text, first = made.at("token").text;
    const Reply rotated = redis("SESS.ROTATE", first, "GRACE", 300);
    REQUIRE(rotated.kind == Reply::Kind::bulk);
    const std::string second = rotated.text;
    CHECK(second.size() == 48);
    CHECK(second != first);
    CHECK(redis("SESS.GETBYTOKEN", first).at("id").text == id);
    CHECK(redis("SESS.GETBYTOKEN", second).at("id").text == id);
    CHECK(redis("SESS.GET", id).at("version").integer == 2);
    CHECK_THAT(redis.show("SESS.ROTATE", first), StartsWith("-TM-TOKN-4012"));  // a previous token rotates nothing
    const std::string third = redis("SESS.ROTATE", second, "GRACE", 300).text;
    CHECK(redis("SESS.GETBYTOKEN", first).is_null());  // at most one previous token
    CHECK_THAT(redis.show("SESS.VALIDATE", first), StartsWith("-TM-TOKN-4012"));
    CHECK_FALSE(redis("SESS.GETBYTOKEN", second).is_null());
    const std::string fourth = redis("SESS.ROTATE", third, "GRACE", 0).text;
    CHECK_THAT(redis.show("SESS.VALIDATE", third), StartsWith("-TM-TOKN-4012"));
    const std::string fifth = redis("SESS.ROTATE", fourth, "GRACE", 1).text;
    CHECK(eventually([&] { return redis("SESS.VALIDATE", fourth).is_error("TM-TOKN-4012"); }, 4s));
    CHECK_THAT(redis.show("SESS.ROTATE", fifth, "GRACE", 301), StartsWith("-TM-ARG-1001"));
    const std::string sixth = redis("SESS.ROTATE", fifth).text;
    CHECK(redis.show("SESS.DEL", id) == "(integer) 1");  // ends both
    CHECK_THAT(redis.show("SESS.VALIDATE", fifth), StartsWith("-TM-TOKN-4012"));
    CHECK_THAT(redis.show("SESS.VALIDATE", sixth), StartsWith("-TM-TOKN-4012"));
    CHECK_THAT(redis.show("SESS.ROTATE", "tmtk_0123456789012345678901234567890123456789012"), StartsWith("-TM-TOKN-4010"));
}

TEST_CASE("a rotation, its grace and the revoked token survive a kill", "[session][token]") {
    ServerProcess server({"--appendfsync", "everysec"});
    std::string id, first, second;
    {
        Redis redis = server.redis();
        const Reply made = create(redis, "alice", "TOKEN", "brought-token-0123456789");
        id = made.at("id").text;
        first = "brought-token-0123456789";
        second = redis("SESS.ROTATE", first, "GRACE", 300).text;
    }
    server.restart_hard();
    {
        Redis redis = server.redis();
        CHECK(redis("SESS.GETBYTOKEN", first).at("id").text == id);
        CHECK(redis("SESS.GETBYTOKEN", second).at("id").text == id);
        REQUIRE(redis("SESS.DEL", id).integer == 1);
    }
    server.restart_hard();
    Redis redis = server.redis();
    CHECK_THAT(redis.show("SESS.VALIDATE", first), StartsWith("-TM-TOKN-4012"));
    CHECK_THAT(redis.show("SESS.VALIDATE", second), StartsWith("-TM-TOKN-4012"));
    CHECK_THAT(redis.show("SESS.CREATE", "bob", "TOKEN", first), StartsWith("-TM-TOKN-4090"));
}

}  // namespace integration
