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
