// SPDX-License-Identifier: MIT
#include <array>

#include <catch2/catch.hpp>

#include "storage/slot.hpp"
#include "storage/store.hpp"
#include "tests/support/store_fixture.hpp"

using namespace storage;
using test::id_text;
using test::StoreFixture;

namespace {

constexpr std::int64_t day_ms = 24LL * 3600 * 1000;

struct SeenSession {
    std::string user, last_ip;
    UnixMs last_active = 0, expires_at = 0;
    std::uint64_t version = 0;
    std::vector<std::pair<std::string, std::string>> data;
};

SeenSession seen_of(const SessionView& v) {
    SeenSession s{std::string(v.user), std::string(v.last_ip), v.last_active, v.expires_at, v.version, {}};
    PackedData data = v.data;
    for (std::string_view name, value; data.next(name, value);) s.data.emplace_back(name, value);
    return s;
}

std::optional<SeenSession> by_id(StoreFixture& f, const SessionId& id) {
    std::optional<SeenSession> seen;
    f.run([&](Op& op) { return f.store.get(op, id, [&](const SessionView& v) { seen = seen_of(v); }); });
    return seen;
}

boost::system::error_code validate(StoreFixture& f, std::string_view token) {
    const auto r = f.run([&](Op& op) { return f.store.validate(op, token, {}, [](const SessionView&) {}); });
    return r ? boost::system::error_code{} : r.error();
}

std::uint64_t count(StoreFixture& f, std::string_view user) {
    return f.run([&](Op& op) { return f.store.count_user(op, user); });
}

}  // namespace

TEST_CASE("a made session is found by id, token and user, and its id and token stand in the user's slot") {
    StoreFixture f;
    const std::string token = f.create("alice");
    CHECK(f.opens(token));
    CHECK(by_id(f, f.last_id)->user == "alice");
    CHECK(count(f, "alice") == 1);
    CHECK(slot_of(token) == slot_of("alice"));
    CHECK(slot_of(id_text(f.last_id)) == slot_of("alice"));
    CHECK_FALSE(f.opens("tmtk_unknown"));
    for (const auto& [lsn, record] : f.log()) CHECK(record.find(token) == std::string::npos);  // only its hash is logged
}

TEST_CASE("ids grow within a millisecond") {
    StoreFixture f;
    SessionId last{};
    for (int i = 0; i < 40; ++i) {
        f.create("alice");
        CHECK(last < f.last_id);
        last = f.last_id;
    }
}

TEST_CASE("brought ids and tokens of other shards lead to the session, and are taken once") {
    StoreFixture f;
    const auto id = *SessionId::parse("tmss-01jf8xzm7e3xqh5p8n4r6s2w0t");
    REQUIRE(f.bring("alice", "a-brought-token-of-mine", id).has_value());
    CHECK(f.opens("a-brought-token-of-mine"));
    CHECK(by_id(f, id)->user == "alice");
    CHECK(f.bring("bob", "a-brought-token-of-mine").error() == Errc::token_taken);
    CHECK(f.bring("bob", "another-brought-token", id).error() == Errc::id_taken);
    CHECK_FALSE(f.opens("another-brought-token"));
    // Revoked: the token is remembered, the id may live again.
    CHECK(f.run([&](Op& op) { return f.store.remove_sessions(op, {&id, 1}); }).value() == 1);
    CHECK_FALSE(f.opens("a-brought-token-of-mine"));
    CHECK(validate(f, "a-brought-token-of-mine") == Errc::token_revoked);
    CHECK(f.bring("bob", "a-brought-token-of-mine").error() == Errc::token_taken);
    REQUIRE(f.bring("bob", "another-brought-token", id).has_value());
    CHECK(by_id(f, id)->user == "bob");
    CHECK(validate(f, "a-brought-token-of-mine") == Errc::token_revoked);
    // Long after, it is forgotten.
    f.now += 2 * day_ms;
    f.expire_all();
    CHECK(validate(f, "a-brought-token-of-mine") == Errc::token_unknown);
    CHECK(f.bring("carol", "a-brought-token-of-mine").has_value());
    CHECK(f.opens("a-brought-token-of-mine"));
}

TEST_CASE("expiry is exact on access, remembered for ten minutes, and frees the quota") {
    StoreFixture f;
    f.settings.session_max_per_user = 1;
    const std::string token = f.create("alice", 1000);
    CHECK_FALSE(f.create("alice").empty());
    CHECK(count(f, "alice") == 1);
    f.now += 999;
    CHECK(f.opens(token));
    f.now += 1;
    CHECK_FALSE(f.opens(token));
    CHECK(validate(f, token) == Errc::token_expired);
    CHECK(count(f, "alice") == 0);
    const std::string second = f.create("alice");  // before the wheel came by
    CHECK(f.opens(second));
    f.now += 1000;
    f.expire_all();
    CHECK(validate(f, token) == Errc::token_expired);
    f.now += 600'000;
    f.expire_all();
    CHECK(validate(f, token) == Errc::token_unknown);
    CHECK(f.store.figures().dead_records == 0);
}

TEST_CASE("the quota refuses, or takes the oldest in the same record") {
    StoreFixture f;
    f.settings.session_max_per_user = 3;
    std::vector<std::string> tokens;
    for (int i = 0; i < 3; ++i) {
        tokens.push_back(f.create("alice"));
        f.now += 10;
    }
    NewSession wanted;
    wanted.user = "alice";
    CHECK(f.run([&](Op& op) { return f.store.create(op, wanted); }).error() == Errc::over_quota);
    f.settings.session_quota_policy = QuotaPolicy::evict_oldest;
    const std::size_t records = f.log().size();
    tokens.push_back(f.create("alice"));
    CHECK(f.log().size() == records + 1);
    CHECK_FALSE(f.opens(tokens[0]));
    CHECK(f.opens(tokens[1]));
    CHECK(f.opens(tokens[3]));
    CHECK(count(f, "alice") == 3);
}

TEST_CASE("log out everywhere, or everywhere else, is one record") {
    StoreFixture f;
    std::vector<std::string> tokens;
    for (int i = 0; i < 20; ++i) tokens.push_back(f.create("alice"));
    const SessionId kept = f.last_id;
    const std::string bobs = f.create("bob");
    const std::size_t records = f.log().size();
    CHECK(f.run([&](Op& op) { return f.store.remove_user(op, "alice", kept); }).value() == 19);
    CHECK(f.log().size() == records + 1);
    CHECK(f.opens(tokens[19]));
    CHECK_FALSE(f.opens(tokens[0]));
    CHECK(f.run([&](Op& op) { return f.store.remove_user(op, "alice", std::nullopt); }).value() == 1);
    CHECK(f.run([&](Op& op) { return f.store.remove_user(op, "alice", std::nullopt); }).value() == 0);
    CHECK(f.opens(bobs));
    CHECK(count(f, "alice") == 0);
}

TEST_CASE("an update merges fields, counts the version and keeps to its limits") {
    StoreFixture f;
    f.create("alice");
    const SessionId id = f.last_id;
    const auto update = [&](const SessionChange& change) {
        return f.run([&](Op& op) { return f.store.update(op, id, change); });
    };
    const std::vector<DataField> set{{"cart", "3"}, {"lang", "en"}};
    SessionChange change;
    change.set = set;
    CHECK(update(change).value() == 2);
    SessionChange unset;
    const std::vector<std::string_view> names{"lang", "none"};
    unset.unset = names;
    unset.if_version = 2;
    CHECK(update(unset).value() == 3);
    CHECK(by_id(f, id)->data == std::vector<std::pair<std::string, std::string>>{{"cart", "3"}});
    CHECK(update(unset).error() == Errc::version_moved);
    CHECK(f.op.current_version == 3);
    CHECK(update({}).value() == 4);  // even if nothing differs
    const std::string large(4090, 'x');
    const std::vector<DataField> too_much{{"a", large}, {"bcdef", "xyz"}};
    SessionChange over;
    over.set = too_much;
    CHECK(update(over).error() == Errc::data_total_too_large);
    SessionChange clear;
    clear.clear = true;
    CHECK(update(clear).value() == 5);
    CHECK(by_id(f, id)->data.empty());
    f.run([&](Op& op) { return f.store.remove_sessions(op, {&id, 1}); });
    CHECK(update({}).error() == Errc::session_gone);
}

TEST_CASE("touch moves forward only, slides idle sessions, and is logged seldom") {
    StoreFixture f;
    NewSession wanted;
    wanted.user = "alice";
    wanted.idle_ms = 60'000;
    const auto made = f.run([&](Op& op) { return f.store.create(op, wanted); });
    const std::string token(made->token.data(), made->token.size());
    const auto touch = [&](std::string_view ip) {
        f.run([&](Op& op) { return f.store.get_by_token(op, token, Touch{true, ip, {}}, [](const SessionView&) {}); });
    };
    for (int i = 0; i < 10; ++i) {
        f.now += 50'000;
        touch("");
        CHECK(f.opens(token));
    }
    const std::size_t records = f.log().size();
    for (int i = 0; i < 100; ++i) {
        f.now += 10;
        touch("");
    }
    CHECK(f.log().size() == records);  // 1 s is below the resolution and below an eighth of the timeout
    touch("10.0.0.9");
    CHECK(f.log().size() == records + 1);
    CHECK(by_id(f, made->id)->last_ip == "10.0.0.9");
    const UnixMs active = by_id(f, made->id)->last_active;
    f.now -= 5000;
    touch("");
    CHECK(by_id(f, made->id)->last_active == active);
    f.now += 5000 + 60'000;
    CHECK_FALSE(f.opens(token));
}

TEST_CASE("renewing is no activity: an idle session ends when it would have") {
    StoreFixture f;
    NewSession wanted;
    wanted.user = "alice";
    wanted.idle_ms = 60'000;
    const auto made = f.run([&](Op& op) { return f.store.create(op, wanted); });
    f.now += 50'000;
    const auto renewed = f.run([&](Op& op) { return f.store.renew(op, made->id, f.now + 3600'000, std::nullopt); });
    CHECK(renewed.value() == f.now + 3600'000);
    CHECK(by_id(f, made->id)->last_active == test::start_ms);
    f.now += 10'000;
    CHECK_FALSE(by_id(f, made->id).has_value());
}

TEST_CASE("a token that was rotated out without a grace opens nothing, not even for a turn that began before") {
    StoreFixture f;
    const std::string first = f.create("alice");
    f.now += 5;
    const auto second = f.run([&](Op& op) { return f.store.rotate(op, first, 0); });
    REQUIRE(second.has_value());
    f.now -= 5;  // of a thread that was held up after it had read the clock
    CHECK(validate(f, first) == Errc::token_revoked);
    CHECK_FALSE(f.opens(first));
    const std::array old{std::string_view(first)};
    CHECK(f.run([&](Op& op) { return f.store.remove_by_tokens(op, old); }).value() == 0);
    CHECK(f.opens({second->token.data(), second->token.size()}));
}

TEST_CASE("rotation: the old token lives through its grace, one at a time") {
    StoreFixture f;
    REQUIRE(f.bring("alice", "first-token-that-is-brought").has_value());
    const auto rotate = [&](std::string_view token) { return f.run([&](Op& op) { return f.store.rotate(op, token, 5000); }); };
    const auto text = [](const Rotated& r) { return std::string(r.token.data(), r.token.size()); };
    const std::string second = text(rotate("first-token-that-is-brought").value());
    CHECK(f.opens(second));
    CHECK(f.opens("first-token-that-is-brought"));
    CHECK(rotate("first-token-that-is-brought").error() == Errc::token_revoked);
    const std::string third = text(rotate(second).value());
    CHECK(validate(f, "first-token-that-is-brought") == Errc::token_revoked);  // a second rotation ends the older grace
    CHECK(f.opens(second));
    CHECK(f.opens(third));
    f.now += 5000;
    CHECK(validate(f, second) == Errc::token_revoked);
    CHECK(f.opens(third));
    CHECK(f.bring("bob", "first-token-that-is-brought").error() == Errc::token_taken);
    CHECK(f.bring("bob", second).error() == Errc::token_taken);
    const std::string_view tokens[] = {third};
    CHECK(f.run([&](Op& op) { return f.store.remove_by_tokens(op, tokens); }).value() == 1);
    for (const auto& t : {std::string("first-token-that-is-brought"), second, third})
        CHECK(validate(f, t) == Errc::token_revoked);
}

TEST_CASE("without credit nothing is written, and the credit asked for is enough") {
    StoreFixture f;
    NewSession wanted;
    wanted.user = "alice";
    std::size_t asked = 0;
    CHECK(f.run(
               [&](Op& op) {
                   const auto r = f.store.create(op, wanted);
                   asked = op.credit_wanted;
                   return r;
               },
               0)
              .error() == Errc::need_credit);
    CHECK(count(f, "alice") == 0);
    CHECK(f.log().empty());
    CHECK(f.run([&](Op& op) { return f.store.create(op, wanted); }, asked).has_value());
}

TEST_CASE("answers depend on what they show, and absence on the last removal") {
    StoreFixture f;
    const std::string token = f.create("alice");
    const Lsn created = f.op.depends_on;
    f.opens(token);
    CHECK(f.op.depends_on == created);
    f.run([&](Op& op) { return f.store.remove_user(op, "alice", std::nullopt); });
    const Lsn removed = f.op.depends_on;
    CHECK(value(removed) > value(created));
    f.opens(token);
    CHECK(f.op.depends_on == removed);
    f.now += 2 * day_ms;
    f.expire_all();  // the dead record is forgotten: still it is the removal that the absence depends on
    f.opens(token);
    CHECK(value(f.op.depends_on) >= value(removed));
    f.run([&](Op& op) { return f.store.flush(op, std::nullopt); });
    const Lsn flushed = f.op.depends_on;
    f.opens(token);
    CHECK(f.op.depends_on == flushed);
}

TEST_CASE("dead records are limited, oldest out first") {
    StoreFixture f;
    f.settings.session_dead_max = 16;  // one a shard
    const std::string a = f.create("alice");
    const std::string b = f.create("alice");
    f.run([&](Op& op) { return f.store.remove_user(op, "alice", f.last_id); });
    CHECK(validate(f, a) == Errc::token_revoked);
    f.run([&](Op& op) { return f.store.remove_user(op, "alice", std::nullopt); });
    CHECK(validate(f, a) == Errc::token_unknown);
    CHECK(validate(f, b) == Errc::token_revoked);
}

TEST_CASE("a token that was forgotten and brought again opens its new session after a replay too") {
    StoreFixture f;
    f.settings.session_dead_max = 16;  // one a shard
    const std::string token = f.create("alice");
    f.run([&](Op& op) { return f.store.remove_user(op, "alice", std::nullopt); });
    f.create("alice");
    f.run([&](Op& op) { return f.store.remove_user(op, "alice", std::nullopt); });  // the first one is forgotten for it
    REQUIRE(f.bring("alice", token).has_value());
    CHECK(f.opens(token));

    f.settings.session_dead_max = 1'000'000;  // a store that remembers more than the one that wrote the log
    test::SeededRandom random(9);
    Journal journal{Journal::Options{}};
    Store other({16, 99, test::start_ms}, journal, random, f.settings);
    f.replay_into(other, 16);
    Op op;
    op.now = f.now;
    CHECK(other.get_by_token(op, token, {}, [](const SessionView&) {}));
}
