// SPDX-License-Identifier: MIT
// The connection group: HELLO, CLIENT, RESET, SELECT, ECHO.
#include "tests/support/integration.hpp"

#include <algorithm>

namespace integration {

TEST_CASE("HELLO 2 and 3: fields, and NOPROTO for others", "[hello]") {
    ServerProcess server;
    RespClient client = server.client();
    for (const int version : {3, 2, 3}) {
        const Reply hello = client("HELLO", version);
        INFO(hello.shown());
        CHECK(hello.kind == (version == 3 ? Reply::Kind::map : Reply::Kind::array));
        CHECK(hello.items.size() == 14);
        CHECK(hello.at("server").text == "redis");
        CHECK(hello.at("version").text == "7.4.0");
        CHECK(hello.at("proto").shown() == "(integer) " + std::to_string(version));
        CHECK(hello.at("id").kind == Reply::Kind::integer);
        CHECK(hello.at("mode").text == "standalone");
        CHECK(hello.at("role").text == "master");
        CHECK(hello.at("modules").kind == Reply::Kind::array);
    }
    CHECK(client("HELLO").kind == Reply::Kind::map);  // keeps the version
    CHECK_THAT(client.show("HELLO", 4), StartsWith("-NOPROTO"));
    CHECK_THAT(client.show("HELLO", 1), StartsWith("-NOPROTO"));
    CHECK(client.show("HELLO", "x") == "-ERR Protocol version is not an integer or out of range");
    CHECK_THAT(client.show("HELLO", 3, "NONSENSE"), StartsWith("-ERR Syntax error in HELLO option"));
    CHECK(client("HELLO", 3, "SETNAME", "me").kind == Reply::Kind::map);
    CHECK(client.show("CLIENT", "GETNAME") == "\"me\"");
}

TEST_CASE("CLIENT: id, name, info, list, setinfo", "[client]") {
    ServerProcess server;
    Redis redis = server.redis(), other = server.redis();
    const std::int64_t id = redis("CLIENT", "ID").integer;
    CHECK(id > 0);
    CHECK(other("CLIENT", "ID").integer > id);
    CHECK(redis("CLIENT", "GETNAME").text.empty());
    CHECK(redis("CLIENT", "SETNAME", "first").is_ok());
    CHECK(redis.show("CLIENT", "GETNAME") == "\"first\"");
    CHECK(redis.show("CLIENT", "SETNAME", "a b") == "-ERR Client names cannot contain spaces, newlines or special characters.");
    CHECK(redis("CLIENT", "SETINFO", "LIB-NAME", "test-lib").is_ok());
    CHECK(redis("CLIENT", "SETINFO", "LIB-VER", "1.2").is_ok());
    CHECK(redis("CLIENT", "SETINFO", "LIB-COLOUR", "red").is_error("ERR"));
    CHECK_THAT(redis.show("CLIENT", "MAINT_NOTIFICATIONS", "ON"), StartsWith("-ERR unknown subcommand"));
    const std::string info = redis("CLIENT", "INFO").text;
    CHECK_THAT(info, Contains("id=" + std::to_string(id) + " ") && Contains("name=first ") && Contains("addr=127.0.0.1:") &&
                         Contains("db=0 ") && Contains("cmd=client|info") && Contains("user=default") &&
                         Contains("lib-name=test-lib") && Contains("lib-ver=1.2") && Contains("resp=2"));
    const std::string list = redis("CLIENT", "LIST").text;
    CHECK(std::count(list.begin(), list.end(), '\n') >= 2);
    CHECK_THAT(redis("CLIENT", "LIST", "ID", id).text, StartsWith("id=" + std::to_string(id)));
    CHECK(redis("CLIENT", "NO-EVICT", "ON").is_ok());
    CHECK(redis("CLIENT", "NO-TOUCH", "OFF").is_ok());
}

TEST_CASE("CLIENT KILL, REPLY and PAUSE", "[client]") {
    ServerProcess server;
    Redis redis = server.redis();
    RespClient victim = server.client();
    const std::int64_t id = victim("CLIENT", "ID").integer;
    CHECK(redis.show("CLIENT", "KILL", "ID", id) == "(integer) 1");
    CHECK(redis.show("CLIENT", "KILL", "ID", id) == "(integer) 0");  // killed is gone, before and after its socket closes
    CHECK(redis.show("CLIENT", "LIST", "ID", id) == "\"\"");
    CHECK(victim.closed_within(5s));
    CHECK(redis.show("CLIENT", "KILL", "ID", id) == "(integer) 0");
    CHECK(redis.show("CLIENT", "KILL", "1.2.3.4:5") == "-ERR No such client");

    RespClient quiet = server.client();
    quiet.send(support::request({"CLIENT", "REPLY", "SKIP"}) + support::request({"ECHO", "skipped"}) +
               support::request({"ECHO", "heard"}));
    CHECK(quiet.read().shown() == "\"heard\"");
    quiet.send(support::request({"CLIENT", "REPLY", "OFF"}) + support::request({"SET", "quiet", "1"}) +
               support::request({"CLIENT", "REPLY", "ON"}));
    CHECK(quiet.read().shown() == "+OK");
    CHECK(quiet.show("GET", "quiet") == "\"1\"");

    RespClient writer = server.client();
    CHECK(redis("CLIENT", "PAUSE", 60'000, "WRITE").is_ok());
    writer.send(support::request({"SET", "paused", "1"}));
    CHECK(writer.silent_for(100ms));
    CHECK(redis.show("GET", "paused") == "$-1");
    CHECK(redis("CLIENT", "UNPAUSE").is_ok());
    CHECK(writer.read().is_ok());
}

TEST_CASE("RESET brings a connection back to its beginning", "[client]") {
    ServerProcess server;
    RespClient client = server.client();
    client("HELLO", 3, "SETNAME", "x");
    REQUIRE(client("SELECT", 4).is_ok());
    CHECK(client.show("RESET") == "+RESET");
    client.send(support::request({"GET", "absent"}));
    CHECK(client.read_bytes(5) == "$-1\r\n");
    CHECK(client("CLIENT", "GETNAME").text.empty());
    CHECK_THAT(client("CLIENT", "INFO").text, Contains(" db=0 "));
    CHECK(client.show("QUIT") == "+OK");
    CHECK(client.closed_within(5s));
}

TEST_CASE("a client that is idle longer than `timeout` is closed", "[client]") {
    ServerProcess server({"--timeout", "1"});
    RespClient idle = server.client();
    CHECK(idle.show("PING") == "+PONG");
    CHECK(idle.closed_within(5s));
}

}  // namespace integration
