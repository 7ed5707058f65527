// SPDX-License-Identifier: MIT
// Bearer tokens. The text is made or hashed here and never kept: records hold its SHA-256 only.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "storage/random.hpp"
#include "storage/types.hpp"

namespace storage {

inline constexpr std::size_t made_token_size = 48;  // `tmtk_` and 43 base64url characters
using MadeToken = std::array<char, made_token_size>;

TokenHash hash_token(std::string_view token);

// 39 characters (234 bits) and a little more of chance; the last four also put the token into `slot`.
MadeToken make_token(Slot slot, RandomSource& random);

}  // namespace storage
