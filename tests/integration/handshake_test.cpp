// SPDX-License-Identifier: MIT
// Handshakes of clients that cannot run here, byte for byte as their sources send them when they connect: the replies must come
// in order and begin with the bytes that the client looks at. Each is sent in one write, then byte by byte.
#include "tests/support/integration.hpp"

namespace integration {

namespace {

struct Step {
    std::vector<std::string> request;
    std::string reply;  // how the reply's bytes begin
};

struct Handshake {
    std::string client;
    std::vector<Step> steps;
    bool password = false;
};

const std::string ok = "+OK\r\n";
const std::string unknown_sub = "-ERR unknown subcommand";
const std::string unknown_command = "-ERR unknown command";
const std::string hello_fields = "$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$5\r\n7.4.0\r\n$5\r\nproto\r\n";
const std::string hello3 = "%7\r\n" + hello_fields + ":3\r\n$2\r\nid\r\n:";
const std::string hello2 = "*14\r\n" + hello_fields + ":2\r\n$2\r\nid\r\n:";
// The 16 bytes of a GUID that StackExchange.Redis wants echoed, CR and LF among them.
const std::string tracer("\x00\xff\r\n\x80tracer\x01\x02\x03\xfe\x00", 16);

std::vector<Handshake> python_go_and_rust() {
    return {
        {"redis-py 8",
         {{{"HELLO", "3"}, hello3},
          {{"CLIENT", "MAINT_NOTIFICATIONS", "ON", "moving-endpoint-type", "internal-ip"}, unknown_sub},
          {{"CLIENT", "SETNAME", "worker"}, ok},
          {{"CLIENT", "SETINFO", "LIB-NAME", "redis-py"}, ok},
          {{"CLIENT", "SETINFO", "LIB-VER", "8.0.0"}, ok},
          {{"SELECT", "2"}, ok}}},
        {"redis-py 8 with a password", {{{"HELLO", "3", "AUTH", "default", "sesame"}, hello3}, {{"SELECT", "1"}, ok}}, true},
        {"go-redis 9",
         {{{"hello", "3"}, hello3},
          {{"client", "maint_notifications", "on", "moving-endpoint-type", "internal-ip"}, unknown_sub},
          {{"client", "setinfo", "LIB-NAME", "go-redis(,go1.24)"}, ok},
          {{"client", "setinfo", "LIB-VER", "9.22.0"}, ok}}},
        {"go-redis 9 with name and password",
         {{{"hello", "3", "auth", "default", "sesame", "setname", "web"}, hello3},
          {{"select", "3"}, ok},
          {{"ping"}, "+PONG\r\n"}},
         true},
        {"redis-rs 1.6",
         {{{"AUTH", "sesame"}, ok},
          {{"SELECT", "4"}, ok},
          {{"CLIENT", "SETINFO", "LIB-NAME", "redis-rs"}, ok},
          {{"CLIENT", "SETINFO", "LIB-VER", "1.6.0"}, ok}},
         true},
        {"valkey-glide 2",
         {{{"HELLO", "3"}, hello3},
          {{"SELECT", "0"}, ok},
          {{"CLIENT", "SETINFO", "LIB-NAME", "GlidePy"}, ok},
          {{"CLIENT", "SETINFO", "LIB-VER", "2.5.2"}, ok},
          {{"INFO", "REPLICATION"}, "="}}},
    };
}

std::vector<Handshake> java_and_dotnet() {
    return {
        {"Jedis 7",
         {{{"AUTH", "default", "sesame"}, ok},
          {{"CLIENT", "SETNAME", "pool"}, ok},
          {{"CLIENT", "SETINFO", "LIB-NAME", "jedis"}, ok},
          {{"CLIENT", "SETINFO", "LIB-VER", "7.5.3"}, ok},
          {{"SELECT", "1"}, ok}},
         true},
        {"Jedis 8", {{{"HELLO", "3"}, "-NOAUTH"}, {{"AUTH", "sesame"}, ok}, {{"HELLO", "3"}, hello3}}, true},
        {"Lettuce 7",
         {{{"HELLO", "3"}, hello3},
          {{"SELECT", "2"}, ok},
          {{"CLIENT", "SETINFO", "lib-name", "Lettuce"}, ok},
          {{"CLIENT", "SETINFO", "lib-ver", "7.0.0"}, ok},
          {{"PING"}, "+PONG\r\n"}}},
        {"Redisson",
         {{{"AUTH", "sesame"}, ok}, {{"SELECT", "0"}, ok}, {{"CLIENT", "SETNAME", "redisson"}, ok}, {{"PING"}, "+PONG\r\n"}},
         true},
        {"StackExchange.Redis",
         {{{"HELLO", "3"}, hello3},
          {{"CLIENT", "SETNAME", "WEB01(SE.Redis-v2.8)"}, ok},
          {{"CLIENT", "SETINFO", "lib-name", "SE.Redis"}, ok},
          {{"CLIENT", "SETINFO", "lib-ver", "2.8.41"}, ok},
          {{"CLIENT", "ID"}, ":"},
          {{"CONFIG", "GET", "timeout"}, "%1\r\n$7\r\ntimeout\r\n"},
          {{"CONFIG", "GET", "replica-read-only"}, "%"},
          {{"CONFIG", "GET", "databases"}, "%1\r\n$9\r\ndatabases\r\n$2\r\n16\r\n"},
          {{"SENTINEL", "MASTERS"}, unknown_command},
          {{"INFO", "replication"}, "="},
          {{"INFO", "server"}, "="},
          {{"CLUSTER", "NODES"}, "-ERR"},
          {{"GET", "__Booksleeve_TieBreak"}, "_\r\n"},
          {{"ECHO", tracer}, "$16\r\n" + tracer + "\r\n"}}},
        {"StackExchange.Redis, RESP2",
         {{{"HELLO", "2"}, hello2},
          {{"CLIENT", "ID"}, ":"},
          {{"CONFIG", "GET", "timeout"}, "*2\r\n$7\r\ntimeout\r\n"},
          {{"INFO", "replication"}, "$"},
          {{"GET", "__Booksleeve_TieBreak"}, "$-1\r\n"},
          {{"ECHO", tracer}, "$16\r\n" + tracer + "\r\n"}}},
    };
}

std::vector<Handshake> php_node_and_c() {
    return {
        {"phpredis 6",
         {{{"AUTH", "sesame"}, ok}, {{"SELECT", "3"}, ok}, {{"ECHO", "phpredis_\r\n"}, "$11\r\nphpredis_\r\n\r\n"}},
         true},
        {"Predis 3",
         {{{"HELLO", "2", "SETNAME", "predis"}, hello2},
          {{"CLIENT", "SETINFO", "LIB-NAME", "predis"}, ok},
          {{"CLIENT", "SETINFO", "LIB-VER", "3.6.0"}, ok},
          {{"SELECT", "1"}, ok}}},
        {"Predis 3 with a password that the server refuses",
         {{{"HELLO", "3", "AUTH", "default", "wrong", "SETNAME", "predis"}, "-WRONGPASS"},
          {{"CLIENT", "SETINFO", "LIB-NAME", "predis"}, "-NOAUTH"},
          {{"SELECT", "1"}, "-NOAUTH"},
          {{"AUTH", "sesame"}, ok},
          {{"CLIENT", "SETNAME", "predis"}, ok}},
         true},
        {"redis-rb 4.8", {{{"AUTH", "sesame"}, ok}, {{"SELECT", "1"}, ok}, {{"CLIENT", "SETNAME", "rack"}, ok}}, true},
        {"Boost.Redis", {{{"HELLO", "3"}, hello3}, {{"SELECT", "1"}, ok}, {{"PING", "Boost.Redis"}, "$11\r\nBoost.Redis\r\n"}}},
        {"ioredis 6",
         {{{"HELLO", "3"}, hello3},
          {{"client", "setname", "node"}, ok},
          {{"CLIENT", "SETINFO", "LIB-NAME", "ioredis"}, ok},
          {{"CLIENT", "SETINFO", "LIB-VER", "6.0.0"}, ok},
          {{"info"}, "="}}},
        {"node-redis 6",
         {{{"HELLO", "3", "SETNAME", "node"}, hello3},
          {{"SELECT", "1"}, ok},
          {{"CLIENT", "SETINFO", "LIB-VER", "6.3.1"}, ok},
          {{"CLIENT", "SETINFO", "LIB-NAME", "node-redis"}, ok},
          {{"CLIENT", "MAINT_NOTIFICATIONS", "ON", "moving-endpoint-type", "internal-ip"}, unknown_sub}}},
    };
}

void replay(ServerProcess& server, const Handshake& handshake, bool byte_by_byte) {
    RespClient client = server.client();
    std::string bytes;
    for (const Step& step : handshake.steps) {
        bytes += support::request(step.request);
    }
    if (byte_by_byte) {
        for (const char byte : bytes) {
            client.send(std::string_view(&byte, 1));
        }
    } else {
        client.send(bytes);
    }
    for (const Step& step : handshake.steps) {
        const std::string reply = client.read_raw();
        INFO(step.request[0] << " " << (step.request.size() > 1 ? step.request[1] : "") << " was answered "
                             << reply.substr(0, 200));
        CHECK(reply.starts_with(step.reply));
    }
    CHECK(client.silent_for(20ms));
    CHECK(client("PING").text == "PONG");
}

}  // namespace

TEST_CASE("handshakes of clients that cannot run here", "[handshake]") {
    ServerProcess open;
    ServerOptions options;
    options.args = {"--requirepass", "sesame"};
    options.password = "sesame";
    ServerProcess locked(options);
    for (const auto& family : {python_go_and_rust(), java_and_dotnet(), php_node_and_c()}) {
        for (const Handshake& handshake : family) {
            INFO(handshake.client);
            replay(handshake.password ? locked : open, handshake, false);
            replay(handshake.password ? locked : open, handshake, true);
        }
    }
}

TEST_CASE("what HAProxy and load balancers send: inline", "[handshake]") {
    ServerOptions options;
    options.args = {"--requirepass", "sesame"};
    options.password = "sesame";
    ServerProcess server(options);
    RespClient client = server.client();
    client.send("AUTH sesame\r\nPING\r\ninfo replication\r\nQUIT\r\n");
    CHECK(client.read().is_ok());
    CHECK(client.read().shown() == "+PONG");
    CHECK_THAT(client.read().text, Contains("role:master"));
    CHECK(client.read().is_ok());
    CHECK(client.closed_within(5s));
}

}  // namespace integration
