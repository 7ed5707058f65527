// SPDX-License-Identifier: MIT
// The hand-written wire format against protobuf's own, in both directions.
#include "storage/effect.hpp"

#include <catch2/catch.hpp>

#include "storage/proto/effect.pb.h"
#include "tests/support/store_fixture.hpp"

using namespace storage;
namespace pb = tokmesh::effect;

namespace {

std::string bytes_of(const RecordWriter& writer) {
    return {reinterpret_cast<const char*>(writer.bytes().data()), writer.bytes().size()};
}

template <class E>
pb::LogRecord parsed(const E& effect) {
    RecordWriter writer;
    writer.add(effect);
    pb::LogRecord record;
    REQUIRE(record.ParseFromString(bytes_of(writer)));
    REQUIRE(record.effects_size() == 1);
    REQUIRE(record.SerializeAsString() == bytes_of(writer));  // canonical: protobuf writes the same bytes
    return record;
}

// Reads back what was written, and applies `check` to the effect.
template <class E, class Check>
void read_back(const E& effect, Check check) {
    RecordWriter writer;
    writer.add(effect);
    int seen = 0;
    REQUIRE(read_record(
        writer.bytes(), [](std::string_view) { return true; },
        [&](const Effect& e) {
            ++seen;
            REQUIRE(std::holds_alternative<E>(e));
            check(std::get<E>(e));
        }));
    REQUIRE(seen == 1);
}

PutSession a_session(std::string& packed) {
    packed = std::string("\x04\x05\x00", 3) + "cart" + "three" + std::string("\x01\x00\x00", 3) + "e";
    PutSession e;
    e.user = "alice";
    e.db = 3;
    e.id = *SessionId::parse("tmss-01jf8xzm7e3xqh5p8n4r6s2w0t");
    e.token.fill(7);
    e.has_previous = true;
    e.previous_token.fill(8);
    e.previous_slot = 0;
    e.token_slot = 16383;
    e.previous_until = 5;
    e.created_at = 1;
    e.last_active = 2;
    e.expires_at = session_time_max;
    e.idle_ms = 60000;
    e.version = session_version_max;
    e.device = "phone";
    e.created_by = "default";
    e.ip = "::1";
    e.ua = "\xff\xfe not utf-8";
    e.last_ip = "10.0.0.1";
    e.last_ua = "x";
    e.data = PackedData(packed);
    return e;
}

}  // namespace

TEST_CASE("a session's effect is protobuf's wire format") {
    std::string packed;
    const PutSession e = a_session(packed);
    const auto record = parsed(e);
    const auto& p = record.effects(0).put_session();
    CHECK(p.user() == "alice");
    CHECK(p.db() == 3);
    CHECK(p.id().size() == 16);
    CHECK(p.token() == std::string(32, 7));
    CHECK(p.previous_token() == std::string(32, 8));
    CHECK(p.previous_token_slot() == 1);
    CHECK(p.token_slot() == 16384);
    CHECK(p.expires_at() == session_time_max);
    CHECK(p.version() == session_version_max);
    CHECK(p.user_agent() == e.ua);
    REQUIRE(p.data_size() == 2);
    CHECK(p.data(0).name() == "cart");
    CHECK(p.data(0).value() == "three");
    CHECK(p.data(1).value().empty());
    read_back(e, [&](const PutSession& r) {
        CHECK(r.user == e.user);
        CHECK(r.id == e.id);
        CHECK(r.token == e.token);
        CHECK(r.has_previous);
        CHECK(r.previous_slot == 0);
        CHECK(r.token_slot == 16383);
        CHECK(r.last_ua == "x");
        CHECK(r.data.bytes() == packed);
    });
}

TEST_CASE("the other effects are protobuf's wire format") {
    const SessionId id = *SessionId::parse("tmss-01jf8xzm7e3xqh5p8n4r6s2w0t");
    TokenHash token{};
    token.fill(9);
    CHECK(parsed(TouchSession{"u", 1, id, 5, "::1", "agent"}).effects(0).touch_session().last_active() == 5);
    CHECK(parsed(ExpireSession{"u", 1, id, 0, 2, 3}).effects(0).expire_session().version() == 2);
    CHECK(parsed(RemoveSession{"u", 1, id, RemovalReason::revoked, 9}).effects(0).remove_session().reason() == pb::REVOKED);
    CHECK(parsed(PutDeadToken{"u", 1, token, 12, RemovalReason::quota, 9}).effects(0).put_dead_token().token_slot() == 13);
    CHECK(parsed(PutString{"", 0, "v", 0}).effects(0).put_string().value() == "v");
    CHECK(parsed(ExpireString{"k", 15, 8}).effects(0).expire_string().expires_at() == 8);
    CHECK(parsed(RemoveString{"k", 0, RemovalReason::evicted}).effects(0).remove_string().reason() == pb::EVICTED);
    CHECK(parsed(Flush{true, 0}).effects(0).flush().all());
    CHECK(parsed(Flush{false, 0}).effects(0).has_flush());
    read_back(PutString{"", 0, "v", 0}, [](const PutString& e) { CHECK(e.value == "v"); });
    read_back(Flush{false, 4}, [](const Flush& e) { CHECK((!e.all && e.db == 4)); });
    read_back(PutDeadToken{"u", 1, token, 12, RemovalReason::quota, 9}, [](const PutDeadToken& e) { CHECK(e.token_slot == 12); });
}

TEST_CASE("unwanted effects are passed over, unknown ones refused") {
    RecordWriter writer;
    writer.add(PutString{"a", 0, "1", 0});
    writer.add(PutString{"b", 0, "2", 0});
    std::string seen;
    REQUIRE(read_record(
        writer.bytes(), [](std::string_view route) { return route == "b"; },
        [&](const Effect& e) { seen += std::get<PutString>(e).value; }));
    CHECK(seen == "2");
    const std::string unknown("\x0a\x02\x7a\x00", 4);  // field 15 of Effect
    CHECK_FALSE(read_record(
        std::as_bytes(std::span(unknown)), [](std::string_view) { return true; }, [](const Effect&) {}));
}

TEST_CASE("a user that no record's header can hold is refused") {
    RecordWriter writer;
    const std::string user(256, 'u');
    writer.add(PutDeadToken{user, 0, TokenHash{}, users_slot, RemovalReason::quota, 9});
    CHECK_FALSE(read_record(
        writer.bytes(), [](std::string_view) { return true; }, [](const Effect&) {}));
}

TEST_CASE("a session that no record can hold is refused, however it would become so") {
    std::string packed;
    const auto read = [](const auto& effect) {
        RecordWriter writer;
        writer.add(effect);
        return read_record(
            writer.bytes(), [](std::string_view) { return true; }, [](const Effect&) {});
    };
    PutSession session = a_session(packed);
    CHECK(read(session));
    ++session.version;
    CHECK_FALSE(read(session));
    session = a_session(packed);
    session.last_active = session_time_max + 1;
    CHECK_FALSE(read(session));
    CHECK(read(TouchSession{.user = "u", .last_active = session_time_max}));
    CHECK_FALSE(read(TouchSession{.user = "u", .last_active = session_time_max + 1}));
    CHECK(read(ExpireSession{.user = "u", .expires_at = session_time_max, .version = session_version_max}));
    CHECK_FALSE(read(ExpireSession{.user = "u", .expires_at = session_time_max + 1}));
    CHECK_FALSE(read(ExpireSession{.user = "u", .version = session_version_max + 1}));
    CHECK_FALSE(read(ExpireSession{.user = "u", .last_active = session_time_max + 1}));
}

TEST_CASE("a session whose previous token is its token is refused") {
    std::string packed;
    PutSession session = a_session(packed);
    session.previous_token = session.token;
    RecordWriter writer;
    writer.add(session);
    CHECK_FALSE(read_record(
        writer.bytes(), [](std::string_view) { return true; }, [](const Effect&) {}));
}

TEST_CASE("bytes that are cut or changed are never read past their end") {
    std::string packed;
    RecordWriter writer;
    writer.add(a_session(packed));
    writer.add(Flush{true, 0});
    const std::string whole = bytes_of(writer);
    const auto read = [](const std::string& bytes) {
        // A copy of exactly this size, so that a sanitizer sees one byte too many.
        const std::vector<char> exact(bytes.begin(), bytes.end());
        return read_record(
            std::as_bytes(std::span(exact)), [](std::string_view) { return true; }, [](const Effect&) {});
    };
    REQUIRE(read(whole));
    for (std::size_t cut = 1; cut < whole.size(); ++cut) {
        const bool good = read(whole.substr(0, cut));
        CHECK(good == (cut == whole.size() - 6));  // only the boundary between the two effects
    }
    for (std::size_t i = 0; i < whole.size(); ++i)
        for (int bit = 0; bit < 8; ++bit) {
            std::string bad = whole;
            bad[i] = static_cast<char>(bad[i] ^ (1 << bit));
            read(bad);
        }
}
