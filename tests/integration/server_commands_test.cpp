// SPDX-License-Identifier: MIT
// What tools and clients ask the server about itself: INFO, CONFIG, COMMAND, TIME, and unknown commands.
#include "tests/support/integration.hpp"

namespace integration {

TEST_CASE("INFO in every form of arguments, with the fields that clients read when they connect", "[info]") {
    ServerProcess server;
    Redis redis = server.redis();
    create(redis, "alice");
    REQUIRE(redis("SET", "k", "v", "EX", 1000).is_ok());
    const std::string all = redis("INFO").text;
    for (const char* name : {"redis_version:7.4.0",
                             "tokmesh_version:",
                             "redis_mode:standalone",
                             "os:",
                             "arch_bits:64",
                             "process_id:",
                             "run_id:",
                             "tcp_port:",
                             "uptime_in_seconds:",
                             "connected_clients:",
                             "maxclients:",
                             "used_memory:",
                             "used_memory_rss:",
                             "maxmemory:0",
                             "maxmemory_policy:noeviction",
                             "loading:0",
                             "total_connections_received:",
                             "total_commands_processed:",
                             "rejected_connections:",
                             "expired_keys:",
                             "evicted_keys:",
                             "keyspace_hits:",
                             "role:master",
                             "connected_slaves:0",
                             "used_cpu_user:",
                             "cluster_enabled:0",
                             "db0:keys=2,expires=2",
                             "# Sessions",
                             "# Wal"}) {
        CHECK_THAT(all, Contains(name));
    }
    CHECK(support::info_field(redis, "server", "process_id") == std::to_string(server.pid()));
    CHECK(support::info_field(redis, "server", "tcp_port") == std::to_string(server.port()));
    const std::string two = redis("INFO", "server", "clients").text;
    CHECK_THAT(two, Contains("# Server") && Contains("# Clients") && !Contains("# Memory"));
    CHECK_THAT(redis("INFO", "everything").text, Contains("# Commandstats") && Contains("cmdstat_set:calls=1,"));
    CHECK_THAT(redis("INFO", "all").text, Contains("# Keyspace"));
    CHECK(redis("INFO", "no-such-section").text.empty());
    CHECK_THAT(redis("INFO", "REPLICATION").text, StartsWith("# Replication\r\n"));
}

TEST_CASE("INFO memory has the allocator's figures where the server has its own allocator", "[info]") {
    ServerProcess server;
    Redis redis = server.redis();
    if (sanitized) {
        CHECK_THAT(redis("INFO", "memory").text, !Contains("allocator_"));
        return;
    }
    create(redis, "alice");
    CHECK(support::info_field(redis, "memory", "mem_allocator") == "jemalloc");
    const auto figure = [&](const char* name) { return std::stoull(support::info_field(redis, "memory", name)); };
    const std::uint64_t allocated = figure("allocator_allocated"), resident = figure("allocator_resident");
    CHECK(allocated > 0);
    CHECK(resident >= allocated);
}

TEST_CASE("INFO counts no bytes that wait for the log once all is answered, whatever credit the threads keep", "[info]") {
    ServerProcess server({"--appendfsync", "always"});
    Redis redis = server.redis();
    create(redis, "alice");
    CHECK(support::info_field(redis, "persistence", "aof_buffer_length") == "0");
    CHECK(support::info_field(redis, "memory", "mem_aof_buffer") == "0");
}

TEST_CASE("CONFIG GET with patterns, SET of several at once or none, RESETSTAT", "[config]") {
    ServerProcess server;
    Redis redis = server.redis();
    CHECK(redis.show("CONFIG", "GET", "databases") == "[\"databases\", \"16\"]");
    CHECK(redis.show("CONFIG", "GET", "no-such") == "[]");
    CHECK(redis("CONFIG", "GET", "max*").has("maxclients"));
    CHECK(redis("CONFIG", "GET", "*").items.size() >= 30);
    CHECK(redis("CONFIG", "GET", "timeout", "maxclients").items.size() == 4);
    CHECK(redis("CONFIG", "SET", "timeout", "100", "session-max-per-user", "7").is_ok());
    CHECK(redis.show("CONFIG", "GET", "session-max-per-user") == "[\"session-max-per-user\", \"7\"]");
    CHECK(redis("CONFIG", "SET", "timeout", "50", "no-such", "7").is_error("ERR"));
    CHECK(redis("CONFIG", "SET", "timeout", "50", "session-max-per-user", "seven").is_error("ERR"));
    CHECK(redis.show("CONFIG", "GET", "timeout") == "[\"timeout\", \"100\"]");
    CHECK_THAT(redis.show("CONFIG", "SET", "no-such", "1"),
               StartsWith("-ERR Unknown option or number of arguments for CONFIG SET"));
    CHECK(redis("CONFIG", "SET", "dir", "/").is_error("ERR"));
    CHECK(redis("CONFIG", "RESETSTAT").is_ok());
    CHECK(support::info_field(redis, "stats", "total_commands_processed").size() <= 2);
}

TEST_CASE("COMMAND: count, info, docs, list, getkeys", "[command]") {
    ServerProcess server;
    Redis redis = server.redis();
    const std::int64_t count = redis("COMMAND", "COUNT").integer;
    CHECK(count > 60);
    CHECK(static_cast<std::int64_t>(redis("COMMAND").items.size()) == count);
    CHECK(static_cast<std::int64_t>(redis("COMMAND", "LIST").items.size()) > count);  // subcommands too
    const Reply rows = redis("COMMAND", "INFO", "get", "sess.getbytoken", "no.such", "mset");
    REQUIRE(rows.items.size() == 4);
    CHECK(rows.items[0].items.at(0).text == "get");
    CHECK(rows.items[0].items.at(1).integer == 2);
    CHECK(rows.items[1].items.at(0).text == "sess.getbytoken");
    CHECK(rows.items[1].items.at(3).integer == 1);  // routing key: argument 1
    CHECK(rows.items[1].items.at(4).integer == 1);
    CHECK(rows.items[1].items.at(5).integer == 1);
    CHECK(rows.items[2].is_null());
    CHECK(rows.items[3].items.at(3).integer == 1);
    CHECK(rows.items[3].items.at(4).integer == -1);
    CHECK(rows.items[3].items.at(5).integer == 2);
    const Reply docs = redis("COMMAND", "DOCS", "sess.create");
    CHECK(docs.at("sess.create").at("group").text == "session");
    CHECK_FALSE(docs.at("sess.create").at("summary").text.empty());
    CHECK(redis("COMMAND", "DOCS").items.size() == static_cast<std::size_t>(count) * 2);
    CHECK(redis("COMMAND", "DOCS", "no.such").items.empty());
    CHECK(redis.show("COMMAND", "GETKEYS", "MSET", "a", "1", "b", "2") == "[\"a\", \"b\"]");
    CHECK(redis.show("COMMAND", "GETKEYS", "SESS.UPDATE", "the-id", "CLEAR") == "[\"the-id\"]");
    CHECK(redis.show("COMMAND", "GETKEYS", "PING", "x") == "-ERR The command has no key arguments");
    CHECK(redis.show("COMMAND", "GETKEYS", "NO.SUCH", "x") == "-ERR Invalid command specified");
}

TEST_CASE("every command answers a wrong count of arguments with Redis's words", "[command]") {
    ServerProcess server;
    Redis redis = server.redis();
    int checked = 0;
    for (const Reply& row : redis("COMMAND").items) {
        const std::string name = row.items.at(0).text;
        const std::int64_t arity = row.items.at(1).integer;
        if (arity == -1 || arity == 1 || arity == 0) {
            continue;
        }
        INFO(name << " " << arity);
        CHECK(redis.show(name) == "-ERR wrong number of arguments for '" + name + "' command");
        ++checked;
    }
    CHECK(checked > 50);
}

TEST_CASE("unknown commands and subcommands in Redis's words", "[command]") {
    ServerProcess server;
    Redis redis = server.redis();
    CHECK(redis.show("NOSUCH") == "-ERR unknown command 'NOSUCH', with args beginning with: ");
    CHECK(redis.show("nosuch", "a", "b") == "-ERR unknown command 'nosuch', with args beginning with: 'a' 'b' ");
    CHECK(redis.show("CLIENT", "nosuch") == "-ERR unknown subcommand 'nosuch'. Try CLIENT HELP.");
    CHECK(redis.show("CONFIG", "nosuch", "x") == "-ERR unknown subcommand 'nosuch'. Try CONFIG HELP.");
    CHECK(redis.show("SESS.NOSUCH", "x") == "-ERR unknown command 'SESS.NOSUCH', with args beginning with: 'x' ");
    CHECK(redis("SENTINEL", "MASTERS").is_error("ERR unknown command"));
}

TEST_CASE("TIME, DBSIZE, SELECT", "[server]") {
    ServerProcess server;
    Redis redis = server.redis();
    const Reply time = redis("TIME");
    REQUIRE(time.items.size() == 2);
    CHECK(std::abs(std::stoll(time.items[0].text) - now_ms() / 1000) <= 2);
    CHECK(std::stoll(time.items[1].text) < 1'000'000);
    for (int db = 0; db < 16; ++db) {
        REQUIRE(redis("SELECT", db).is_ok());
        REQUIRE(redis("SET", "k", db).is_ok());
    }
    CHECK(redis.show("DBSIZE") == "(integer) 1");
    CHECK_THAT(redis("INFO", "keyspace").text, Contains("db15:keys=1"));
    CHECK(redis.show("SELECT", "x") == "-ERR value is not an integer or out of range");
    CHECK(redis.show("SELECT", -1) == "-ERR DB index is out of range");
    CHECK(redis("FLUSHALL", "ASYNC").is_ok());
    CHECK(redis.show("FLUSHALL", "NONSENSE") == "-ERR syntax error");
    CHECK(redis.show("DBSIZE") == "(integer) 0");
}

TEST_CASE("in always, one flush serves a whole group of writes", "[wal]") {
    ServerProcess server({"--appendfsync", "always"});
    Redis redis = server.redis();
    const auto flushes = [&] { return std::stoll("0" + support::info_field(redis, "wal", "wal_fdatasyncs")); };
    const long long before = flushes();
    std::vector<RespClient> clients;
    for (int i = 0; i < 50; ++i) {
        clients.push_back(server.client());
    }
    constexpr int rounds = 20;
    for (int round = 0; round < rounds; ++round) {
        for (std::size_t i = 0; i < clients.size(); ++i) {
            clients[i].send(support::request({"SET", "k" + std::to_string(i), std::to_string(round)}));
        }
        for (RespClient& client : clients) {
            REQUIRE(client.read().is_ok());
        }
    }
    const long long used = flushes() - before;
    CAPTURE(used);
    CHECK(used > 0);
    CHECK(used < 50 * rounds / 2);  // one a command would be 1,000
    const std::string wal = redis("INFO", "wal").text;
    INFO(wal);
    const auto figure = [&](const std::string& name) { return std::stoll("0" + support::info_field(redis, "wal", name)); };
    for (const char* name : {"wal_write", "wal_reply_wait", "wal_fdatasync"}) {
        const std::string of = std::string(name) + "_usec_";
        CHECK_THAT(wal, Contains(of + "p50:") && Contains(of + "p99:") && Contains(of + "max:"));
        CHECK(figure(of + "p50") <= figure(of + "p99"));
        CHECK(figure(of + "p99") <= figure(of + "max"));
    }
    CHECK(figure("wal_reply_wait_usec_max") >= figure("wal_write_usec_p50"));
    CHECK(figure("wal_reply_wait_usec_max") > 0);
    CHECK(figure("wal_group_records") >= 50 * rounds);
    CHECK(figure("wal_group_records_p50") > 0);
    CHECK(figure("wal_group_records_p50") <= figure("wal_group_records_max"));
    CHECK(figure("wal_group_records_max") > 1);
}

}  // namespace integration
