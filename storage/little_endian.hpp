// SPDX-License-Identifier: MIT
// Unsigned integers as little-endian bytes, whatever the machine.
#pragma once

#include <concepts>
#include <cstddef>

namespace storage {

template <std::unsigned_integral T>
constexpr void store_le(std::byte* to, T number) {
    for (std::size_t i = 0; i < sizeof(T); ++i) to[i] = static_cast<std::byte>(number >> (8 * i));
}

template <std::unsigned_integral T>
constexpr T load_le(const std::byte* from) {
    T number = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) number |= static_cast<T>(static_cast<T>(std::to_integer<T>(from[i])) << (8 * i));
    return number;
}

}  // namespace storage
