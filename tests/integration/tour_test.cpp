// SPDX-License-Identifier: MIT
// The five-minute tour of the README: create, find, list, pull the plug, find again, log out everywhere.
#include "tests/support/integration.hpp"

namespace integration {

TEST_CASE("the tour: a session survives a kill and ends with its user", "[tour]") {
    const std::string mode = GENERATE("always", "everysec", "no");
    CAPTURE(mode);
    ServerProcess server({"--appendfsync", mode});
    std::string token, id;
    std::string before;
    {
        Redis redis = server.redis();
        const Reply made = create(redis, "alice", "TTL", 3600, "DATA", 1, "cart", "3");
        token = made.at("token").text;
        id = made.at("id").text;
        CHECK(token.size() == 48);
        CHECK(token.starts_with("tmtk_"));
        CHECK(id.size() == 31);
        CHECK(id.starts_with("tmss-"));
        CHECK(made.at("version").shown() == "(integer) 1");
        const Reply session = redis("SESS.GETBYTOKEN", token);
        before = session.shown();
        CHECK(session.at("user_id").text == "alice");
        CHECK(session.at("data").at("cart").text == "3");
        CHECK_FALSE(session.has("token"));
        const Reply list = redis("SESS.LISTUSER", "alice");
        REQUIRE(list.items.size() == 1);
        CHECK(list.items[0].at("id").text == id);
    }
    server.restart_hard();
    Redis redis = server.redis();
    CHECK(redis.show("SESS.GETBYTOKEN", token) == before);
    CHECK(redis("SESS.GET", id).shown() == before);
    CHECK(redis.show("SESS.DELUSER", "alice") == "(integer) 1");
    CHECK(redis("SESS.GETBYTOKEN", token).is_null());
    CHECK(redis("SESS.GET", id).is_null());
    CHECK(redis.show("SESS.COUNTUSER", "alice") == "(integer) 0");
    server.restart_hard();
    Redis after = server.redis();
    CHECK(after("SESS.GETBYTOKEN", token).is_null());
    CHECK(after.show("DBSIZE") == "(integer) 0");
}

TEST_CASE("the data directory holds no token, not even its prefix", "[tour][secrets]") {
    ServerProcess server({"--appendfsync", "always", "--loglevel", "debug"});
    Redis redis = server.redis();
    const std::string brought = "a-token-that-the-client-made-0123456789";
    create(redis, "bob", "TOKEN", brought);
    std::vector<std::string> tokens{brought, "tmtk_"};
    for (int i = 0; i < 20; ++i) {
        tokens.push_back(create(redis, "bob", "DATA", 1, "marker", "plain-value-in-the-log").at("token").text);
    }
    const std::string rotated = redis("SESS.ROTATE", tokens[2]).text;
    REQUIRE(rotated.starts_with("tmtk_"));
    tokens.push_back(rotated);
    REQUIRE(redis("SESS.DELBYTOKEN", tokens[3]).integer == 1);
    CHECK(redis("SESS.VALIDATE", tokens[3]).is_error("TM-TOKN-4012"));
    CHECK(server.stop() == 0);
    // The search must be able to find: the values are there in the clear, and the user's name.
    REQUIRE(support::find_in_files(server.dir(), "plain-value-in-the-log"));
    for (const std::string& token : tokens) {
        INFO(token);
        CHECK_FALSE(support::find_in_files(server.dir(), token));
        CHECK((server.stdout_text() + server.stderr_text()).find(token) == std::string::npos);
    }
}

TEST_CASE("files of the data directory are for the owner only", "[tour][secrets]") {
    ServerProcess server;
    Redis redis = server.redis();
    create(redis, "bob");
    int wal_files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(server.dir())) {
        INFO(entry.path());
        const auto mode = entry.status().permissions() & std::filesystem::perms::all;
        CHECK((mode & (std::filesystem::perms::group_all | std::filesystem::perms::others_all)) == std::filesystem::perms::none);
        wal_files += entry.path().filename().string().starts_with("wal-") ? 1 : 0;
    }
    CHECK(wal_files >= 1);
}

}  // namespace integration
