// SPDX-License-Identifier: MIT
// INFO, CONFIG, CLIENT and the flushes through the executor, in both protocol versions.
#include <set>
#include <string>

#include <catch2/catch.hpp>

#include "src/info.hpp"
#include "tests/support/command_runner.hpp"

using support::CommandRunner;

namespace {

std::string info(CommandRunner& run, const std::string& section) { return run("INFO", section).text; }

}  // namespace

TEST_CASE("INFO has Redis's argument forms") {
    CommandRunner run;
    const std::string normal = run("INFO").text;
    for (const char* title : {"# Server", "# Clients", "# Memory", "# Persistence", "# Stats", "# Replication", "# CPU",
                              "# Modules", "# Errorstats", "# Cluster", "# Keyspace", "# Sessions"})
        CHECK(normal.find(std::string(title) + "\r\n") != std::string::npos);
    CHECK(normal.find("# Commandstats") == std::string::npos);
    CHECK(info(run, "ALL").find("# Commandstats") != std::string::npos);
    CHECK(info(run, "everything").find("# Commandstats") != std::string::npos);
    CHECK(info(run, "default").find("# Server\r\n") == 0);
    CHECK(info(run, "nonsense").empty());
    const std::string two = run("INFO", "cpu", "Replication").text;
    CHECK(two.starts_with("# Replication\r\nrole:master\r\n"));
    CHECK(two.find("\r\n\r\n# CPU\r\n") != std::string::npos);
}

TEST_CASE("INFO holds what connecting clients look for") {
    CommandRunner run;
    run("SET", "k", "v", "EX", 10);
    const std::string all = run("INFO", "all").text;
    for (const char* field : {"redis_version:7.4.0", "redis_mode:standalone", "role:master", "loading:0", "loading_eta_seconds:0",
                              "maxmemory_policy:noeviction", "cluster_enabled:0", "db0:keys=1,expires=1,avg_ttl=",
                              "maxclients:10000", "aof_enabled:1", "cmdstat_set:calls=1,", "tokmesh_version:"})
        CHECK(all.find(field) != std::string::npos);
}

TEST_CASE("CONFIG GET takes patterns, CONFIG SET is atomic") {
    CommandRunner run;
    CHECK(run.show("CONFIG", "GET", "databases") == run.show("CONFIG", "GET", "DATABASES", "data*s"));
    run("CONFIG", "GET", "maxmemory", "timeout");
    CHECK(run.bytes() == "*4\r\n$9\r\nmaxmemory\r\n$1\r\n0\r\n$7\r\ntimeout\r\n$1\r\n0\r\n");
    run("CONFIG", "GET", "nonsense");
    CHECK(run.bytes() == "*0\r\n");
    run("CONFIG", "SET", "timeout", 5, "maxmemory", "lots");
    CHECK(run.bytes() ==
          "-ERR CONFIG SET failed (possibly related to argument 'maxmemory') - argument must be a memory value\r\n");
    CHECK(run.state().values.timeout_s == 0);
    run("CONFIG", "SET", "timeout");
    CHECK(run.bytes() == "-ERR wrong number of arguments for 'config|set' command\r\n");
    run("CONFIG", "SET", "timeout", 5, "hz");
    CHECK(run.bytes() == "-ERR syntax error\r\n");
    run("CONFIG", "SET", "requirepass", "geheim");
    run("CONFIG", "GET", "requirepass");
    CHECK(run.bytes() == "*2\r\n$11\r\nrequirepass\r\n$8\r\n<hidden>\r\n");
    CHECK_FALSE(run("CONFIG", "GET", "*").items.empty());
    CHECK(run.bytes().find("geheim") == std::string::npos);
}

TEST_CASE("flushing one database and all") {
    CommandRunner run;
    run("SET", "a", 1);
    run.select(1);
    run("SET", "b", 1);
    CHECK(run("DBSIZE").integer == 1);
    CHECK(run("FLUSHDB", "ASYNC").text == "OK");
    CHECK(run("DBSIZE").integer == 0);
    run.select(0);
    CHECK(run("DBSIZE").integer == 1);
    CHECK(run("FLUSHALL", "never").text == "ERR syntax error");
    CHECK(run("FLUSHALL").text == "OK");
    CHECK(run("DBSIZE").integer == 0);
}

TEST_CASE("CLIENT about the connection itself") {
    CommandRunner run;
    CHECK(run("CLIENT", "GETNAME").is_null());
    CHECK(run("CLIENT", "SETNAME", "web-1").text == "OK");
    CHECK(run("CLIENT", "GETNAME").text == "web-1");
    CHECK(run("CLIENT", "SETNAME", "a b").text == "ERR Client names cannot contain spaces, newlines or special characters.");
    CHECK(run("CLIENT", "SETINFO", "LIB-NAME", "redis-py(django_v5)").text == "OK");
    CHECK(run("CLIENT", "SETINFO", "lib-ver", "1 2").text ==
          "ERR lib-ver cannot contain spaces, newlines or special characters.");
    CHECK(run("CLIENT", "SETINFO", "nope", "x").text == "ERR Unrecognized option 'nope'");
    const std::string line = run("CLIENT", "INFO").text;
    for (const char* part : {" name=web-1 ", " db=0 ", " resp=2 ", " user=default ", " lib-name=redis-py(django_v5) "})
        CHECK(line.find(part) != std::string::npos);
    CHECK(run("CLIENT", "NO-TOUCH", "ON").text == "OK");
    CHECK(run.dialogue().client.no_touch());
    CHECK(run("CLIENT", "NO-EVICT", "maybe").text == "ERR syntax error");
    CHECK(run("CLIENT", "TRACKING", "OFF").text == "OK");
    CHECK(run("CLIENT", "TRACKING", "ON").text == "ERR client tracking is not supported by this version");
    CHECK(run("CLIENT", "GETREDIR").integer == -1);
    CHECK(run("READONLY").text == "ERR This instance has cluster support disabled");
}

TEST_CASE("CLIENT LIST and KILL by filter") {
    CommandRunner run;
    auto& registry = run.state().clients;
    registry.add(run.dialogue().client);
    server::Client::Origin origin;
    origin.id = registry.next_id();
    origin.addr = "10.0.0.1:5";
    origin.connected_at_ms = run.state().monotonic_ms();
    server::Client other(origin, run.counters());
    registry.add(other);
    CHECK(run("CLIENT", "LIST").text.find("addr=10.0.0.1:5 ") != std::string::npos);
    CHECK(run("CLIENT", "LIST", "ID", other.id()).text.starts_with("id=2 "));
    CHECK(run("CLIENT", "LIST", "TYPE", "replica").text.empty());
    CHECK(run("CLIENT", "LIST", "TYPE", "foo").text == "ERR Unknown client type 'foo'");
    CHECK(run("CLIENT", "LIST", "ID", "x").text == "ERR Invalid client ID");
    CHECK(run("CLIENT", "KILL", "nobody:1").text == "ERR No such client");
    CHECK(run("CLIENT", "KILL", "ADDR", "10.0.0.1:5", "TYPE", "pubsub").integer == 0);
    CHECK(run("CLIENT", "KILL", "USER", "eve").text == "ERR No such user 'eve'");
    CHECK(run("CLIENT", "KILL", "MAXAGE", 100).integer == 0);
    run.advance(100'000);
    CHECK(run("CLIENT", "KILL", "MAXAGE", 100, "USER", "default").integer == 1);
    CHECK(other.traffic.close_asked);
    registry.remove(other);
    registry.remove(run.dialogue().client);
}

TEST_CASE("small answers") {
    CommandRunner run;
    run("TIME");
    CHECK(run.bytes() == "*2\r\n$10\r\n1700000000\r\n$1\r\n0\r\n");
    run("ROLE");
    CHECK(run.bytes() == "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n");
    CHECK(run("SHUTDOWN", "ABORT").text == "ERR No shutdown in progress.");
    CHECK(run("PING", "a", "b").text == "ERR wrong number of arguments for 'ping' command");
    CHECK(run("SELECT", 16).text == "ERR DB index is out of range");
    CHECK(run("SELECT", "x").text == "ERR value is not an integer or out of range");
    CHECK(run("ECHO", std::string("\0\r\n\xff", 4)).text == std::string("\0\r\n\xff", 4));
}
