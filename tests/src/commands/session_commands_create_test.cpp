// SPDX-License-Identifier: MIT
// SESS.CREATE, line by line of commands.md: fields, limits, codes; nothing changes when an error is returned.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/support/command_runner.hpp"

using Catch::StartsWith;
using support::CommandRunner;
using support::Reply;

namespace {

const std::string some_id = "tmss-01arz3ndektsv4rrffq69g5fav";
const std::string some_token = "0123456789abcdef";

}  // namespace

TEST_CASE("CREATE answers with id, token, expiry and version", "[session]") {
    CommandRunner run;
    const Reply made = run("SESS.CREATE", "alice", "TTL", 3600);
    REQUIRE(made.items.size() == 8);
    CHECK(made.items[0].text == "id");
    CHECK(made.items[1].text.size() == 31);
    CHECK(made.items[2].text == "token");
    CHECK(made.items[3].text.size() == 48);
    CHECK_THAT(made.items[3].text, StartsWith("tmtk_"));
    CHECK(made.at("expires_at").integer == run.now() + 3'600'000);
    CHECK(made.at("version").integer == 1);
    CHECK(run.depends_on() == run.appended());  // the reply waits for its record
    run.use_resp(3);
    CHECK(run("SESS.CREATE", "alice").kind == Reply::Kind::map);
}

TEST_CASE("CREATE keeps every field, in the fixed order, and leaves absent ones out", "[session]") {
    CommandRunner run;
    const std::string id = run("sess.create", "alice", "data", 2, "a", "1", "b", std::string("\0\xff\r\n", 4), "ua", "Agent/1.0",
                               "ip", "2001:DB8::1", "device", "phone", "idle", 30, "keyid", "shop", "ttl", 60)
                               .at("id")
                               .text;
    const Reply session = run("SESS.GET", id);
    std::vector<std::string> names;
    for (std::size_t i = 0; i < session.items.size(); i += 2) names.push_back(session.items[i].text);
    CHECK(names == std::vector<std::string>{"id", "user_id", "device_id", "created_by", "ip_address", "user_agent", "created_at",
                                            "last_active", "expires_at", "idle_timeout", "version", "data"});
    CHECK(session.at("user_id").text == "alice");
    CHECK(session.at("device_id").text == "phone");
    CHECK(session.at("created_by").text == "shop");
    CHECK(session.at("ip_address").text == "2001:db8::1");
    CHECK(session.at("created_at").integer == run.now());
    CHECK(session.at("last_active").integer == run.now());
    CHECK(session.at("expires_at").integer == run.now() + 60'000);
    CHECK(session.at("idle_timeout").integer == 30);
    CHECK(session.at("data").at("a").text == "1");
    CHECK(session.at("data").at("b").text == std::string("\0\xff\r\n", 4));

    const Reply bare = run("SESS.GET", run("SESS.CREATE", "bob").at("id").text);
    CHECK(bare.at("created_by").text == "default");  // the identity of the connection
    for (const char* absent : {"device_id", "ip_address", "user_agent", "last_access_ip", "last_access_ua", "idle_timeout"})
        CHECK_FALSE(bare.has(absent));
    CHECK(bare.at("expires_at").integer == run.now() + 7'200'000);
    CHECK(bare.at("data").items.empty());
}

TEST_CASE("CREATE takes a brought id and token, once", "[session]") {
    CommandRunner run;
    const Reply made = run("SESS.CREATE", "alice", "ID", "tmss-01ARZ3NDEKTSV4RRFFQ69G5FAV", "TOKEN", some_token);
    CHECK(made.at("id").text == some_id);
    CHECK_FALSE(made.has("token"));
    CHECK(run("SESS.GETBYTOKEN", some_token).at("id").text == some_id);
    const auto before = run.appended();
    CHECK_THAT(run.show("SESS.CREATE", "bob", "ID", some_id), StartsWith("-TM-SESS-4090"));
    CHECK_THAT(run.show("SESS.CREATE", "bob", "TOKEN", some_token), StartsWith("-TM-TOKN-4090"));
    CHECK(run.appended() == before);
    CHECK(run.depends_on() == before);  // the error shows what is in the way, so it waits for it
    CHECK(run.show("SESS.COUNTUSER", "bob") == "(integer) 0");
    CHECK(run.show("SESS.DEL", some_id) == "(integer) 1");
    CHECK_THAT(run.show("SESS.CREATE", "bob", "TOKEN", some_token), StartsWith("-TM-TOKN-4090"));  // remembered as revoked
}

TEST_CASE("CREATE refuses what is not allowed and changes nothing", "[session]") {
    CommandRunner run;
    const auto refused = [&](const std::string& error, std::vector<std::string> args) {
        args.insert(args.begin(), "SESS.CREATE");
        const Reply reply = run.call(args);
        INFO(reply.shown());
        CHECK(reply.is_error(error));
        CHECK(run.appended() == storage::Lsn{});
    };
    refused("ERR wrong number of arguments for 'sess.create' command", {});
    refused("TM-SESS-4001 user_id has 0 bytes, allowed 1..128", {""});
    refused("TM-SESS-4001 user_id has 129 bytes, allowed 1..128; device_id has 0 bytes, allowed 1..128; data name 1 has 65 bytes",
            {std::string(129, 'u'), "DEVICE", "", "DATA", "1", std::string(65, 'n'), "v"});
    refused("TM-SESS-4001 device_id has 129 bytes", {"u", "DEVICE", std::string(129, 'd')});
    refused("TM-SESS-4001 data value 1 has 1025 bytes", {"u", "DATA", "1", "n", std::string(1025, 'v')});
    refused("TM-SESS-4001 data in all has 4101 bytes, allowed 0..4096",
            {"u", "DATA", "5", "a", std::string(1024, 'v'), "b", std::string(1024, 'v'), "c", std::string(1024, 'v'), "d",
             std::string(1024, 'v'), "e", ""});
    for (const char* ip : {"999.1.1.1", "", "localhost", "[::1]"}) refused("TM-ARG-1001 IP: allowed", {"u", "IP", ip});
    for (const char* id : {"tmss-short", "tmss-01arz3ndektsv4rrffq69g5fau", "tmss-81arz3ndektsv4rrffq69g5fav", ""})
        refused("TM-ARG-1001 ID: allowed", {"u", "ID", id});
    for (const std::string& token : {std::string("short"), std::string("0123456789abcdef\n"), std::string(1025, 't')})
        refused("TM-TOKN-4000", {"u", "TOKEN", token});
    refused("TM-ARG-1001 TTL: allowed 1..2592000 seconds", {"u", "TTL", "0"});
    refused("TM-ARG-1001 TTL", {"u", "TTL", "2592001"});
    refused("TM-ARG-1001 TTL", {"u", "TTL", "-1"});
    refused("TM-ARG-1001 TTL", {"u", "TTL", "9223372036854775807"});
    refused("TM-ARG-1001 IDLE: allowed 0..2592000", {"u", "IDLE", "2592001"});
    refused("TM-ARG-1001 KEYID", {"u", "KEYID", ""});
    refused("TM-ARG-1001 DATA", {"u", "DATA", "-1"});
    refused("TM-ARG-1003 TTL, PX, EXAT and PXAT exclude each other", {"u", "TTL", "5", "PX", "5"});
    refused("ERR syntax error", {"u", "TTL"});
    refused("ERR syntax error", {"u", "TTL", "5", "ttl", "5"});
    refused("ERR syntax error", {"u", "NOSUCH", "5"});
    refused("ERR syntax error", {"u", "NONCE", "5"});
    refused("ERR syntax error", {"u", "DATA", "2", "a", "1"});
    refused("ERR syntax error", {"u", "DATA", "1", "a", "1", "b"});
}

TEST_CASE("an idle timeout is no longer than a record holds, whatever session-max-ttl is", "[session]") {
    CommandRunner run;
    run.set("session-max-ttl", "0");
    CHECK(run.show("SESS.CREATE", "u", "IDLE", "4294967296") == "-TM-ARG-1001 IDLE: allowed 0..4294967295");
    const std::string id = run("SESS.CREATE", "u", "IDLE", "4294967295").at("id").text;
    CHECK(run("SESS.GET", id).at("idle_timeout").integer == 4'294'967'295);
}

TEST_CASE("expiry of CREATE: every word, and never only where it is allowed", "[session]") {
    CommandRunner run;
    run.set("session-max-ttl", "0");
    const storage::UnixMs at = run.now() + 100'000;
    CHECK(run("SESS.CREATE", "u", "PXAT", at).at("expires_at").integer == at);
    CHECK(run("SESS.CREATE", "u", "EXAT", at / 1000).at("expires_at").integer == at);
    CHECK(run("SESS.CREATE", "u", "PX", 5).at("expires_at").integer == run.now() + 5);
    CHECK(run("SESS.CREATE", "u", "TTL", 0).at("expires_at").integer == 0);
    run.advance(5);
    CHECK(run.show("SESS.COUNTUSER", "u") == "(integer) 3");
}

TEST_CASE("a user agent is cut, not refused", "[session]") {
    CommandRunner run;
    const std::string id = run("SESS.CREATE", "alice", "UA", std::string(511, 'a') + "\xc3\xa4 and more").at("id").text;
    CHECK(run("SESS.GET", id).at("user_agent").text == std::string(511, 'a'));
}

TEST_CASE("the quota counts live sessions of the user, per database", "[session]") {
    CommandRunner run;
    run.set("session-max-per-user", "2");
    const std::string first = run("SESS.CREATE", "alice").at("id").text;
    run.advance(1);
    run("SESS.CREATE", "alice", "PX", 10);
    CHECK(run.show("SESS.CREATE", "alice") == "-TM-SESS-4002 over quota: at most 2 live sessions for one user");
    CHECK_FALSE(run("SESS.CREATE", "bob").is_error());
    run.select(1);
    CHECK_FALSE(run("SESS.CREATE", "alice").is_error());
    run.select(0);
    run.advance(10);
    CHECK_FALSE(run("SESS.CREATE", "alice").is_error());  // the expired one does not count
    run.set("session-quota-policy", "evict-oldest");
    const auto before = run.appended();
    CHECK_FALSE(run("SESS.CREATE", "alice").is_error());
    CHECK(storage::value(run.appended()) == storage::value(before) + 1);  // one record for both
    CHECK(run("SESS.GET", first).is_null());
    CHECK(run.show("SESS.COUNTUSER", "alice") == "(integer) 2");
}
