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

Result<CreatedSession> bring(StoreFixture& f, std::string_view user, std::string_view token) {
    NewSession wanted;
    wanted.user = user;
    wanted.token = token;
    wanted.expires_at = f.now + 3600'000;
    return f.run([&](Op& op) { return f.store.create(op, wanted); });
}

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

TEST_CASE("A probe of a brought token knows the shard of its session, and the answer is right when it no longer is") {
    StoreFixture f;
    std::vector<std::string> tokens;
    for (int i = 0; i < 64; ++i) {
        tokens.push_back("brought-" + std::to_string(i));
        REQUIRE(bring(f, "user" + std::to_string(i), tokens.back()).has_value());
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
    for (std::size_t i = 0; i < tokens.size(); ++i) REQUIRE(bring(f, "other" + std::to_string(i), tokens[i]).has_value());
    for (std::size_t i = 0; i < tokens.size(); ++i) CHECK(owner(f, probes[i]) == "other" + std::to_string(i));
}
