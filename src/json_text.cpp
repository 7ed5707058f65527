// SPDX-License-Identifier: MIT
#include "src/json_text.hpp"

#include <array>
#include <cstdint>

namespace server {

namespace {

constexpr std::string_view base64_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr auto base64_digits = [] {
    std::array<std::uint8_t, 256> digits{};  // of what is no digit: 0
    for (std::uint8_t i = 0; i < 64; ++i) digits[static_cast<unsigned char>(base64_alphabet[i])] = i;
    return digits;
}();

// How many bytes the character at `at` has, 0 if it is none. Table 3-7 of the Unicode standard.
std::size_t utf8_size(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t i) { return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U; };
    const auto tail = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
    const unsigned first = byte(0), second = byte(1);
    if (first < 0x80) return 1;
    if (first >= 0xC2 && first <= 0xDF) return tail(1) ? 2 : 0;
    if (first >= 0xE0 && first <= 0xEF) {
        const bool in_range = second >= (first == 0xE0 ? 0xA0U : 0x80U) && second <= (first == 0xED ? 0x9FU : 0xBFU);
        return in_range && tail(2) ? 3 : 0;
    }
    if (first >= 0xF0 && first <= 0xF4) {
        const bool in_range = second >= (first == 0xF0 ? 0x90U : 0x80U) && second <= (first == 0xF4 ? 0x8FU : 0xBFU);
        return in_range && tail(2) && tail(3) ? 4 : 0;
    }
    return 0;
}

}  // namespace

void append_quoted(std::string& json, std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    json += '"';
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\')
            (json += '\\') += c;
        else if (c == '\n')
            json += "\\n";
        else if (c == '\r')
            json += "\\r";
        else if (c == '\t')
            json += "\\t";
        else if (byte < 0x20 || byte == 0x7f)
            ((json += "\\u00") += digits[byte >> 4]) += digits[byte & 15U];
        else
            json += c;
    }
    json += '"';
}

bool is_utf8(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t size = utf8_size(text, at);
        if (size == 0) return false;
        at += size;
    }
    return true;
}

std::string base64(std::string_view bytes) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        const auto byte = [&](std::size_t i) {
            return at + i < bytes.size() ? static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at + i])) : 0U;
        };
        const std::uint32_t group = byte(0) << 16 | byte(1) << 8 | byte(2);
        text += base64_alphabet[group >> 18];
        text += base64_alphabet[group >> 12 & 63U];
        text += at + 1 < bytes.size() ? base64_alphabet[group >> 6 & 63U] : '=';
        text += at + 2 < bytes.size() ? base64_alphabet[group & 63U] : '=';
    }
    return text;
}

std::optional<std::string> from_base64(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    std::string bytes(text.size() / 4 * 3, '\0');
    for (std::size_t at = 0; at < text.size(); at += 4) {
        std::uint32_t group = 0;
        for (const char c : text.substr(at, 4)) group = group << 6 | base64_digits[static_cast<unsigned char>(c)];
        for (std::size_t i = 0; i < 3; ++i) bytes[at / 4 * 3 + i] = static_cast<char>(group >> (16 - 8 * i) & 255U);
    }
    bytes.resize(bytes.size() - (text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0));
    if (base64(bytes) != text) return std::nullopt;  // wrong digits, padding elsewhere, bits left over
    return bytes;
}

}  // namespace server
