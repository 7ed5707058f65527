// SPDX-License-Identifier: MIT
// maxmemory: what goes, what stays, and when it is said that nothing can.
#include <catch2/catch.hpp>

#include "storage/store_impl.hpp"
#include "tests/support/store_fixture.hpp"

using namespace storage;
using test::StoreFixture;

namespace {

Result<void> make_room(StoreFixture& f) {
    return f.run([&](Op& op) { return f.store.make_room(op); });
}

std::uint64_t live(StoreFixture& f) {
    return f.run([&](Op& op) { return f.store.count_sessions(op); });
}

}  // namespace

TEST_CASE("under maxmemory old sessions make room for new ones, for ever") {
    constexpr std::uint64_t fit = 2000;
    const auto policy = GENERATE(EvictionPolicy::allkeys_lru, EvictionPolicy::volatile_ttl);
    StoreFixture f(64);
    const auto create = [&](std::uint64_t i) {
        f.now += 10;
        return f.create("user" + std::to_string(i), 3600'000 + static_cast<std::int64_t>(f.random.below(3600'000)));
    };
    for (std::uint64_t i = 0; i < fit; ++i) create(i);
    f.settings.maxmemory_bytes = f.store.memory_bytes();
    f.settings.maxmemory_policy = policy;
    std::string last;
    for (std::uint64_t i = fit; i < 12 * fit; ++i) {
        REQUIRE(make_room(f).has_value());
        last = create(i);
        if (i % 500 == 0) REQUIRE(live(f) > fit / 2);
    }
    CHECK(live(f) > fit / 2);
    CHECK(f.opens(last));
    CHECK(f.store.figures().evicted > 9 * fit);
    CHECK(f.store.memory_bytes() < f.settings.maxmemory_bytes + f.settings.maxmemory_bytes / 16);
}

TEST_CASE("what is remembered of the dead goes before anything that lives") {
    StoreFixture f;
    std::vector<std::string> tokens;
    for (int i = 0; i < 200; ++i) tokens.push_back(f.create("user" + std::to_string(i)));
    for (int i = 0; i < 100; ++i)
        f.run([&](Op& op) { return f.store.remove_user(op, "user" + std::to_string(i), std::nullopt); });
    f.run([&](Op& op) { return f.store.make_room(op); });
    CHECK(f.store.figures().dead_records == 100);
    for (std::uint32_t s = 0; s < f.store.shard_count(); ++s) f.store.impl().update_memory(static_cast<ShardIndex>(s));
    f.settings.maxmemory_bytes = f.store.memory_bytes() - 10'000;
    f.settings.maxmemory_policy = EvictionPolicy::allkeys_lru;
    const std::size_t records = f.log().size();
    REQUIRE(make_room(f).has_value());
    CHECK(f.store.figures().dead_records < 60);
    CHECK(f.store.figures().dead_records > 0);
    CHECK(live(f) == 100);
    CHECK(f.log().size() == records);  // forgetting is not logged
}

TEST_CASE("where nothing can go, the write is refused after one look at each shard") {
    StoreFixture f;
    f.settings.maxmemory_bytes = 1;
    f.settings.maxmemory_policy = EvictionPolicy::volatile_ttl;
    for (int i = 0; i < 100; ++i) f.create("user" + std::to_string(i), 0);  // none of them ends by itself
    const std::uint64_t before = f.store.figures().lock_acquisitions;
    CHECK(make_room(f).error() == Errc::out_of_memory);
    CHECK(f.store.figures().lock_acquisitions - before <= 3 * f.store.shard_count());
    CHECK(live(f) == 100);
    f.settings.maxmemory_policy = EvictionPolicy::allkeys_lru;
    CHECK(make_room(f).error() == Errc::out_of_memory);  // the indexes alone are more
    CHECK(live(f) == 0);
}
