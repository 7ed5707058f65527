// SPDX-License-Identifier: MIT
// The executor by bytes: what goes in, what comes out, why it stopped. No sockets, no disk, a clock that tests move.
#include "src/executor.hpp"

#include <memory>
#include <string>

#include <catch2/catch.hpp>

#include "src/settings.hpp"
#include "storage/store.hpp"
#include "tests/support/reply.hpp"

namespace {

struct ManualClock final : storage::Clock {
    storage::UnixMs unix_ms() override { return ms; }
    std::uint64_t monotonic_ns() override { return static_cast<std::uint64_t>(ms) * 1'000'000; }
    storage::UnixMs ms = 1'700'000'000'000;
};

struct CountingRandom final : storage::RandomSource {
    void fill(std::span<unsigned char> to) override {
        for (auto& byte : to) byte = static_cast<unsigned char>(next = next * 31 + 7);
    }
    unsigned next = 1;
};

constexpr std::uint64_t plenty = 1ULL << 40;

struct Wire {
    explicit Wire(bool room = true) {
        journal.set_record_fit(plenty);
        if (room) journal.add_room(plenty);
    }

    // Shows the executor the bytes kept so far and these, and returns what it wrote.
    std::string operator()(std::string_view bytes) {
        input += bytes;
        turn = executor.run(dialogue, input);
        input.erase(0, turn.consumed);
        std::string out(dialogue.output.view());
        dialogue.output.clear();
        return out;
    }
    std::string set(std::string_view name, std::string_view value) {
        const server::Settings::Change change{name, value};
        return settings.set_live({&change, 1}).value_or("");
    }
    server::CommandCount& count(std::string_view name) { return counters.by_command[server::find_command_entry(name)->row]; }

    ManualClock clock;
    CountingRandom random;
    storage::SteadyNow now{clock};
    server::Settings settings;
    storage::Journal journal{storage::Journal::Options{}};
    storage::Store store{{16, 1, clock.ms}, journal, random, settings.values.storage};
    server::ServerState state{{settings, clock, now, random, store, journal, nullptr}};
    server::Counters& counters = state.add_thread_counters();
    server::Executor executor{state, counters};
    server::Dialogue dialogue{make_origin(), counters};
    std::string input;
    server::Turn turn;

private:
    static server::Client::Origin make_origin() {
        server::Client::Origin origin;
        origin.id = 7;
        origin.addr = "127.0.0.1:1";
        return origin;
    }
};

struct Authenticated : Wire {
    explicit Authenticated(bool room = true) : Wire(room) { dialogue.client.set_authenticated(true); }
};

}  // namespace

TEST_CASE("a pipeline is executed whole, and what is incomplete waits") {
    Authenticated wire;
    CHECK(wire("PING\r\n*2\r\n$4\r\nECHO\r\n$2\r\nhi\r\n*2\r\n$4\r\nEC") == "+PONG\r\n$2\r\nhi\r\n");
    CHECK(wire.turn.stop == server::Stop::need_more);
    CHECK(wire("HO\r\n$1\r\nx\r\n") == "$1\r\nx\r\n");
    CHECK(wire.input.empty());
}

TEST_CASE("a pipeline split at every byte gives the same replies") {
    const std::string bytes = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$2\r\nab\r\nGET k\r\n*1\r\n$4\r\nPING\r\nnope 1\r\n";
    const std::string wanted = "+OK\r\n$2\r\nab\r\n+PONG\r\n-ERR unknown command 'nope', with args beginning with: '1' \r\n";
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
        Authenticated wire;
        std::string out = wire(std::string_view(bytes).substr(0, cut));
        out += wire(std::string_view(bytes).substr(cut));
        CHECK(out == wanted);
    }
}

TEST_CASE("errors of the table are Redis's") {
    Authenticated wire;
    CHECK(wire("foo a b\r\n") == "-ERR unknown command 'foo', with args beginning with: 'a' 'b' \r\n");
    CHECK(wire("*1\r\n$5\r\na\r\nb\xff\r\n") == "-ERR unknown command 'a  b\xff', with args beginning with: \r\n");
    CHECK(wire("get\r\n") == "-ERR wrong number of arguments for 'get' command\r\n");
    CHECK(wire("client\r\n") == "-ERR wrong number of arguments for 'client' command\r\n");
    CHECK(wire("client kill\r\n") == "-ERR wrong number of arguments for 'client|kill' command\r\n");
    CHECK(wire("client foo\r\n") == "-ERR unknown subcommand 'foo'. Try CLIENT HELP.\r\n");
    CHECK(wire("client maint_notifications on\r\n") == "-ERR unknown subcommand 'maint_notifications'. Try CLIENT HELP.\r\n");
    CHECK(wire.count("get").rejected.get() == 1);
    CHECK(wire.counters.errors().at("ERR") == 7);
    const std::string long_name(300, 'x');
    CHECK(wire(long_name + " " + long_name + "\r\n") == "-ERR unknown command '" + long_name.substr(0, 128) +
                                                            "', with args beginning with: '" + long_name.substr(0, 128) +
                                                            "' \r\n");
}

TEST_CASE("a protocol error is answered and ends the connection") {
    Authenticated wire;
    CHECK(wire("PING\r\n*1\r\n!\r\nPING\r\n") == "+PONG\r\n-ERR Protocol error: expected '$', got '!'\r\n");
    CHECK(wire.turn.stop == server::Stop::close);
    CHECK(wire.input.empty());
}

TEST_CASE("a browser's request is not executed any further") {
    Authenticated wire;
    CHECK(wire("POST / HTTP/1.1\r\nSET k v\r\n").empty());
    CHECK(wire.turn.stop == server::Stop::close_now);
    Authenticated other;
    CHECK(other("GET / HTTP/1.1\r\nHost: x\r\nSET k v\r\n") == "-ERR wrong number of arguments for 'get' command\r\n");
    CHECK(other.turn.stop == server::Stop::close_now);
}

TEST_CASE("before AUTH nothing is allowed but AUTH, HELLO, RESET and QUIT") {
    Wire wire;
    REQUIRE(wire.set("requirepass", "secret").empty());
    CHECK(wire("GET k\r\n") == "-NOAUTH Authentication required.\r\n");
    CHECK(wire("PING\r\n") == "-NOAUTH Authentication required.\r\n");
    CHECK(wire("HELLO 3\r\n").starts_with("-NOAUTH HELLO must be called with the client already authenticated"));
    CHECK(wire("AUTH wrong\r\n") == "-WRONGPASS invalid username-password pair or user is disabled.\r\n");
    CHECK(wire("AUTH other secret\r\n") == "-WRONGPASS invalid username-password pair or user is disabled.\r\n");
    CHECK(wire("HELLO 3 AUTH default nope\r\n") == "-WRONGPASS invalid username-password pair or user is disabled.\r\n");
    CHECK(wire("AUTH secret\r\nPING\r\n") == "+OK\r\n+PONG\r\n");
    CHECK(wire("RESET\r\nPING\r\n") == "+RESET\r\n-NOAUTH Authentication required.\r\n");
    CHECK(wire("HELLO 3 AUTH default secret SETNAME me\r\nCLIENT GETNAME\r\n").ends_with("$7\r\nmodules\r\n*0\r\n$2\r\nme\r\n"));
    CHECK(wire.counters.auth_failed.get() == 3);
}

TEST_CASE("limits are tight before AUTH and wide after it, within one pipeline too") {
    Wire wire;
    REQUIRE(wire.set("requirepass", "secret").empty());
    const std::string big = "*2\r\n$4\r\nECHO\r\n$20000\r\n" + std::string(20000, 'x') + "\r\n";
    CHECK(wire("AUTH secret\r\n" + big).starts_with("+OK\r\n$20000\r\nxxx"));
    Wire other;
    REQUIRE(other.set("requirepass", "secret").empty());
    CHECK(other(big) == "-ERR Protocol error: unauthenticated bulk length\r\n");
    CHECK(other.turn.stop == server::Stop::close);
}

TEST_CASE("AUTH without a password configured") {
    Authenticated wire;
    CHECK(wire("AUTH x\r\n").starts_with("-ERR AUTH <password> called without any password configured for the default user."));
    CHECK(wire("AUTH default x\r\n") == "+OK\r\n");
    CHECK(wire("AUTH a b c\r\n") == "-ERR syntax error\r\n");
}

TEST_CASE("HELLO says who we are in both versions") {
    Authenticated wire;
    const std::string three = wire("HELLO 3\r\n");
    CHECK(three.starts_with(
        "%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$5\r\n7.4.0\r\n$5\r\nproto\r\n:3\r\n$2\r\nid\r\n:7\r\n"));
    CHECK(wire("HELLO 4\r\n") == "-NOPROTO unsupported protocol version\r\n");
    CHECK(wire("HELLO x\r\n") == "-ERR Protocol version is not an integer or out of range\r\n");
    CHECK(wire("HELLO 3 SETNAME\r\n") == "-ERR Syntax error in HELLO option 'SETNAME'\r\n");
    CHECK(wire("GET nothing\r\n") == "_\r\n");
    CHECK(wire("HELLO 2\r\nGET nothing\r\n").ends_with("*0\r\n$-1\r\n"));
}

TEST_CASE("while loading only what needs no data is answered") {
    Authenticated wire;
    wire.state.loading = true;
    CHECK(wire("PING\r\nSELECT 1\r\nGET k\r\n") ==
          "-LOADING Redis is loading the dataset in memory\r\n+OK\r\n-LOADING Redis is loading the dataset in memory\r\n");
    CHECK(wire("INFO persistence\r\n").find("loading:1\r\n") != std::string::npos);
}

TEST_CASE("CLIENT REPLY") {
    Authenticated wire;
    CHECK(wire("CLIENT REPLY SKIP\r\nPING\r\nECHO a\r\n") == "$1\r\na\r\n");
    CHECK(wire("CLIENT REPLY OFF\r\nPING\r\nnope\r\nGET\r\nCLIENT REPLY SKIP\r\nCLIENT REPLY ON\r\nECHO b\r\n") ==
          "+OK\r\n$1\r\nb\r\n");
    CHECK(wire("CLIENT REPLY SKIP\r\nnope\r\nECHO c\r\n") == "$1\r\nc\r\n");
}

TEST_CASE("CLIENT PAUSE holds back commands, not connections") {
    Authenticated wire;
    CHECK(wire("CLIENT PAUSE 1000 WRITE\r\nGET k\r\nSET k v\r\nGET k\r\n") == "+OK\r\n$-1\r\n");
    CHECK(wire.turn.stop == server::Stop::paused);
    wire.clock.ms += 999;
    CHECK(wire("").empty());
    wire.clock.ms += 1;
    CHECK(wire("") == "+OK\r\n$1\r\nv\r\n");
    CHECK(wire("CLIENT PAUSE 5000\r\nPING\r\n") == "+OK\r\n");
    wire.state.unpause();
    CHECK(wire("") == "+PONG\r\n");
}

TEST_CASE("a write without log credit waits at its place and runs once there is some") {
    Authenticated wire(false);
    CHECK(wire("PING\r\nSET k v\r\nGET k\r\n") == "+PONG\r\n");
    CHECK(wire.turn.stop == server::Stop::credit);
    CHECK(wire("").empty());
    wire.journal.add_room(plenty);
    CHECK(wire("") == "+OK\r\n$1\r\nv\r\n");
    CHECK(wire.turn.stop == server::Stop::need_more);
    CHECK(storage::value(wire.turn.depends_on) == 1);
}

TEST_CASE("a write that must wait in the middle of a batch is met again, and what stands behind it") {
    const std::string get = support::request({"GET", "k"}), set = support::request({"SET", "k", "v"});
    const std::string whole = get + get + set + get;
    const bool broken = GENERATE(false, true);
    const std::string last = broken ? "*1\r\n!3\r\n" : get;
    const std::string end = broken ? "-ERR Protocol error: expected '$', got '!'\r\n" : "$1\r\nv\r\n";
    const auto go_on = [&](Wire& wire, std::size_t half) {
        std::string out = wire("");
        if (wire.turn.stop != server::Stop::close) out += wire(last.substr(half));
        return out;
    };
    for (std::size_t half = 0; half < last.size(); ++half) {
        std::string bytes = whole;
        bytes += last.substr(0, half);
        Authenticated poor(false);
        CHECK(poor(bytes) == "$-1\r\n$-1\r\n");
        CHECK(poor.turn.stop == server::Stop::credit);
        CHECK(poor("").empty());
        poor.journal.add_room(plenty);
        CHECK(go_on(poor, half) == "+OK\r\n$1\r\nv\r\n" + end);

        Authenticated paused;
        CHECK(paused("CLIENT PAUSE 1000 WRITE\r\n") == "+OK\r\n");
        CHECK(paused(bytes) == "$-1\r\n$-1\r\n");
        CHECK(paused.turn.stop == server::Stop::paused);
        paused.state.unpause();
        CHECK(go_on(paused, half) == "+OK\r\n$1\r\nv\r\n" + end);
    }
}

TEST_CASE("a write of a batch whose record is larger than its request takes more credit and goes on") {
    Authenticated wire;
    const std::string value(100'000, 'v');
    CHECK(wire(support::request({"SET", "k", value})) == "+OK\r\n");
    wire.executor.give_back();
    const std::string append = support::request({"APPEND", "k", "w"}), length = support::request({"STRLEN", "k"});
    CHECK(wire(length + append + length + append + length) == ":100000\r\n:100001\r\n:100001\r\n:100002\r\n:100002\r\n");
}

TEST_CASE("a full disk refuses writes and nothing else") {
    Authenticated wire(false);
    wire.journal.set_preparing_failed(true);
    CHECK(wire("SET k v\r\nGET k\r\n").starts_with("-MISCONF TM-SYS-5001 "));
    CHECK(wire("GET k\r\n") == "$-1\r\n");
    CHECK(wire.counters.errors().at("MISCONF") == 1);
}

TEST_CASE("the reserve for removals pays for no touch of a read behind one") {
    Authenticated wire;
    CHECK(wire("SESS.CREATE u TOKEN a-token-that-is-brought\r\n").starts_with("*6\r\n"));
    wire.executor.give_back();
    wire.journal.take_room(plenty - (1U << 20));  // less than the reserve is left
    wire.journal.set_preparing_failed(true);
    const storage::Lsn before = wire.journal.appended();
    CHECK(wire("SESS.DELUSER none\r\nSESS.VALIDATE a-token-that-is-brought TOUCH IP 10.0.0.9\r\n").starts_with(":0\r\n*6\r\n"));
    CHECK(wire.journal.appended() == before);
    CHECK(wire("SESS.DELUSER u\r\n") == ":1\r\n");
}

TEST_CASE("credit that is not used goes back") {
    Authenticated wire;
    CHECK(wire("SET k v\r\n") == "+OK\r\n");
    wire.executor.give_back();
    storage::Batch batch;
    REQUIRE(wire.journal.take(batch));
    wire.journal.set_written(batch.last);
    CHECK(wire.journal.figures().pending_bytes == 0);
}

TEST_CASE("a record that could never be logged is refused at once") {
    Authenticated wire;
    wire.settings.values.wal_record_max = 1000;
    CHECK(wire("SET k " + std::string(2000, 'v') + "\r\n") ==
          "-ERR the change does not fit into one log record (wal-record-max)\r\n");
    CHECK(wire("SET k v\r\n") == "+OK\r\n");
}

TEST_CASE("a turn ends after so many commands, and full output stops it") {
    Authenticated wire;
    std::string pings;
    for (std::size_t i = 0; i < 2 * server::Executor::commands_a_turn; ++i) pings += "PING\r\n";
    CHECK(wire(pings).size() == server::Executor::commands_a_turn * 7);
    CHECK(wire.turn.stop == server::Stop::turn_over);
    CHECK(wire("").size() == server::Executor::commands_a_turn * 7);

    REQUIRE(wire("*3\r\n$3\r\nSET\r\n$1\r\nb\r\n$300000\r\n" + std::string(300'000, 'b') + "\r\n") == "+OK\r\n");
    const std::string one = wire("GET b\r\nGET b\r\n");
    CHECK(wire.turn.stop == server::Stop::output_full);
    CHECK(wire("").size() == one.size());
}

TEST_CASE("QUIT, SHUTDOWN and CLIENT KILL of itself close after the reply") {
    Authenticated wire;
    CHECK(wire("QUIT\r\nPING\r\n") == "+OK\r\n");
    CHECK(wire.turn.stop == server::Stop::close);
    bool asked = false;
    wire.state.on_stop_asked = [&](server::LastSnapshot) { asked = true; };
    wire.input.clear();
    CHECK(wire("SHUTDOWN NOSAVE\r\n").empty());
    CHECK(wire.turn.stop == server::Stop::close);
    CHECK(asked);
    wire.state.clients.add(wire.dialogue.client);
    CHECK(wire("CLIENT KILL 127.0.0.1:1\r\n") == "+OK\r\n");
    CHECK(wire.turn.stop == server::Stop::close);
    CHECK(wire("CLIENT KILL ID 7\r\n") == ":0\r\n");
    CHECK(wire("CLIENT KILL ID 7 SKIPME no\r\n") == ":1\r\n");
    wire.state.clients.remove(wire.dialogue.client);
}

TEST_CASE("a client that another one killed runs nothing more") {
    Authenticated wire;
    wire.state.clients.add(wire.dialogue.client);
    wire.state.clients.ask_to_close(wire.dialogue.client);
    CHECK(wire("SET k v\r\n").empty());
    CHECK(wire.turn.stop == server::Stop::close_now);
    wire.state.clients.remove(wire.dialogue.client);
}

TEST_CASE("commands are counted by row") {
    Authenticated wire;
    wire("GET a\r\nGET b\r\nCLIENT ID\r\nHELLO 9\r\n");
    CHECK(wire.count("get").calls.get() == 2);
    CHECK(wire.count("hello").failed.get() == 1);
    const std::string info = wire("INFO commandstats\r\n");
    CHECK(info.find("cmdstat_get:calls=2,") != std::string::npos);
    CHECK(info.find("cmdstat_client|id:calls=1,") != std::string::npos);
    CHECK(wire("CONFIG RESETSTAT\r\n") == "+OK\r\n");
    CHECK(wire("INFO commandstats\r\n").find("cmdstat_get") == std::string::npos);
}
