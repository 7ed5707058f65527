// SPDX-License-Identifier: MIT
// Numbers as text, the way Redis 7 writes them. std::to_chars of libstdc++ writes two digits a step from a table.
#pragma once

#include <charconv>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstring>

namespace resp {

inline constexpr std::size_t integer_chars_max = 20;  // -9223372036854775808, 18446744073709551615
inline constexpr std::size_t double_chars_max = 32;   // 17 digits, sign, point, exponent e-308

// Writes to p, where integer_chars_max bytes are free; returns the end.
inline char* write_integer(char* p, std::integral auto value) { return std::to_chars(p, p + integer_chars_max, value).ptr; }

// As printf's %.17g, but without its locale: enough digits to read the same double again. inf, -inf, nan.
inline char* write_double(char* p, double value) {
    if (std::isnan(value)) {
        std::memcpy(p, "nan", 3);  // never "-nan": the sign of a NaN means nothing
        return p + 3;
    }
    return std::to_chars(p, p + double_chars_max, value, std::chars_format::general, 17).ptr;
}

}  // namespace resp
