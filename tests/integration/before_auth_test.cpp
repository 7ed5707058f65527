// SPDX-License-Identifier: MIT
// What a stranger can do: nothing, in little memory. Cases S01 to S11 of the reliability page.
#include "tests/support/integration.hpp"

#include <arpa/inet.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstring>
#include <exception>
#include <thread>

namespace integration {

namespace {

const std::string noauth = "-NOAUTH Authentication required.";
const std::string wrongpass = "-WRONGPASS invalid username-password pair or user is disabled.";

ServerOptions locked() {
    ServerOptions options;
    options.args = {"--requirepass", "correct horse"};
    options.password = "correct horse";
    return options;
}

// Takes this thread into a network namespace where only lo exists, with a second address. False: not allowed to.
bool own_network_with(const char* address) {
    if (::unshare(CLONE_NEWNET) != 0) return false;
    const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const auto configure = [&](const char* name, const char* text, unsigned long call) {
        ifreq request{};
        std::strncpy(request.ifr_name, name, IFNAMSIZ - 1);
        sockaddr_in wanted{};
        wanted.sin_family = AF_INET;
        ::inet_pton(AF_INET, text, &wanted.sin_addr);
        std::memcpy(&request.ifr_addr, &wanted, sizeof wanted);
        if (call == SIOCSIFFLAGS) request.ifr_flags = IFF_UP | IFF_LOOPBACK | IFF_RUNNING;
        return ::ioctl(fd, call, &request) == 0;
    };
    const bool done = configure("lo", "0.0.0.0", SIOCSIFFLAGS) && configure("lo:1", address, SIOCSIFADDR);
    ::close(fd);
    return done;
}

}  // namespace

TEST_CASE("before AUTH every command is NOAUTH and tells nothing", "[auth]") {
    ServerProcess server(locked());
    RespClient client = server.client();
    CHECK(client.show("GET", "k") == noauth);
    CHECK(client.show("PING") == noauth);
    CHECK(client.show("SESS.CREATE", "alice") == noauth);
    CHECK(client.show("CLIENT", "ID") == noauth);
    CHECK(client.show("INFO") == noauth);
    CHECK(client.show("COMMAND", "COUNT") == noauth);
    CHECK_THAT(client.show("HELLO", "3"), StartsWith("-NOAUTH HELLO must be called with the client already authenticated"));
    CHECK_THAT(client.show("HELLO", "2"), StartsWith("-NOAUTH"));
    CHECK(client.show("RESET") == "+RESET");
    CHECK(client.show("AUTH", "correct horse") == "+OK");
    CHECK(client.show("PING") == "+PONG");
    CHECK(client.show("RESET") == "+RESET");
    CHECK(client.show("PING") == noauth);
    CHECK(client.show("HELLO", "3", "AUTH", "default", "wrong") == wrongpass);
    const Reply hello = client("HELLO", "3", "AUTH", "default", "correct horse", "SETNAME", "tester");
    CHECK(hello.kind == Reply::Kind::map);
    CHECK(client.show("CLIENT", "GETNAME") == "\"tester\"");
    RespClient leaving = server.client();
    CHECK(leaving.show("QUIT") == "+OK");
    CHECK(leaving.closed_within(5s));
}

TEST_CASE("a wrong user, password, empty or huge one: one text for all", "[auth]") {
    ServerProcess server(locked());
    RespClient client = server.client();
    CHECK(client.show("AUTH", "wrong") == wrongpass);
    CHECK(client.show("AUTH", "") == wrongpass);
    CHECK(client.show("AUTH", "nobody", "correct horse") == wrongpass);
    CHECK(client.show("AUTH", std::string("correct horse\0", 14)) == wrongpass);
    CHECK(client.show("AUTH", "default", std::string(10'000, 'x')) == wrongpass);
    CHECK(client.show("AUTH", "default", "correct horse") == "+OK");
    const std::string logged = server.stdout_text() + server.stderr_text();
    CHECK(logged.find("correct horse") == std::string::npos);
}

TEST_CASE("a failing AUTH in a pipeline is answered in its place", "[auth]") {
    ServerProcess server(locked());
    RespClient client = server.client();
    client.send(support::request({"AUTH", "wrong"}) + support::request({"PING"}) + support::request({"AUTH", "correct horse"}) +
                support::request({"PING"}));
    CHECK(client.read().shown() == wrongpass);
    CHECK(client.read().shown() == noauth);
    CHECK(client.read().shown() == "+OK");
    CHECK(client.read().shown() == "+PONG");
}

TEST_CASE("AUTH without a password set", "[auth]") {
    ServerProcess server;
    Redis redis = server.redis();
    CHECK(redis.show("AUTH", "x") ==
          "-ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is "
          "correct?");
    CHECK(redis("AUTH", "default", "anything").is_ok());
    CHECK(redis.show("AUTH", "nobody", "x") == wrongpass);
    CHECK(redis.show("AUTH") == "-ERR wrong number of arguments for 'auth' command");
}

TEST_CASE("announced sizes before AUTH end the connection at once", "[auth][limits]") {
    ServerProcess server(locked());
    const auto ends_with = [&](const std::string& bytes, const std::string& message) {
        INFO(bytes.substr(0, 40));
        RespClient client = server.client();
        client.send(bytes);
        CHECK_THAT(client.read_until_closed(5s), StartsWith(message));
    };
    ends_with("*1048576\r\n", "-ERR Protocol error: unauthenticated multibulk length");
    ends_with("*11\r\n", "-ERR Protocol error: unauthenticated multibulk length");
    ends_with("*2\r\n$4\r\nAUTH\r\n$20000000\r\n", "-ERR Protocol error: unauthenticated bulk length");
    ends_with("*2\r\n$4\r\nAUTH\r\n$16385\r\n", "-ERR Protocol error: unauthenticated bulk length");
    RespClient allowed = server.client();
    CHECK(allowed("AUTH", "default", std::string(16'000, 'p')).is_error("WRONGPASS"));
}

TEST_CASE("sixty half-sent requests before AUTH cost little memory, and end by themselves", "[auth][limits]") {
    ServerProcess server(locked());
    const std::size_t before = server.resident_bytes();
    std::vector<RespClient> clients;
    for (int i = 0; i < 60; ++i) {
        clients.push_back(server.client());
        clients.back().send("*2\r\n$4\r\nAUTH\r\n$16000\r\n" + std::string(15'000, 'x'));
    }
    RespClient other = server.client();
    CHECK(other("AUTH", "correct horse").is_ok());
    CHECK(server.resident_bytes() < before + slack * (16U << 20));
    CHECK(clients.front().closed_within(20s));  // the time to authenticate is limited
    CHECK(other.show("PING") == "+PONG");
}

TEST_CASE("unread replies before AUTH do not pile up", "[auth][limits]") {
    ServerProcess server(locked());
    const std::size_t before = server.resident_bytes();
    RespClient client(server.port(), 4096);
    std::string batch;
    for (int i = 0; i < 2000; ++i) {
        batch += "*1\r\n$4\r\nPING\r\n";
    }
    std::size_t sent = 0;
    const auto until = std::chrono::steady_clock::now() + 2s;
    while (std::chrono::steady_clock::now() < until && sent < (64U << 20)) {
        const std::size_t piece = client.send_some(batch);
        sent += piece;
        if (piece == 0) {
            support::pause_between_polls();
        }
    }
    CHECK(server.resident_bytes() < before + slack * (8U << 20));
    RespClient other = server.client();
    CHECK(other("AUTH", "correct horse").is_ok());
}

TEST_CASE("protected mode: another address without a password is told how", "[auth]") {
    bool isolated = false;
    std::string denied, allowed, with_password;
    // A thread may leave for a network of its own, and the servers that it starts go with it. Nothing leaves the machine.
    std::exception_ptr failure;
    std::thread([&] {
        try {
            isolated = own_network_with("10.99.0.1");
            if (!isolated) return;
            ServerOptions options;
            options.args = {"--bind", "127.0.0.1 10.99.0.1"};
            ServerProcess server(options);
            denied = RespClient(server.port(), 0, "10.99.0.1").read_until_closed();
            Redis redis = server.redis();
            allowed = redis.show("CONFIG", "GET", "protected-mode");
            allowed += redis.show("CONFIG", "SET", "protected-mode", "no");
            allowed += RespClient(server.port(), 0, "10.99.0.1").show("PING");
            options.args.insert(options.args.end(), {"--requirepass", "correct horse"});
            options.password = "correct horse";
            ServerProcess with(options);
            with_password = RespClient(with.port(), 0, "10.99.0.1").show("PING");
        } catch (...) {
            failure = std::current_exception();
        }
    }).join();
    if (failure) std::rethrow_exception(failure);
    if (!isolated) {
        WARN("left out: a network of its own needs root");
        return;
    }
    CHECK_THAT(denied, StartsWith("-DENIED Redis is running in protected mode because protected mode is enabled"));
    CHECK(denied.find("\r\n") == denied.size() - 2);
    CHECK(allowed == "[\"protected-mode\", \"yes\"]+OK+PONG");
    CHECK(with_password == noauth);
}

}  // namespace integration
