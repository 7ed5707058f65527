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

TEST_CASE("the memory that counts is that of records and indexes after every kind of change") {
    StoreFixture f;
    const auto nothing = [](std::optional<std::string_view>) {};
    const auto check = [&] {
        const Store::Figures now = f.store.figures();
        CHECK(f.store.memory_bytes() == now.memory_bytes - now.wheel_bytes);
        return f.store.memory_bytes();
    };
    const auto fill = [&](std::uint64_t from, std::uint64_t count) {
        for (std::uint64_t i = from; i < from + count; ++i) {
            f.create("user" + std::to_string(i % 100));
            REQUIRE(f.bring("user" + std::to_string(i % 100), "brought" + std::to_string(i)).has_value());
            f.run([&](Op& op) {
                return f.store.set_string(op, "key" + std::to_string(i), std::string(i % 300, 'v'), {}, nothing);
            });
        }
        return check();
    };
    const std::uint64_t full = fill(0, 1000);
    CHECK(full > 400'000);
    for (int i = 0; i < 500; ++i) {
        const std::string token = "brought" + std::to_string(i);
        f.run([&](Op& op) { return f.store.validate(op, token, Touch{true, "10.0.0.1", "agent"}, [](const SessionView&) {}); });
        if (i % 2 == 0) f.run([&](Op& op) { return f.store.rotate(op, token, 10); });
        f.run([&](Op& op) { return f.store.get_and_remove(op, "key" + std::to_string(i), nothing); });
        if (i % 50 == 0) check();
    }
    for (int i = 0; i < 50; ++i) f.run([&](Op& op) { return f.store.remove_user(op, "user" + std::to_string(i), std::nullopt); });
    CHECK(check() < full);
    f.now += 48 * 3600'000;
    f.expire_all();
    f.expire_all();
    check();

    f.db = 1;
    const std::uint64_t both = fill(2000, 200);
    f.db = 0;
    f.run([&](Op& op) { return f.store.flush(op, f.db); });
    const std::uint64_t other = check();
    CHECK(other > 0);
    CHECK(other < both);
    f.run([&](Op& op) { return f.store.flush(op, std::nullopt); });
    CHECK(check() == 0);
}
