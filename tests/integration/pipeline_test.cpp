// SPDX-License-Identifier: MIT
// Whole batches, in order, binary-safe, and requests cut anywhere.
#include "tests/support/integration.hpp"

namespace integration {

TEST_CASE("a pipeline of 10,000 commands is answered in order", "[pipeline]") {
    ServerProcess server({"--appendfsync", GENERATE("always", "no")});
    Redis redis = server.redis();
    for (int i = 0; i < 10'000; ++i) {
        switch (i % 4) {
            case 0: redis.append("SET", "k" + std::to_string(i), i); break;
            case 1: redis.append("INCR", "counter"); break;
            case 2: redis.append("GET", "k" + std::to_string(i - 2)); break;
            default: redis.append("ECHO", "e" + std::to_string(i)); break;
        }
    }
    int wrong = 0;
    for (int i = 0; i < 10'000; ++i) {
        const Reply reply = redis.next();
        const std::string expected = i % 4 == 0   ? "+OK"
                                     : i % 4 == 1 ? "(integer) " + std::to_string(i / 4 + 1)
                                     : i % 4 == 2 ? '"' + std::to_string(i - 2) + '"'
                                                  : "\"e" + std::to_string(i) + '"';
        if (reply.shown() != expected && ++wrong < 5) {
            CHECK(reply.shown() == expected);
        }
    }
    CHECK(wrong == 0);
    server.restart_hard();
    Redis again = server.redis();
    CHECK(again.show("GET", "counter") == "\"2500\"");
    CHECK(again.show("DBSIZE") == "(integer) 2501");
}

TEST_CASE("10,000 sessions created and found in one pipeline each", "[pipeline][session]") {
    ServerProcess server({"--session-max-per-user", "10000"});
    Redis redis = server.redis();
    for (int i = 0; i < 10'000; ++i) {
        redis.append("SESS.CREATE", "user" + std::to_string(i % 100), "DATA", 1, "n", i);
    }
    std::vector<std::string> tokens;
    for (int i = 0; i < 10'000; ++i) {
        tokens.push_back(redis.next().at("token").text);
    }
    for (const std::string& token : tokens) {
        redis.append("SESS.GETBYTOKEN", token);
    }
    int wrong = 0;
    for (int i = 0; i < 10'000; ++i) {
        const Reply session = redis.next();
        wrong += session.has("data") && session.at("data").at("n").text == std::to_string(i) ? 0 : 1;
    }
    CHECK(wrong == 0);
    CHECK(redis.show("SESS.COUNT") == "(integer) 10000");
    CHECK(redis.show("SESS.COUNTUSER", "user7") == "(integer) 100");
}

// About what a first segment of 1 MiB holds; with credit that an earlier command left over.
TEST_CASE("the first large write of a run waits for a log file that holds it", "[pipeline]") {
    const int bytes = GENERATE(1'043'900, 1'044'400, 1'046'000, 1'048'500, 1'052'000);
    ServerProcess server({"--io-threads", "1"});
    Redis redis = server.redis();
    const std::string value(static_cast<std::size_t>(bytes), 'v');
    CHECK(redis("GET", "small").is_null());
    CHECK(redis("SET", "large", value).is_ok());
    server.restart_hard();
    Redis again = server.redis();
    CHECK(again("GET", "large").text == value);
}

TEST_CASE("keys, values and session data are bytes", "[binary]") {
    ServerProcess server;
    Redis redis = server.redis();
    std::string all_bytes;
    for (int i = 0; i < 256; ++i) {
        all_bytes.push_back(static_cast<char>(i));
    }
    const std::string big(1 << 20, '\xa5');
    CHECK(redis("SET", all_bytes, all_bytes).is_ok());
    CHECK(redis("GET", all_bytes).text == all_bytes);
    CHECK(redis("SET", "", "").is_ok());
    CHECK(redis("GET", "").shown() == "\"\"");
    CHECK(redis("SET", "big", big).is_ok());
    CHECK(redis("GET", "big").text == big);
    CHECK(redis("ECHO", all_bytes).text == all_bytes);
    CHECK(redis("PING", all_bytes).text == all_bytes);
    const std::string user(all_bytes.substr(0, 128)), name(all_bytes.substr(128, 64));
    const std::string id = create(redis, user, "DATA", 1, name, all_bytes).at("id").text;
    CHECK(redis("SESS.COUNTUSER", user).integer == 1);
    CHECK(redis("HGET", id, name).text == all_bytes);
    server.restart_hard();
    Redis again = server.redis();
    CHECK(again("GET", all_bytes).text == all_bytes);
    CHECK(again("GET", "big").text == big);
    CHECK(again("HGET", id, name).text == all_bytes);
    CHECK(again("SESS.LISTUSER", user).items.at(0).at("user_id").text == user);
}

TEST_CASE("a request may come in pieces of any size, inline commands too", "[pipeline]") {
    ServerProcess server;
    RespClient client = server.client();
    const std::string bytes =
        support::request({"SET", "k", "a\r\nb"}) + "PING\r\n" + support::request({"GET", "k"}) + "GET \"k\"\r\n";
    for (const char byte : bytes) {
        client.send(std::string_view(&byte, 1));
    }
    CHECK(client.read().shown() == "+OK");
    CHECK(client.read().shown() == "+PONG");
    CHECK(client.read().shown() == "\"a\r\nb\"");
    CHECK(client.read().shown() == "\"a\r\nb\"");
    for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
        client.send(bytes.substr(0, cut));
        client.send(bytes.substr(cut));
    }
    for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
        INFO("cut at " << cut);
        CHECK(client.read().is_ok());
        CHECK(client.read().shown() == "+PONG");
        CHECK(client.read().text == "a\r\nb");
        CHECK(client.read().text == "a\r\nb");
    }
    client.send("*-1\r\n*0\r\n\r\nPING\r\n");  // empty requests get no reply
    CHECK(client.read().shown() == "+PONG");
    CHECK(client.silent_for(50ms));
}

TEST_CASE("the RESP3 bytes of replies", "[resp3]") {
    ServerProcess server;
    RespClient client = server.client();
    REQUIRE(client("HELLO", 3).kind == Reply::Kind::map);
    const Reply made = client("SESS.CREATE", "alice", "DATA", 1, "a", "1");
    CHECK(made.kind == Reply::Kind::map);
    const Reply session = client("SESS.GET", made.at("id").text);
    CHECK(session.kind == Reply::Kind::map);
    CHECK(session.at("data").kind == Reply::Kind::map);
    CHECK(session.at("version").kind == Reply::Kind::integer);
    client.send(support::request({"GET", "absent"}));
    CHECK(client.read_bytes(3) == "_\r\n");
    client.send(support::request({"SESS.GET", "tmss-01arz3ndektsv4rrffq69g5fav"}));
    CHECK(client.read_bytes(3) == "_\r\n");
    CHECK(client("SESS.LIST").kind == Reply::Kind::array);
    CHECK(client("SESS.LISTUSER", "alice").items.at(0).kind == Reply::Kind::map);
    CHECK(client("SESS.STATS").kind == Reply::Kind::map);
    CHECK(client("HGETALL", made.at("id").text).kind == Reply::Kind::map);
    CHECK(client("CONFIG", "GET", "maxclients").kind == Reply::Kind::map);
    CHECK(client("INFO").is_text());
    REQUIRE(client("HELLO", 2).kind == Reply::Kind::array);
    client.send(support::request({"GET", "absent"}));
    CHECK(client.read_bytes(5) == "$-1\r\n");
}

}  // namespace integration
