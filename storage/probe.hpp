// SPDX-License-Identifier: MIT
// A lookup that is to come. What lookups of a batch need from memory is asked for together and in steps, so that they wait for it
// once and not one after the other (group prefetching: Chen, Ailamaki, Gibbons, Mowry, ICDE 2004).
#pragma once

#include <cstdint>
#include <string_view>

#include "storage/types.hpp"

namespace storage {

struct Probe {
    // made_token: of the shape that we make. A client may bring one, too; its hint is found when it is looked up, and not before.
    enum class Of : std::uint8_t { made_token, brought_token, key };
    Of of = Of::key;
    ShardIndex shard = 0;
    std::string_view text;  // as the client wrote it
    TokenHash token{};      // of a token
    // Found by the steps; no more than hints, for the record may be gone by the next one.
    std::uint32_t hash = 0;
    ShardIndex at = 0;  // where the record is: `shard`, or where a hint of it leads
    Place place = no_place;

    bool is_of(std::string_view other) const { return text.data() == other.data() && text.size() == other.size(); }
};

}  // namespace storage
