// SPDX-License-Identifier: MIT
#include "storage/hash_index.hpp"

#include <catch2/catch.hpp>

#include <map>

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
