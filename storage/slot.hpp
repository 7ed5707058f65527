// SPDX-License-Identifier: MIT
// Hash slots as Redis Cluster's clients compute them, and the steering of ids and tokens that we make into their user's slot.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "storage/random.hpp"
#include "storage/types.hpp"

namespace storage {

// CRC-16/XMODEM (polynomial 0x1021, start 0), as in the Redis Cluster specification.
std::uint16_t crc16(std::string_view bytes, std::uint16_t start = 0);

// CRC16 of the text, or of what stands between its first `{` and the next `}` if that is not empty, mod 16384.
Slot slot_of(std::string_view text);

// Completes `text`, all but whose last four characters are written, so that slot_of(text) == target: the four are picked at
// random among the suffixes over `alphabet` that do it. CRC is affine, so two small tables of character pairs are enough: a
// random first pair, then any second pair that makes up for what is missing. The alphabet has no `{`.
class SlotSteering {
public:
    explicit SlotSteering(std::string_view alphabet);
    void steer(std::span<char> text, Slot target, RandomSource& random) const;

    static const SlotSteering& crockford();  // 0-9 a-z without i l o u
    static const SlotSteering& base64url();  // A-Z a-z 0-9 - _

private:
    std::string_view alphabet_;
    std::uint32_t pairs_;
    // Second pairs by the low 14 bits of their contribution: pairs of slot s are members_[begin_[s]..begin_[s+1]).
    std::vector<std::uint16_t> begin_, members_;
    std::vector<std::uint64_t> some_;   // a bit a slot: it has second pairs. 2 KiB, so most tries stay in the first cache
    std::vector<std::uint16_t> first_;  // contribution of each first pair, low 14 bits
};

}  // namespace storage
