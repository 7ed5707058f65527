// SPDX-License-Identifier: MIT
// Numbers as text, the way Redis 7 writes them. std::to_chars of libstdc++ writes two digits a step from a table.
#pragma once

#include <array>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace resp {

inline constexpr std::size_t integer_chars_max = 20;  // -9223372036854775808, 18446744073709551615
inline constexpr std::size_t double_chars_max = 32;   // 17 digits, sign, point, exponent e-308

namespace detail {

constexpr std::array<std::array<char, 2>, 100> make_digit_pairs() {
    std::array<std::array<char, 2>, 100> pairs{};
    for (std::size_t i = 0; i < pairs.size(); ++i) pairs[i] = {static_cast<char>('0' + i / 10), static_cast<char>('0' + i % 10)};
    return pairs;
}
inline constexpr auto digit_pairs = make_digit_pairs();

}  // namespace detail

inline char* write_eight_digits(char* p, std::uint32_t value) {
    const std::uint32_t upper = value / 10'000, lower = value % 10'000;
    std::memcpy(p, detail::digit_pairs[upper / 100].data(), 2);
    std::memcpy(p + 2, detail::digit_pairs[upper % 100].data(), 2);
    std::memcpy(p + 4, detail::digit_pairs[lower / 100].data(), 2);
    std::memcpy(p + 6, detail::digit_pairs[lower % 100].data(), 2);
    return p + 8;
}

// Writes to p, where integer_chars_max bytes are free; returns the end.
inline char* write_integer(char* p, std::integral auto value) {
    // A time in milliseconds has 13 digits: its last eight need no search for where they begin and no 64-bit division each.
    constexpr std::uint64_t eight_digits = 100'000'000;
    if constexpr (sizeof value == 8) {
        const auto number = static_cast<std::uint64_t>(value);
        if (number >= eight_digits && number < eight_digits * eight_digits) {
            p = std::to_chars(p, p + integer_chars_max, static_cast<std::uint32_t>(number / eight_digits)).ptr;
            return write_eight_digits(p, static_cast<std::uint32_t>(number % eight_digits));
        }
    }
    return std::to_chars(p, p + integer_chars_max, value).ptr;
}

// As printf's %.17g, but without its locale: enough digits to read the same double again. inf, -inf, nan.
inline char* write_double(char* p, double value) {
    if (std::isnan(value)) {
        std::memcpy(p, "nan", 3);  // never "-nan": the sign of a NaN means nothing
        return p + 3;
    }
    return std::to_chars(p, p + double_chars_max, value, std::chars_format::general, 17).ptr;
}

}  // namespace resp
