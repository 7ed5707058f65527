// SPDX-License-Identifier: MIT
// What an answer depends on where nothing was shown: removals count, being over does not.
#include <catch2/catch.hpp>

#include "storage/store_impl.hpp"
#include "tests/support/store_fixture.hpp"

using namespace storage;
using test::StoreFixture;

namespace {

Lsn after_validating(StoreFixture& f, std::string_view token, Errc wanted) {
    const auto done = f.run([&](Op& op) { return f.store.validate(op, token, {}, [](const SessionView&) {}); });
    CHECK(done.error() == wanted);
    return f.op.depends_on;
}

}  // namespace

TEST_CASE("the removal of what has expired gates no reply") {
    StoreFixture f;
    const std::string token = f.create("alice", 1000);
    const SessionId id = f.last_id;
    f.run([&](Op& op) {
        return f.store.set_string(op, "{alice}", "value", {SetWhen::always, f.now + 1000, false, false}, [](auto) {});
    });
    const Lsn last = f.op.depends_on;
    f.now += 2000;
    f.expire_all();
    REQUIRE(f.log().size() == 4);  // both removals are in the log
    CHECK(after_validating(f, token, Errc::token_expired) <= last);
    CHECK(after_validating(f, "{alice}-a-token-that-never-was", Errc::token_unknown) <= last);
    f.run([&](Op& op) { return f.store.get(op, id, [](const SessionView&) {}); });
    CHECK(f.op.depends_on <= last);
    f.run([&](Op& op) { return f.store.update(op, id, {}); });
    CHECK(f.op.depends_on <= last);
    f.run([&](Op& op) { return f.store.remove_sessions(op, {&id, 1}); });
    CHECK(f.op.depends_on <= last);
    f.run([&](Op& op) { return f.store.kind(op, "{alice}"); });
    CHECK(f.op.depends_on <= last);
    f.run([&](Op& op) { return f.store.count_user(op, "alice"); });
    CHECK(f.op.depends_on <= last);
}

TEST_CASE("an absence by a hint that leads nowhere any more depends on the removal of what was there") {
    StoreFixture f(256);
    NewSession wanted;
    wanted.user = "alice";
    wanted.id = *SessionId::parse("tmss-01jf8xzm7e3xqh5p8n4r6s2w0t");
    wanted.token = "a-brought-token-of-mine";
    REQUIRE(f.run([&](Op& op) { return f.store.create(op, wanted); }).has_value());
    Store::Impl& impl = f.store.impl();
    const ShardIndex home = impl.shard_of("alice");
    REQUIRE(home != impl.shard_of(*wanted.id));
    REQUIRE(home != impl.shard_of(*wanted.token));
    REQUIRE(f.run([&](Op& op) { return f.store.remove_user(op, "alice", std::nullopt); }).value() == 1);
    const Lsn removed = f.op.depends_on;
    {
        ShardLock lock(impl.shards, home);  // forgotten, and the hints are still there
        std::vector<StaleHint> stale;
        Space& space = *impl.space(home, 0);
        space.forget(space.oldest_dead(), stale);
        CHECK(stale.size() == 2);
    }
    f.run([&](Op& op) { return f.store.get(op, *wanted.id, [](const SessionView&) {}); });
    CHECK(f.op.depends_on == removed);
    CHECK(after_validating(f, *wanted.token, Errc::token_unknown) == removed);
}
