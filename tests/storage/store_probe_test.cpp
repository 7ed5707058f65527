// SPDX-License-Identifier: MIT
// Lookups that were asked for beforehand: what a probe says is a hint, and may be wrong by the time it is used.
#include <array>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "storage/slot.hpp"
#include "storage/store.hpp"
#include "tests/support/store_fixture.hpp"

using namespace storage;
using test::StoreFixture;

namespace {

// Whose session the token opens, looked up with this probe; or the error.
std::string owner(StoreFixture& f, const Probe& probe) {
    std::string user;
    const auto found = f.run([&](Op& op) {
        op.probe = &probe;
        return f.store.validate(op, probe.text, {}, [&](const SessionView& v) { user = v.user; });
    });
    return found ? user : found.error().message();
}

std::vector<Probe> probed(StoreFixture& f, const std::vector<std::string>& tokens) {
    std::vector<Probe> probes;
    for (const std::string& token : tokens) probes.push_back(f.store.probe_token(token));
    f.store.prefetch(probes, f.db);
    return probes;
}

}  // namespace

TEST_CASE("A probe that leads nowhere any more, or never did, changes no answer") {
    StoreFixture f;
    const std::string made_shape = "tmtk_" + std::string(43, 'x'), weak = "brought-token";
    REQUIRE(f.bring("user1", made_shape).has_value());
    REQUIRE(f.bring("user2", weak).has_value());
    const std::vector<Probe> probes = probed(f, {made_shape, weak, made_shape});
    CHECK(probes[0].at == probes[0].shard);  // a client brought what looks like ours: no hint is looked for beforehand
    CHECK(owner(f, probes[0]) == "user1");
    CHECK(owner(f, probes[1]) == "user2");
    Probe strayed = probes[1];
    for (std::uint32_t shard = 0; shard < f.store.shard_count(); ++shard) {
        strayed.at = static_cast<ShardIndex>(shard);
        CHECK(owner(f, strayed) == "user2");
    }
    const std::string unknown = owner(f, f.store.probe_token("brought-by-nobody"));
    REQUIRE(f.run([&](Op& op) { return f.store.flush(op, f.db); }).has_value());
    for (const Probe& probe : probes) CHECK(owner(f, probe) == unknown);
    CHECK(owner(f, strayed) == unknown);
}

TEST_CASE("A probe of a brought token knows the shard of its session, and the answer is right when it no longer is") {
    StoreFixture f;
    std::vector<std::string> tokens;
    for (int i = 0; i < 64; ++i) {
        tokens.push_back("brought-" + std::to_string(i));
        REQUIRE(f.bring("user" + std::to_string(i), tokens.back()).has_value());
    }
    const std::vector<Probe> probes = probed(f, tokens);
    int elsewhere = 0;
    for (std::size_t i = 0; i < probes.size(); ++i) {
        const std::string user = "user" + std::to_string(i);
        const auto shard_of = [&](std::string_view text) { return slot_of(text) / (slot_count / f.store.shard_count()); };
        CHECK(probes[i].shard == shard_of(tokens[i]));
        CHECK(probes[i].at == shard_of(user));
        elsewhere += probes[i].at != probes[i].shard ? 1 : 0;
        CHECK(owner(f, probes[i]) == user);
    }
    CHECK(elsewhere > 32);

    // Ended, forgotten and brought again for a user of another shard: the probes from before are wrong now.
    for (int i = 0; i < 64; ++i) f.run([&](Op& op) { return f.store.remove_user(op, "user" + std::to_string(i), std::nullopt); });
    const std::string ended = owner(f, probes[0]);
    for (const Probe& probe : probes) CHECK(owner(f, probe) == ended);
    f.now += 25 * 3600'000;
    f.expire_all();
    const std::string unknown = owner(f, f.store.probe_token("brought-by-nobody"));
    CHECK(unknown != ended);
    for (const Probe& probe : probes) CHECK(owner(f, probe) == unknown);
    for (std::size_t i = 0; i < tokens.size(); ++i) REQUIRE(f.bring("other" + std::to_string(i), tokens[i]).has_value());
    for (std::size_t i = 0; i < tokens.size(); ++i) CHECK(owner(f, probes[i]) == "other" + std::to_string(i));
}
