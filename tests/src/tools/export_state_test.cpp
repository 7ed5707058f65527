// SPDX-License-Identifier: MIT
// A directory to an export and back: nothing is lost, nothing is left behind by what is refused, no token is in it.
#include "src/tools/export_state.hpp"

#include <catch2/catch.hpp>

#include "storage/data_directory.hpp"
#include "tests/support/export_text.hpp"
#include "tests/support/store_process.hpp"

using namespace server;
using namespace storage;
using test::SeededRandom;
using test::StoreProcess;

namespace {

struct Exported {
    LogResult<StateFigures> figures = StateFigures{};
    std::string text;
};

Exported export_of(StoreProcess& process, std::optional<DbIndex> db = {}) {
    Exported exported;
    const std::uint64_t before = process.disk.fingerprint();
    const auto fs = process.disk.mount();
    StateOptions options{.directory_name = "data", .encryption = process.encryption, .now = process.clock.wall_ms, .db = db};
    RecoveryProgress progress;
    ExportWriter writer([&](std::string_view bytes) {
        exported.text += bytes;
        return storage::Result<void>();
    });
    exported.figures = export_state(*fs, options, process.random, progress, writer);
    CHECK(process.disk.fingerprint() == before);
    CHECK(progress.bytes_read.load() <= progress.bytes_total.load());
    return exported;
}

LogResult<ImportedState> import_into(StoreProcess& process, const std::string& text) {
    const auto fs = process.disk.mount();
    ExportReader reader(test::pieces_of(text), "in");
    return import_state(*fs, {.directory_name = "made", .encryption = process.encryption, .now = process.clock.wall_ms},
                        process.random, reader);
}

std::string without_ends(const std::string& text) {  // the records
    const auto lines = test::lines_of(text);
    std::string records;
    for (std::size_t i = 1; i + 1 < lines.size(); ++i) records += lines[i] + "\n";
    return records;
}

void live_days(StoreProcess& process, SeededRandom& dice, int steps) {
    for (int i = 0; i < steps; ++i) {
        process.random_step(dice);
        if (dice.below(80) == 0) REQUIRE(process.snapshot());
    }
}

// A session under one of a few ids and a token that others may have had before, or the end of some.
void bring(StoreProcess& process, SeededRandom& dice, const std::string& token) {
    const std::string user = "user" + std::to_string(dice.below(8));
    if (dice.below(2) == 0) {
        process.run([&](Op& op) { return process.store().remove_user(op, user, {}); });
        return;
    }
    NewSession wanted;
    wanted.user = user;
    wanted.expires_at = process.clock.wall_ms + 3600'000;
    if (dice.below(3) != 0) wanted.token = token;
    if (dice.below(3) != 0) {
        wanted.id.emplace();
        wanted.id->bytes.fill(static_cast<unsigned char>(dice.below(6)));
    }
    process.run([&](Op& op) { return process.store().create(op, wanted).has_value(); });
    if (dice.below(4) == 0) process.run([&](Op& op) { return process.store().rotate(op, token, 300'000).has_value(); });
}

std::string owner(StoreProcess& process, const std::string& token) {  // "": nobody's
    std::string user;
    const auto take = [&](const SessionView& view) { user = view.user; };
    process.run([&](Op& op) { return process.store().validate(op, token, {}, take).has_value(); });
    return user;
}

}  // namespace

TEST_CASE("Export: out, in, out again is the same, and the store too, for any seed", "[export]") {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        INFO("seed " << seed);
        StoreProcess process(seed), made(seed + 100);
        if (seed % 3 == 0) process.encryption = test::sealed_with({"k1"});
        if (seed % 3 == 1) made.encryption = test::sealed_with({"k2"});
        SeededRandom dice(seed);
        REQUIRE(process.start());
        live_days(process, dice, 400);
        REQUIRE(process.sync());
        const std::uint64_t expected = process.digest();
        process.kill();
        const Exported first = export_of(process);
        REQUIRE(first.figures.has_value());
        CHECK(first.figures->records() + 2 == test::lines_of(first.text).size());
        made.clock.wall_ms = process.clock.wall_ms.load();
        const auto imported = import_into(made, first.text);
        REQUIRE(imported.has_value());
        CHECK(imported->figures.records() == first.figures->records());
        CHECK(imported->figures.over == 0);
        const Exported second = export_of(made);
        CHECK(without_ends(second.text) == without_ends(first.text));
        CHECK(test::lines_of(second.text)[0] != test::lines_of(first.text)[0]);  // a directory of its own
        REQUIRE(made.start());
        CHECK(made.digest() == expected);
    }
}

TEST_CASE("Export: ids and tokens that users bring one after the other can be imported, for any seed", "[export]") {
    const auto token_of = [](std::uint64_t number) { return "token-that-was-brought-" + std::to_string(number); };
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        INFO("seed " << seed);
        StoreProcess process(seed), made(seed + 100);
        if (seed % 2 == 0) process.settings.session_dead_max = 3;
        SeededRandom dice(seed);
        REQUIRE(process.start());
        for (int i = 0; i < 200; ++i) bring(process, dice, token_of(dice.below(12)));
        REQUIRE(process.sync());
        std::vector<std::string> owners;
        for (std::uint64_t i = 0; i < 12; ++i) owners.push_back(owner(process, token_of(i)));
        process.kill();
        const Exported exported = export_of(process);
        REQUIRE(exported.figures.has_value());
        made.clock.wall_ms = process.clock.wall_ms.load();
        const auto imported = import_into(made, exported.text);
        INFO((imported ? "" : imported.error().text) << exported.text);
        REQUIRE(imported.has_value());
        CHECK(imported->figures.records() == exported.figures->records());
        CHECK(without_ends(export_of(made).text) == without_ends(exported.text));
        REQUIRE(made.start(64));
        for (std::uint64_t i = 0; i < 12; ++i) CHECK(owner(made, token_of(i)) == owners[i]);
    }
}

TEST_CASE("Export: an id that is used again is the live one's, and the dead one's token stays dead", "[export]") {
    StoreProcess process, made(2);
    REQUIRE(process.start());
    NewSession wanted;
    wanted.id = SessionId::parse("tmss-01arz3ndektsv4rrffq69g5fav");
    wanted.expires_at = process.clock.wall_ms + 3600'000;
    std::vector<std::string> tokens;
    for (const char* user : {"alice", "bob", "carol"}) {
        wanted.user = user;
        const auto session = process.run([&](Op& op) { return process.store().create(op, wanted); });
        REQUIRE(session.has_value());
        tokens.emplace_back(session->token.data(), session->token.size());
        if (wanted.user != "carol") process.run([&](Op& op) { return process.store().remove_user(op, user, {}); });
    }
    REQUIRE(process.sync());
    process.kill();
    const Exported exported = export_of(process);
    CHECK(exported.figures->sessions == 1);
    CHECK(exported.figures->dead == 2);
    REQUIRE(import_into(made, exported.text).has_value());
    REQUIRE(made.start());
    CHECK(owner(made, tokens[2]) == "carol");
    const auto ignore = [](const SessionView&) {};
    for (std::size_t dead = 0; dead < 2; ++dead)
        CHECK(made.run([&](Op& op) { return made.store().validate(op, tokens[dead], {}, ignore); }).error() ==
              make_error_code(Errc::token_revoked));
}

TEST_CASE("Export: no plaintext token is in it, brought or made", "[export]") {
    StoreProcess process;
    REQUIRE(process.start());
    NewSession wanted;
    wanted.user = "alice";
    const auto made = process.run([&](Op& op) { return process.store().create(op, wanted); });
    REQUIRE(made.has_value());
    wanted.token = "a-token-that-was-brought";
    REQUIRE(process.run([&](Op& op) { return process.store().create(op, wanted); }).has_value());
    REQUIRE(process.sync());
    process.kill();
    const Exported exported = export_of(process);
    CHECK(exported.figures->sessions == 2);
    CHECK(exported.text.find("tmtk_") == std::string::npos);
    CHECK(exported.text.find("brought") == std::string::npos);
    CHECK(exported.text.find("\"token_secret\":\"") < exported.text.find('\n'));
    CHECK(exported.text.find("alice") != std::string::npos);
}

TEST_CASE("Export: what ended stays ended, and its token cannot be brought again", "[export]") {
    StoreProcess process, made(2);
    REQUIRE(process.start());
    NewSession wanted;
    wanted.user = "alice";
    wanted.token = "a-token-that-was-brought";
    wanted.expires_at = process.clock.wall_ms + 3600'000;
    REQUIRE(process.run([&](Op& op) { return process.store().create(op, wanted); }).has_value());
    REQUIRE(process.run([&](Op& op) { return process.store().remove_user(op, "alice", {}); }).value() == 1);
    REQUIRE(process.sync());
    process.kill();
    const Exported exported = export_of(process);
    CHECK(exported.figures->sessions == 0);
    CHECK(exported.figures->dead == 1);
    REQUIRE(import_into(made, exported.text).has_value());
    REQUIRE(made.start(32));
    const auto ignore = [](const SessionView&) {};
    CHECK(made.run([&](Op& op) { return made.store().validate(op, *wanted.token, {}, ignore); }).error() ==
          make_error_code(Errc::token_revoked));
    CHECK(made.run([&](Op& op) { return made.store().create(op, wanted); }).error() == make_error_code(Errc::token_taken));
}

TEST_CASE("Export: what is over is left out, at both ends, and counted", "[export]") {
    StoreProcess process, made(2);
    REQUIRE(process.start());
    const auto ignore = [](std::optional<std::string_view>) {};
    for (const int seconds : {10, 100, 1000}) {
        SetOptions set;
        set.expires_at = process.clock.wall_ms + seconds * 1000;
        process.run([&](Op& op) { return process.store().set_string(op, "k" + std::to_string(seconds), "v", set, ignore); });
    }
    REQUIRE(process.sync());
    process.kill();
    process.clock.wall_ms = process.clock.wall_ms + 50'000;
    const Exported exported = export_of(process);
    CHECK(exported.figures->strings == 2);
    CHECK(exported.figures->over == 1);
    made.clock.wall_ms = process.clock.wall_ms + 500'000;
    const auto imported = import_into(made, exported.text);
    REQUIRE(imported.has_value());
    CHECK(imported->figures.strings == 1);
    CHECK(imported->figures.over == 1);
}

TEST_CASE("Export: one database alone, and the header says so", "[export]") {
    StoreProcess process;
    REQUIRE(process.start());
    const auto ignore = [](std::optional<std::string_view>) {};
    for (DbIndex db = 0; db < 4; ++db)
        process.run([&](Op& op) {
            op.db = db;
            return process.store().set_string(op, "key", std::to_string(db), {}, ignore);
        });
    REQUIRE(process.sync());
    process.kill();
    const Exported exported = export_of(process, DbIndex{2});
    CHECK(exported.figures->strings == 1);
    CHECK_THAT(test::lines_of(exported.text)[0], Catch::Contains("\"db\":2"));
    CHECK_THAT(test::lines_of(exported.text)[1], Catch::Contains("\"value\":\"2\""));
}

TEST_CASE("Export: a directory that a start refuses is refused, and one without data", "[export]") {
    StoreProcess process;
    CHECK(export_of(process).figures.error().text == "data holds no data: there is nothing to export");
    process.encryption = test::sealed_with({"k1"});
    REQUIRE(process.start());
    SeededRandom dice(1);
    live_days(process, dice, 20);
    REQUIRE(process.sync());
    process.kill();
    process.encryption = {};
    CHECK_THAT(export_of(process).figures.error().text, Catch::Contains("no key given opens it"));
    process.encryption = test::sealed_with({"k2"});
    CHECK_THAT(export_of(process).figures.error().text, Catch::Contains("no key given opens it"));
}

TEST_CASE("Export: an output that fails ends it with a reason", "[export]") {
    StoreProcess process;
    REQUIRE(process.start());
    SeededRandom dice(1);
    live_days(process, dice, 50);
    REQUIRE(process.sync());
    process.kill();
    const auto fs = process.disk.mount();
    RecoveryProgress progress;
    ExportWriter writer([](std::string_view) -> storage::Result<void> {
        return boost::system::error_code(ENOSPC, boost::system::system_category());
    });
    const auto figures =
        export_state(*fs, {.directory_name = "data", .now = process.clock.wall_ms}, process.random, progress, writer);
    REQUIRE(figures.has_error());
    CHECK(figures.error().text == "cannot write the export: No space left on device");
}

TEST_CASE("Import: whatever is wrong, the line is named and nothing is left", "[export]") {
    const std::string id = "tmss-01arz3ndektsv4rrffq69g5fav", hash(64, 'a'), other(64, 'b');
    const auto session = [&](const std::string& of_id, const std::string& token, const std::string& more = "") {
        return R"({"type":"session","id":")" + of_id + R"(","user_id":"u","token_hash":")" + token + R"(","created_at":5)" +
               more + "}";
    };
    const std::string id_2 = "tmss-01arz3ndektsv4rrffq69g5fax";
    const auto dead = [&](const std::string& of_id, const std::string& token) {
        return R"({"type":"dead","id":")" + of_id + R"(","user_id":"u","token_hash":")" + token +
               R"(","reason":"revoked","until":9999999999999})";
    };
    const std::string string = R"({"type":"string","key":"k","value":"v"})";
    const std::vector<std::pair<std::vector<std::string>, std::string>> wrong{
        {{string, "{}"}, "in:3: field 'type' is missing"},
        {{string, string}, "in:3: another line before has the same 'key'"},
        {{session(id, hash), session(id, other)}, "in:3: another line before has the same 'id'"},
        {{session(id, hash), session(id_2, hash)}, "in:3: another line before has the same 'token_hash'"},
        {{session(id, hash), dead(id, other)}, "in:3: another line before has the same 'id'"},
        {{dead(id, hash), session(id_2, hash)}, "in:3: another line before has the same 'token_hash'"},
        {{session(id, hash), session(id_2, other, R"(,"previous_token_hash":")" + hash + R"(","previous_until":9)")},
         "in:3: another line before has the same token as 'previous_token_hash'"},
    };
    StoreProcess process;
    for (const auto& [lines, fault] : wrong) {
        const auto imported = import_into(process, test::export_of(test::export_header(), lines));
        REQUIRE(imported.has_error());
        CHECK(imported.error().text == fault);
        CHECK(process.disk.names().empty());
    }
    std::string whole = test::export_of(test::export_header(), {string});
    CHECK_THAT(import_into(process, whole.substr(0, whole.size() - 1)).error().text, Catch::Contains("cut off"));
    CHECK(process.disk.names().empty());
    whole = test::export_of(test::export_header(9, process.clock.wall_ms + 25LL * 3600 * 1000), {string});
    CHECK(import_into(process, whole).error().text ==
          "in:1: field 'time_ms' is more than a day ahead of this machine's clock; set that first");
    process.disk.set_capacity(6000);
    whole = test::export_of(test::export_header(), {R"({"type":"string","key":"k","value":")" + std::string(9000, 'v') + "\"}"});
    CHECK(import_into(process, whole).error().text == "cannot write into made: No space left on device");
    CHECK(process.disk.names().empty());
    process.disk.set_capacity({});
    REQUIRE(import_into(process, whole).has_value());
}

TEST_CASE("Import: what is over by the time of the export is left out, though this clock is behind", "[export]") {
    StoreProcess process;
    const UnixMs now = process.clock.wall_ms;
    const std::string over = R"({"type":"string","key":"k","value":"v","expires_at":)" + std::to_string(now + 1'800'000) + "}";
    const auto imported = import_into(process, test::export_of(test::export_header(9, now + 3600'000), {over}));
    REQUIRE(imported.has_value());
    CHECK(imported->figures.over == 1);
}

TEST_CASE("Import: the same id in two databases is two sessions, and a state without records is one", "[export]") {
    const std::string id = "tmss-01arz3ndektsv4rrffq69g5fav", hash(64, 'a');
    std::vector<std::string> lines;
    for (const char* db : {"0", "1"}) {
        std::string& line = lines.emplace_back(R"({"type":"session","db":)");
        line.append(db).append(R"(,"id":")").append(id).append(R"(","user_id":"u","token_hash":")").append(hash);
        line += R"(","created_at":5})";
    }
    StoreProcess process, empty(2);
    REQUIRE(import_into(process, test::export_of(test::export_header(), lines)).has_value());
    REQUIRE(process.start());
    CHECK(process.store().figures().sessions == 2);
    REQUIRE(import_into(empty, test::export_of(test::export_header(0, 0), {})).has_value());
    REQUIRE(empty.start());
    CHECK(empty.report.last == Lsn{1});
}
