// SPDX-License-Identifier: MIT
// SESS.CREATE, GET, UPDATE, RENEW, DEL: fields, limits and error codes as the protocol page has them.
#include "tests/support/integration.hpp"

namespace integration {

namespace {

const std::string absent_id = "tmss-01arz3ndektsv4rrffq69g5fav";

}  // namespace

TEST_CASE("CREATE keeps every field and leaves absent ones out", "[session]") {
    ServerProcess server;
    Redis redis = server.redis();
    const std::int64_t before = now_ms();
    const Reply made = create(redis, "alice", "TTL", 60, "IDLE", 30, "DEVICE", "phone", "IP", "2001:db8::1", "UA", "Agent/1.0",
                              "DATA", 2, "a", "1", "b", std::string("\0\xff\r\n", 4));
    const Reply session = redis("SESS.GET", made.at("id").text);
    INFO(session.shown());
    CHECK(session.at("id").text == made.at("id").text);
    CHECK(session.at("user_id").text == "alice");
    CHECK(session.at("device_id").text == "phone");
    CHECK(session.at("ip_address").text == "2001:db8::1");
    CHECK(session.at("user_agent").text == "Agent/1.0");
    CHECK(session.at("created_at").integer >= before);
    CHECK(session.at("created_at").integer <= now_ms());
    CHECK(session.at("expires_at").integer >= before + 60'000);
    CHECK(session.at("expires_at").integer <= now_ms() + 60'000);
    CHECK(session.at("expires_at").integer == made.at("expires_at").integer);
    CHECK(session.has("idle_timeout"));
    CHECK(session.at("version").integer == 1);
    CHECK(session.at("data").at("b").text == std::string("\0\xff\r\n", 4));
    CHECK_FALSE(session.has("last_access_ip"));

    const Reply bare = redis("SESS.GET", create(redis, "bob").at("id").text);
    CHECK_FALSE(bare.has("device_id"));
    CHECK_FALSE(bare.has("ip_address"));
    CHECK(bare.at("expires_at").integer >= before + 7'200'000);  // session-default-ttl 2h
    CHECK(bare.has("data"));
}

TEST_CASE("CREATE takes ids and tokens that the client brings, once", "[session]") {
    ServerProcess server;
    Redis redis = server.redis();
    const Reply made = create(redis, "alice", "ID", "tmss-01ARZ3NDEKTSV4RRFFQ69G5FAV", "TOKEN", "0123456789abcdef");
    CHECK(made.at("id").text == absent_id);
    CHECK_FALSE(made.has("token"));
    CHECK(redis("SESS.GETBYTOKEN", "0123456789abcdef").at("id").text == absent_id);
    CHECK(redis("SESS.GET", "tmss-01ARZ3NDEKTSV4RRFFQ69G5FAV").at("user_id").text == "alice");
    CHECK_THAT(redis.show("SESS.CREATE", "bob", "ID", absent_id), StartsWith("-TM-SESS-4090"));
    CHECK_THAT(redis.show("SESS.CREATE", "bob", "TOKEN", "0123456789abcdef"), StartsWith("-TM-TOKN-4090"));
    CHECK(redis.show("SESS.COUNTUSER", "bob") == "(integer) 0");
    CHECK(redis.show("SESS.DEL", absent_id) == "(integer) 1");
    // Revoked is remembered: its token cannot come back.
    CHECK_THAT(redis.show("SESS.CREATE", "bob", "TOKEN", "0123456789abcdef"), StartsWith("-TM-TOKN-4090"));
}

TEST_CASE("CREATE refuses what is over a limit, and changes nothing", "[session]") {
    ServerProcess server;
    Redis redis = server.redis();
    const auto refused = [&](const std::string& code, const std::vector<std::string>& args) {
        std::vector<std::string> all{"SESS.CREATE"};
        all.insert(all.end(), args.begin(), args.end());
        const Reply reply = redis.call(all);
        INFO(reply.shown() << " for " << args[0].substr(0, 20) << " " << (args.size() > 1 ? args[1] : ""));
        CHECK(reply.is_error(code));
        CHECK(redis("SESS.COUNT").integer == 0);
    };
    refused("TM-SESS-4001", {""});
    refused("TM-SESS-4001", {std::string(129, 'u')});
    refused("TM-SESS-4001", {"u", "DEVICE", std::string(129, 'd')});
    refused("TM-ARG-1001", {"u", "IP", "999.1.1.1"});
    refused("TM-ARG-1001", {"u", "ID", "tmss-short"});
    refused("TM-ARG-1001", {"u", "ID", "tmss-01arz3ndektsv4rrffq69g5fau"});  // u is no Crockford letter
    refused("TM-TOKN-4000", {"u", "TOKEN", "short"});
    refused("TM-TOKN-4000", {"u", "TOKEN", std::string("0123456789abcdef\n")});
    refused("TM-TOKN-4000", {"u", "TOKEN", std::string(1025, 't')});
    refused("TM-SESS-4001", {"u", "DATA", "1", std::string(65, 'n'), "v"});
    refused("TM-SESS-4001", {"u", "DATA", "1", "n", std::string(1025, 'v')});
    refused("TM-SESS-4001", {"u", "DATA", "5", "a", std::string(1024, 'v'), "b", std::string(1024, 'v'), "c",
                             std::string(1024, 'v'), "d", std::string(1024, 'v'), "e", "v"});
    refused("TM-ARG-1001", {"u", "TTL", "0"});  // never, only where session-max-ttl is 0
    refused("TM-ARG-1001", {"u", "TTL", "2592001"});
    refused("TM-ARG-1001", {"u", "TTL", "-1"});
    refused("TM-ARG-1001", {"u", "TTL", "9223372036854775807"});
    refused("ERR syntax error", {"u", "TTL"});
    refused("ERR syntax error", {"u", "TTL", "5", "TTL", "5"});
    refused("ERR syntax error", {"u", "NOSUCH", "5"});
    refused("ERR syntax error", {"u", "DATA", "2", "a", "1"});
    CHECK(redis.show("SESS.CREATE") == "-ERR wrong number of arguments for 'sess.create' command");
}

TEST_CASE("expiry options of CREATE: seconds, milliseconds, unix times, and never where it is allowed", "[session]") {
    ServerProcess server({"--session-max-ttl", "0"});
    Redis redis = server.redis();
    const std::int64_t at = now_ms() + 100'000;
    CHECK(create(redis, "u", "PXAT", at).at("expires_at").integer == at);
    CHECK(create(redis, "u", "EXAT", at / 1000).at("expires_at").integer == at / 1000 * 1000);
    CHECK(create(redis, "u", "TTL", 0).at("expires_at").integer == 0);
    const std::int64_t px = create(redis, "u", "px", 5'000).at("expires_at").integer;
    CHECK(px > now_ms());
    CHECK(px <= now_ms() + 5'000);
}

TEST_CASE("UPDATE changes data and version, and never creates", "[session]") {
    ServerProcess server;
    Redis redis = server.redis();
    const std::string id = create(redis, "alice", "DATA", 2, "a", "1", "b", "2").at("id").text;
    CHECK(redis.show("SESS.UPDATE", id, "SET", 1, "c", "3", "UNSET", 1, "a") == "(integer) 2");
    Reply data = redis("SESS.GET", id).at("data");
    CHECK_FALSE(data.has("a"));
    CHECK(data.at("b").text == "2");
    CHECK(data.at("c").text == "3");
    CHECK(redis.show("SESS.UPDATE", id, "IFVERSION", 2, "DEVICE", "tv", "CLEAR") == "(integer) 3");
    const Reply session = redis("SESS.GET", id);
    CHECK(session.at("device_id").text == "tv");
    CHECK(session.at("data").items.empty());
    const Reply moved = redis("SESS.UPDATE", id, "IFVERSION", 2, "SET", 1, "x", "y");
    CHECK(moved.is_error("TM-SESS-4091"));
    CHECK_THAT(moved.text, Contains("3"));
    CHECK(redis("SESS.GET", id).at("version").integer == 3);
    CHECK(redis.show("SESS.UPDATE", id, "SET", 1, "x", "") == "(integer) 4");
    CHECK(redis.show("SESS.UPDATE", id, "SET", 1, "x", "") == "(integer) 5");  // +1 even if nothing differs
    CHECK_THAT(redis.show("SESS.UPDATE", id, "SET", 1, std::string(65, 'n'), "v"), StartsWith("-TM-SESS-4001"));
    CHECK_THAT(redis.show("SESS.UPDATE", absent_id, "CLEAR"), StartsWith("-TM-SESS-4040"));
    CHECK(redis.show("SESS.DEL", id) == "(integer) 1");
    CHECK_THAT(redis.show("SESS.UPDATE", id, "CLEAR"), StartsWith("-TM-SESS-4041"));
    CHECK(redis("SESS.GET", id).is_null());
    CHECK_THAT(redis.show("SESS.UPDATE", "no-id", "CLEAR"), StartsWith("-TM-SESS-4040"));
}

TEST_CASE("RENEW moves the end and keeps what creation wrote", "[session]") {
    ServerProcess server;
    Redis redis = server.redis();
    const Reply made = create(redis, "alice", "TTL", 10, "IP", "10.0.0.1", "UA", "first");
    const std::string id = made.at("id").text;
    const Reply renewed = redis("SESS.RENEW", id, "TTL", 1000, "IFVERSION", 1);
    CHECK(renewed.integer > made.at("expires_at").integer);
    const Reply session = redis("SESS.GET", id);
    CHECK(session.at("expires_at").integer == renewed.integer);
    CHECK(session.at("version").integer == 2);
    CHECK(session.at("ip_address").text == "10.0.0.1");
    CHECK_THAT(redis.show("SESS.RENEW", id, "TTL", 1000, "IFVERSION", 1), StartsWith("-TM-SESS-4091"));
    CHECK_THAT(redis.show("SESS.RENEW", id, "TTL", 2592001), StartsWith("-TM-ARG-1001"));
    CHECK_THAT(redis.show("SESS.RENEW", absent_id, "TTL", 5), StartsWith("-TM-SESS-4040"));
}

TEST_CASE("DEL is idempotent and limited to 1,000 ids", "[session]") {
    ServerProcess server;
    Redis redis = server.redis();
    const std::string one = create(redis, "alice").at("id").text, two = create(redis, "bob").at("id").text;
    CHECK(redis.show("SESS.DEL", one, two, absent_id) == "(integer) 2");
    CHECK(redis.show("SESS.DEL", one, two) == "(integer) 0");
    std::vector<std::string> many{"SESS.DEL"};
    for (int i = 0; i < 1001; ++i) {
        many.push_back(absent_id);
    }
    CHECK_THAT(redis.call(many).shown(), StartsWith("-TM-ARG-1001"));
    many.pop_back();
    CHECK(redis.call(many).shown() == "(integer) 0");
    CHECK(redis.show("SESS.DEL", "not-an-id") == "(integer) 0");
}

TEST_CASE("FIELDS picks, in fixed order; unknown names are refused or left out alike for GET and LISTUSER", "[session]") {
    ServerProcess server;
    Redis redis = server.redis();
    const Reply made = create(redis, "alice", "DATA", 1, "k", "v");
    const Reply picked = redis("SESS.GET", made.at("id").text, "FIELDS", 2, "version", "user_id");
    INFO(picked.shown());
    CHECK(picked.items.size() == 4);
    CHECK(picked.at("user_id").text == "alice");
    CHECK(picked.at("version").integer == 1);
    const Reply by_token = redis("SESS.GETBYTOKEN", made.at("token").text, "FIELDS", 1, "data");
    CHECK(by_token.items.size() == 2);
    CHECK(by_token.at("data").at("k").text == "v");
    CHECK(redis("SESS.LISTUSER", "alice", "FIELDS", 1, "id").items.at(0).items.size() == 2);
}

}  // namespace integration
