// SPDX-License-Identifier: MIT
// What a place holds: the address of its record and the place's generation, in one word of eight bytes. An address leaves twenty
// bits free: Linux gives no address over 48 bits to who does not ask for one (x86-64: 47; AArch64: 48), and records are aligned
// to sixteen bytes.
#pragma once

#include <cstdint>

#include "storage/ensure.hpp"

namespace storage {

struct Record;

class PlaceWord {
public:
    // Of a counter that goes on with every place taken, and begins again after a million: what has been remembered of a place
    // that was taken since differs, unless it was taken exactly so many later.
    static constexpr std::uint32_t generation_mask = (1U << 20) - 1;

    PlaceWord() = default;
    PlaceWord(Record* record, std::uint32_t generation) : word_(bits_of(record) | spread(generation & generation_mask)) {}

    Record* record() const {
        return reinterpret_cast<Record*>(word_ & address_mask);  // NOLINT(performance-no-int-to-ptr): it came from a pointer
    }
    std::uint32_t generation() const {
        return static_cast<std::uint32_t>(word_ >> address_bits << low_bits | (word_ & low_mask));
    }
    void put(Record* record) { word_ = bits_of(record) | (word_ & ~address_mask); }  // the generation stays

private:
    static constexpr unsigned address_bits = 48, low_bits = 4;
    static constexpr std::uint64_t low_mask = (std::uint64_t{1} << low_bits) - 1;
    static constexpr std::uint64_t address_mask = ((std::uint64_t{1} << address_bits) - 1) & ~low_mask;

    static std::uint64_t bits_of(Record* record) {
        const auto bits = reinterpret_cast<std::uintptr_t>(record);
        ENSURE((bits & ~address_mask) == 0);
        return bits;
    }
    static std::uint64_t spread(std::uint64_t generation) {
        return generation >> low_bits << address_bits | (generation & low_mask);
    }

    std::uint64_t word_ = 0;
};

}  // namespace storage
