// SPDX-License-Identifier: MIT
// SESS.LIST: nine filters, order, pages, and how many may run at once.
#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <vector>

#include "tests/support/command_runner.hpp"

using support::CommandRunner;
using support::Reply;

namespace {

// 30 sessions, a millisecond apart.
std::vector<std::string> make_thirty(CommandRunner& run) {
    std::vector<std::string> ids;
    for (int i = 0; i < 30; ++i) {
        const std::string ip = i < 20 ? "10.0.0." + std::to_string(i) : "2001:db8::" + std::to_string(i);
        ids.push_back(run("SESS.CREATE", i % 2 == 0 ? "even" : "odd", "DEVICE", i % 3 == 0 ? "phone" : "tv", "IP", ip, "TTL",
                          1000 - i, "KEYID", i % 5 == 0 ? "shop" : "forum")
                          .at("id")
                          .text);
        run.advance(1);
    }
    return ids;
}

std::vector<std::string> ids_on_page(const Reply& list) {
    std::vector<std::string> ids;
    for (const Reply& session : list.items.at(1).items) ids.push_back(session.at("id").text);
    return ids;
}

}  // namespace

TEST_CASE("LIST filters, and filters are ANDed", "[session][list]") {
    CommandRunner run;
    const storage::UnixMs start = run.now();
    const auto ids = make_thirty(run);
    const auto total = [&](const std::vector<std::string>& args) {
        std::vector<std::string> all{"SESS.LIST"};
        all.insert(all.end(), args.begin(), args.end());
        const Reply reply = run.call(all);
        INFO(reply.shown());
        REQUIRE(reply.items.size() == 2);
        return reply.items[0].integer;
    };
    const std::string middle = std::to_string(start + 10);
    CHECK(total({}) == 30);
    CHECK(total({"USER", "even"}) == 15);
    CHECK(total({"user", "even", "device", "phone"}) == 5);
    CHECK(total({"KEYID", "shop"}) == 6);
    CHECK(total({"IP", "10.0.0.7"}) == 1);
    CHECK(total({"IP", "10.0.0.0/29"}) == 8);
    CHECK(total({"IP", "10.0.0.0/8", "USER", "odd"}) == 10);
    CHECK(total({"IP", "2001:DB8::/32"}) == 10);
    CHECK(total({"IP", "0.0.0.0/0"}) == 20);
    CHECK(total({"CREATEDAFTER", middle}) == 20);   // inclusive
    CHECK(total({"CREATEDBEFORE", middle}) == 10);  // exclusive
    CHECK(total({"CREATEDAFTER", middle, "CREATEDBEFORE", middle}) == 0);
    CHECK(total({"CREATEDBEFORE", "0"}) == 0);
    CHECK(total({"CREATEDAFTER", "0"}) == 30);
    run("SESS.TOUCH", ids[0], "IP", "192.168.0.1");
    CHECK(total({"ACTIVEAFTER", std::to_string(run.now())}) == 1);
    CHECK(total({"ACTIVEBEFORE", std::to_string(run.now())}) == 29);
    CHECK(total({"IP", "192.168.0.1"}) == 1);  // the last access goes before the creation
    CHECK(total({"IP", "10.0.0.0"}) == 0);
    CHECK(total({"STATUS", "any"}) == 30);
    CHECK(total({"STATUS", "expired"}) == 0);
    run("SESS.DEL", ids[1]);
    CHECK(total({}) == 29);
    CHECK(total({"STATUS", "expired"}) == 1);  // what is remembered
    CHECK(total({"STATUS", "any"}) == 30);
}

TEST_CASE("an IPv4 address in the form of IPv6 is the IPv4 address", "[session][list]") {
    CommandRunner run;
    const std::string id = run("SESS.CREATE", "alice", "IP", "::ffff:1.2.3.4").at("id").text;
    CHECK(run("SESS.GET", id).at("ip_address").text == "1.2.3.4");
    for (const char* network : {"1.2.3.4", "::ffff:1.2.3.4", "1.2.3.0/24", "::ffff:1.2.3.0/120"})
        CHECK(run("SESS.LIST", "IP", network).items.at(0).integer == 1);
    CHECK(run("SESS.LIST", "IP", "::ffff:0.0.0.0/95").is_error("TM-ARG-1001 IP"));
}

TEST_CASE("LIST sorts and pages", "[session][list]") {
    CommandRunner run;
    const auto ids = make_thirty(run);
    const std::vector<std::string> newest(ids.rbegin(), ids.rbegin() + 20);
    CHECK(ids_on_page(run("SESS.LIST")) == newest);
    CHECK(ids_on_page(run("SESS.LIST", "ASC", "LIMIT", 3, 2)) == std::vector<std::string>{ids[3], ids[4]});
    CHECK(ids_on_page(run("SESS.LIST", "SORTBY", "expires_at", "ASC", "LIMIT", 0, 1)) == std::vector<std::string>{ids[29]});
    run("SESS.TOUCH", ids[7]);
    CHECK(ids_on_page(run("SESS.LIST", "SORTBY", "LAST_ACTIVE", "DESC", "LIMIT", 0, 1)) == std::vector<std::string>{ids[7]});
    CHECK(run.show("SESS.LIST", "LIMIT", 0, 0) == "[(integer) 30, []]");
    CHECK(run.show("SESS.LIST", "LIMIT", 0, 1, "ASC", "FIELDS", 1, "id") == "[(integer) 30, [[\"id\", \"" + ids[0] + "\"]]]");
    std::set<std::string> seen;  // W-37: pages repeat and miss nothing
    for (int offset = 0; offset < 30; offset += 7)
        for (const auto& id : ids_on_page(run("SESS.LIST", "SORTBY", "expires_at", "LIMIT", offset, 7)))
            CHECK(seen.insert(id).second);
    CHECK(seen.size() == 30);
}

TEST_CASE("pages deep in a long list are in order and miss nothing", "[session][list]") {
    CommandRunner run;
    run.set("session-max-per-user", "10000");
    constexpr int sessions = 9'000;
    for (int i = 0; i < sessions; ++i) {
        run("SESS.CREATE", "alice", "TTL", 1000 + i * 7919 % sessions);  // each another one, in no order
        if (i % 2 == 0) run.advance(1);
    }
    std::vector<std::string> all, paged;
    for (int offset = 0; offset < sessions; offset += 1000)
        for (const auto& id : ids_on_page(run("SESS.LIST", "SORTBY", "expires_at", "ASC", "LIMIT", offset, 1000)))
            all.push_back(id);
    for (int offset = 8'000; offset < sessions; offset += 250)
        for (const auto& id : ids_on_page(run("SESS.LIST", "SORTBY", "expires_at", "ASC", "LIMIT", offset, 250)))
            paged.push_back(id);
    REQUIRE(std::set<std::string>(all.begin(), all.end()).size() == sessions);
    CHECK(std::vector<std::string>(all.begin() + 8'000, all.end()) == paged);
    CHECK(run.show("SESS.LIST", "LIMIT", sessions, 10) == "[(integer) 9000, []]");
}

TEST_CASE("LIST refuses what is not allowed", "[session][list]") {
    CommandRunner run;
    const auto refused = [&](const std::string& error, const std::vector<std::string>& args) {
        std::vector<std::string> all{"SESS.LIST"};
        all.insert(all.end(), args.begin(), args.end());
        const Reply reply = run.call(all);
        INFO(reply.shown());
        CHECK(reply.is_error(error));
    };
    for (const char* ip :
         {"", "x", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/08", "::/129", "10.0.0/8", "1.2.3.4/8/8"})
        refused("TM-ARG-1001 IP", {"IP", ip});
    refused("TM-ARG-1001 STATUS: allowed active, expired, any", {"STATUS", "dead"});
    refused("TM-ARG-1001 SORTBY: allowed created_at, last_active, expires_at", {"SORTBY", "user_id"});
    refused("TM-ARG-1003 ASC and DESC", {"ASC", "DESC"});
    refused("TM-ARG-1001 CREATEDAFTER", {"CREATEDAFTER", "-1"});
    refused("TM-ARG-1001 ACTIVEBEFORE", {"ACTIVEBEFORE", "9223372036854775808"});
    refused("TM-ARG-1001 LIMIT count", {"LIMIT", "0", "1001"});
    refused("TM-ARG-1001 LIMIT: allowed offset + count up to 100000", {"LIMIT", "99999", "2"});
    refused("TM-ARG-1001 LIMIT offset", {"LIMIT", "1000000000000000000", "10"});
    refused("TM-ARG-1001 USER", {"USER", ""});
    refused("ERR syntax error", {"USER"});
    refused("ERR syntax error", {"ASC", "ASC"});
    refused("ERR syntax error", {"alice"});
}

TEST_CASE("LIST waits for a place of list-concurrency", "[session][list]") {
    CommandRunner run;
    run("SESS.CREATE", "alice");
    run.set("list-concurrency", "1");
    {
        const server::ListSlot taken(run.state());
        REQUIRE(taken);
        CHECK_FALSE(run.start({"SESS.LIST"}, 100));
    }
    CHECK(run.finish().items.at(0).integer == 1);
    CHECK(run.state().take_list_slot());  // the place came back
}
