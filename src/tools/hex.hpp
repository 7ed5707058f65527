// SPDX-License-Identifier: MIT
// Bytes as lower-case hex digits, and back.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace server {

inline std::string hex(std::span<const unsigned char> bytes) {
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const unsigned char byte : bytes) (text += digits[byte >> 4U]) += digits[byte & 15U];
    return text;
}

// False: not exactly that many digits, in lower case.
template <std::size_t Size>
bool from_hex(std::array<unsigned char, Size>& to, std::string_view text) {
    static constexpr std::string_view digits = "0123456789abcdef";
    if (text.size() != 2 * Size) return false;
    for (std::size_t i = 0; i < Size; ++i) {
        const std::size_t high = digits.find(text[2 * i]), low = digits.find(text[2 * i + 1]);
        if (high == std::string_view::npos || low == std::string_view::npos) return false;
        to[i] = static_cast<unsigned char>(high << 4U | low);
    }
    return true;
}

}  // namespace server
