// SPDX-License-Identifier: MIT
// Which sessions of a restored backup end, told from a newer export and a list of users; and that they end in the log.
#include "src/tools/revoked_sessions.hpp"

#include <catch2/catch.hpp>

#include "storage/random.hpp"
#include "storage/settings.hpp"
#include "tests/support/export_text.hpp"
#include "tests/support/store_process.hpp"

using namespace server;
using namespace storage;
using test::SeededRandom;

namespace {

constexpr UnixMs taken_at = test::start_ms + 1000;  // the export

std::string hash_text(char digit) { return std::string(64, digit); }

std::string id_text(int number) { return "tmss-01arz3ndektsv4rrffq69g5fa" + std::string(1, "0123456789"[number]); }

PutSession session(int number, char token, UnixMs created_at = test::start_ms) {
    PutSession e;
    e.user = "alice";
    e.id = *SessionId::parse(id_text(number));
    e.token.fill(static_cast<unsigned char>((token - '0') * 0x11));
    e.created_at = e.last_active = created_at;
    return e;
}

std::string line(int number, char token, UnixMs created_at = test::start_ms) {
    return R"({"type":"session","id":")" + id_text(number) + R"(","user_id":"alice","token_hash":")" + hash_text(token) +
           R"(","created_at":)" + std::to_string(created_at) + "}";
}

std::string dead_line(int number) {
    return R"({"type":"dead","id":")" + id_text(number) + R"(","user_id":"alice","token_hash":")" + hash_text('9') +
           R"(","reason":"revoked","until":1,"created_at":)" + std::to_string(test::start_ms) + "}";
}

LogResult<RevokedSince> since(const std::vector<std::string>& lines, const std::string& more = "") {
    ExportReader reader(test::pieces_of(test::export_of(test::export_header(9, taken_at, more), lines)), "newer");
    return RevokedSince::read(reader, taken_at);
}

struct Offline {
    Offline() {
        REQUIRE(process.start());
        const auto create = [&](const char* user, DbIndex db) {
            NewSession wanted;
            wanted.user = user;
            const auto made = process.run([&](Op& op) {
                op.db = db;
                return process.store().create(op, wanted);
            });
            tokens.emplace_back(made->token.data(), made->token.size());
            ids.push_back(made->id);
        };
        for (int i = 0; i < 300; ++i) create("alice", 0);
        create("bob", 0);
        create("alice", 5);
        create("carol", 5);
        REQUIRE(process.snapshot());
        REQUIRE(process.stop());
    }
    test::StoreProcess process;
    std::vector<std::string> tokens;
    std::vector<SessionId> ids;
};

}  // namespace

TEST_CASE("Revoked since: what the newer export does not show as it is here", "[revoke]") {
    const auto newer = since({line(1, '1'), line(2, '3'), line(3, '3', test::start_ms + 7), dead_line(4)});
    REQUIRE(newer.has_value());
    CHECK_FALSE(newer->revoked(session(1, '1'), taken_at));
    CHECK(newer->revoked(session(2, '2'), taken_at));  // its token was rotated out
    CHECK(newer->revoked(session(3, '3'), taken_at));  // another one under the same id
    CHECK(newer->revoked(session(4, '4'), taken_at));  // remembered as dead
    CHECK(newer->revoked(session(5, '5'), taken_at));  // not there any more
    CHECK(newer->revoked(session(5, '5', taken_at), taken_at));
    CHECK_FALSE(newer->revoked(session(5, '5', taken_at + 1), taken_at));  // made after it
    CHECK_FALSE(newer->revoked(session(4, '4', taken_at + 1), taken_at));
    PutSession elsewhere = session(1, '1');
    elsewhere.db = 3;
    CHECK(newer->revoked(elsewhere, taken_at));  // of another database
}

TEST_CASE("Revoked since: an export of one database says nothing about the others", "[revoke]") {
    const auto newer = since({}, R"(,"db":2)");
    REQUIRE(newer.has_value());
    PutSession here = session(1, '1');
    CHECK_FALSE(newer->revoked(here, taken_at));
    here.db = 2;
    CHECK(newer->revoked(here, taken_at));
}

TEST_CASE("Revoked since: an export from the future is refused, as by an import", "[revoke]") {
    constexpr UnixMs day = 24LL * 3600 * 1000;
    const std::string whole = test::export_of(test::export_header(9, taken_at), {});
    ExportReader of_tomorrow(test::pieces_of(whole), "newer"), of_later(test::pieces_of(whole), "newer");
    CHECK(RevokedSince::read(of_tomorrow, taken_at - day).has_value());
    CHECK(RevokedSince::read(of_later, taken_at - day - 1).error().text ==
          "newer:1: field 'time_ms' is more than a day ahead of this machine's clock; set that first");
}

TEST_CASE("Revoked since: a session whose time the export shows shortened ends when that is over", "[revoke]") {
    const auto with = [](int number, const std::string& more) {
        std::string text = line(number, static_cast<char>('0' + number));
        return text.insert(text.size() - 1, more);
    };
    const auto newer = since({with(1, R"(,"expires_at":)" + std::to_string(taken_at + 4000)), with(2, R"(,"idle_timeout":3)")});
    REQUIRE(newer.has_value());
    PutSession shortened = session(1, '1'), idle = session(2, '2');
    shortened.expires_at = taken_at + 7200'000;
    CHECK_FALSE(newer->revoked(shortened, taken_at + 3999));
    CHECK(newer->revoked(shortened, taken_at + 4000));
    CHECK_FALSE(newer->revoked(idle, test::start_ms + 2999));
    CHECK(newer->revoked(idle, test::start_ms + 3000));
    idle.last_active += 10;  // used since the restore
    CHECK_FALSE(newer->revoked(idle, test::start_ms + 3000));
}

TEST_CASE("Revoked since: an export that is older than the oldest full snapshot is refused", "[revoke]") {
    test::StoreProcess process;
    process.encryption = test::sealed_with({"k1"});
    const auto fs = process.disk.mount();
    ExportHeader header;
    CHECK(check_age(*fs, process.encryption, header).has_value());  // nothing to compare it with
    REQUIRE(process.start());
    SeededRandom dice(1);
    for (int i = 0; i < 30; ++i) process.random_step(dice);
    REQUIRE(process.snapshot());
    const snapshot::Footer oldest = *process.last_snapshot;
    for (int i = 0; i < 30; ++i) process.random_step(dice);
    REQUIRE(process.snapshot());
    REQUIRE(process.stop());
    header.last = oldest.last;
    header.now = oldest.now;
    CHECK(check_age(*fs, process.encryption, header).has_value());
    header.now -= 1;
    CHECK_THAT(check_age(*fs, process.encryption, header).error().text,
               Catch::StartsWith("the export, of LSN ") && Catch::Contains("is older than " + snapshot_name(oldest.last)));
    header.now += 1;
    header.last = Lsn{value(oldest.last) - 1};
    CHECK(check_age(*fs, process.encryption, header).has_error());
}

TEST_CASE("Revoked since: an export that is not whole says nothing", "[revoke]") {
    const std::string whole = test::export_of(test::export_header(9, taken_at), {line(1, '1')});
    ExportReader reader(test::pieces_of(whole.substr(0, whole.size() - 10)), "newer");
    CHECK_THAT(RevokedSince::read(reader, taken_at).error().text, Catch::Contains("cut off"));
}

TEST_CASE("Revoked users: one a line, its bytes as they are", "[revoke]") {
    Users users;
    REQUIRE(read_users("alice\n\n#bob\n c \nlast", "list", users).has_value());
    CHECK(users == Users{"alice", "#bob", " c ", "last"});
    users.clear();
    CHECK(read_users("", "list", users).error().text == "list names no user: one a line is wanted");
    CHECK(read_users("a\nb\r\n", "list", users).error().text ==
          "list:2: ends with a carriage return; lines must end with a line feed alone");
    CHECK(read_users("\xef\xbb\xbf"
                     "alice\n",
                     "list", users)
              .error()
              .text == "list begins with a byte order mark, which would be part of the first user id");
    CHECK(read_users(std::string(129, 'u'), "list", users).error().text ==
          "list:1: a user id of more than 128 bytes, which none can have");
}

TEST_CASE("Revoked sessions end in the log, in every database, and only they", "[revoke]") {
    Offline offline;
    {
        SystemRandom random;
        storage::Settings settings;
        SteadyNow now(offline.process.clock);
        LogOptions options;
        auto log = Log::open(offline.process.disk.mount(), options, offline.process.clock, now, random);
        REQUIRE(log.has_value());
        Store store({.now = now.now()}, (*log)->journal(), random, settings);
        REQUIRE((*log)->recover(store).has_value());
        Revocation revocation;
        revocation.users = {"alice", "nobody"};
        const auto revoked = choose_revoked(store, (*log)->run_start().directory_id, now.now(), revocation);
        REQUIRE(revoked.has_value());
        CHECK(revoked->sessions == 301);
        CHECK(revoked->users == 1);
        CHECK(revoked->listed == 2);
        CHECK(revoked->absent == 1);
        (*log)->start();
        REQUIRE(end_sessions(**log, store, now.now(), *revoked).has_value());
        (*log)->stop();
    }
    REQUIRE(offline.process.start());
    CHECK(offline.process.store().figures().sessions == 2);
    const auto ignore = [](const SessionView&) {};
    const auto validate = [&](std::size_t which, DbIndex db) {
        return offline.process.run([&](Op& op) {
            op.db = db;
            return offline.process.store().validate(op, offline.tokens[which], {}, ignore);
        });
    };
    CHECK(validate(0, 0).error() == make_error_code(Errc::token_revoked));
    CHECK(validate(299, 0).error() == make_error_code(Errc::token_revoked));
    CHECK(validate(300, 0).has_value());
    CHECK(validate(301, 5).error() == make_error_code(Errc::token_revoked));
    CHECK(validate(302, 5).has_value());
}

TEST_CASE("Revoked since: an export of other data is refused, one of the same data under another id is not", "[revoke]") {
    test::StoreFixture store;
    const std::string token = store.create("alice");
    const Id here{}, there{1};
    Revocation revocation;
    const auto of_other_data = since({line(1, '1')});
    REQUIRE(of_other_data.has_value());
    revocation.since = *of_other_data;
    const auto refused = choose_revoked(store.store, here, store.now, revocation);
    REQUIRE(refused.has_error());
    CHECK_THAT(refused.error().text, Catch::StartsWith("the export is of another directory, 000102"));
    Id same{};
    for (unsigned char i = 0; i < id_bytes; ++i) same[i] = i;
    CHECK(choose_revoked(store.store, same, store.now, revocation).value().sessions == 1);
    const auto id = store.last_id.text();
    const auto of_same_data =
        since({R"({"type":"dead","id":")" + std::string(id.data(), id.size()) + R"(","user_id":"alice","token_hash":")" +
               hash_text('9') + R"(","reason":"revoked","until":1})"});
    REQUIRE(of_same_data.has_value());
    revocation.since = *of_same_data;
    CHECK(choose_revoked(store.store, there, store.now, revocation).value().sessions == 1);
    store.now += 3600'000;  // what is over by itself needs no end
    CHECK(choose_revoked(store.store, there, store.now, revocation).value().sessions == 0);
}
