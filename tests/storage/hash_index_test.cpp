// SPDX-License-Identifier: MIT
#include "storage/hash_index.hpp"

#include <catch2/catch.hpp>

#include <map>

#include "storage/timing_wheel.hpp"
#include "tests/support/store_fixture.hpp"

using namespace storage;

TEST_CASE("an index holds what a map holds, through growth, collisions and erasure") {
    const std::uint64_t seed = GENERATE(1U, 2U, 3U);
    CAPTURE(seed);
    test::SeededRandom random(seed);
    HashIndex<> index;
    std::map<Place, std::uint32_t> model;  // place -> hash
    const auto same = [](Place p) { return [p](const IndexEntry& e) { return e.place == p; }; };
    for (int step = 0; step < 40000; ++step) {
        const auto place = static_cast<Place>(random.below(3000));
        const auto known = model.find(place);
        if (known == model.end()) {
            const auto hash = static_cast<std::uint32_t>(random.below(4) == 0 ? random.below(16) : random.next());
            index.insert({hash, place});
            model.emplace(place, hash);
        } else {
            IndexEntry* found = index.find(known->second, same(place));
            REQUIRE(found);
            if (random.below(2) == 0) {
                index.erase(found);
                model.erase(known);
            }
        }
        REQUIRE(index.size() == model.size());
    }
    for (const auto& [place, hash] : model) REQUIRE(index.find(hash, same(place)));
    REQUIRE_FALSE(index.find(5, same(99999)));
}

TEST_CASE("the wheel hands out every entry at its tick, not before, and none twice") {
    const std::uint64_t seed = GENERATE(11U, 12U);
    CAPTURE(seed);
    test::SeededRandom random(seed);
    const std::uint32_t start = 1'000'000 + static_cast<std::uint32_t>(random.below(100000));
    TimingWheel wheel(start);
    std::multimap<std::uint32_t, Place> due;
    for (Place p = 0; p < 3000; ++p) {
        const unsigned range = 1U << random.below(20);
        const auto tick = start + static_cast<std::uint32_t>(random.below(range));
        wheel.add({p, tick});
        due.emplace(tick, p);
    }
    std::uint32_t now = start;
    while (!due.empty()) {
        now += static_cast<std::uint32_t>(random.below(5000));
        std::size_t steps = 1 + random.below(50);
        TimingWheel::Entry entry{};
        while (wheel.next_due(now, steps, entry)) {
            REQUIRE(entry.tick <= now);
            const auto [first, last] = due.equal_range(entry.tick);
            const auto it = std::find_if(first, last, [&](const auto& d) { return d.second == entry.place; });
            REQUIRE(it != last);
            due.erase(it);
        }
    }
    CHECK(wheel.size() == 0);
}

TEST_CASE("a clock that leaps years costs no more than the entries there are") {
    TimingWheel wheel(1);
    for (Place p = 0; p < 100; ++p) wheel.add({p, 5 + p * 10'000'000});
    std::size_t steps = 1000;
    TimingWheel::Entry entry{};
    std::size_t due = 0;
    while (wheel.next_due(500'000'000, steps, entry)) ++due;
    CHECK(due == 50);
    CHECK(steps == 1000 - 100);
    CHECK(wheel.size() == 50);
}

TEST_CASE("an entry further away than the wheel reaches still comes") {
    TimingWheel wheel(1);
    wheel.add({5, UINT32_MAX});
    std::size_t steps = 1000;
    TimingWheel::Entry entry{};
    CHECK_FALSE(wheel.next_due(1U << 20, steps, entry));
    CHECK(wheel.size() == 1);
}
