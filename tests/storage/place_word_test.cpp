// SPDX-License-Identifier: MIT
#include "storage/place_word.hpp"

#include <catch2/catch.hpp>

#include "storage/record.hpp"

using namespace storage;

TEST_CASE("a place's word keeps address and generation apart") {
    const std::uint64_t address = GENERATE(0U, 0x10U, 0x7fff'ffff'fff0U, 0xffff'ffff'fff0U, 0x5555'5555'5550U);
    const std::uint32_t generation = GENERATE(0U, 1U, 15U, 16U, 0xf'0f0fU, 0xf'ffffU);
    CAPTURE(address, generation);
    auto* const record = reinterpret_cast<Record*>(address);
    PlaceWord word(record, generation);
    CHECK(word.record() == record);
    CHECK(word.generation() == generation);
    word.put(nullptr);
    CHECK(word.record() == nullptr);
    CHECK(word.generation() == generation);
    word.put(record);
    CHECK(word.record() == record);
    CHECK(word.generation() == generation);
}

TEST_CASE("a place's generation begins again after a million") {
    CHECK(PlaceWord(nullptr, PlaceWord::generation_mask + 6).generation() == 5);
    CHECK(PlaceWord().record() == nullptr);
    CHECK(PlaceWord().generation() == 0);
}
