// SPDX-License-Identifier: MIT
// Written by hand: the values are views into a locked record, and a tree of copies would cost more than the text.
#include "src/session_json.hpp"

#include <cstdint>

#include "src/session_reply.hpp"

namespace server {

namespace {

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

void append_text(std::string& json, std::string_view text) {
    if (is_utf8(text)) {
        append_quoted(json, text);
    } else {
        json += "{\"base64\":";
        append_quoted(json, base64(text));
        json += '}';
    }
}

void append_data(std::string& json, storage::PackedData data) {
    std::string_view name, value;
    char before = '{';
    while (data.next(name, value)) {
        json += before;
        before = ',';
        append_quoted(json, is_utf8(name) ? std::string(name) : "base64:" + base64(name));
        json += ':';
        append_text(json, value);
    }
    json += before == '{' ? "{}" : "}";
}

}  // namespace

bool is_utf8(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t size = utf8_size(text, at);
        if (size == 0) return false;
        at += size;
    }
    return true;
}

std::string base64(std::string_view bytes) {
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        const auto byte = [&](std::size_t i) {
            return at + i < bytes.size() ? static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at + i])) : 0U;
        };
        const std::uint32_t group = byte(0) << 16 | byte(1) << 8 | byte(2);
        text += alphabet[group >> 18];
        text += alphabet[group >> 12 & 63U];
        text += at + 1 < bytes.size() ? alphabet[group >> 6 & 63U] : '=';
        text += at + 2 < bytes.size() ? alphabet[group & 63U] : '=';
    }
    return text;
}

std::string session_json(const storage::SessionView& view) {
    std::string json;
    json.reserve(512 + view.data.bytes().size());
    const FieldMask shown = present_fields(view);
    char before = '{';
    for (unsigned i = 0; i < session_field_names.size(); ++i) {
        const auto field = static_cast<SessionField>(i);
        if (!has(shown, field)) continue;
        json += before;
        before = ',';
        append_quoted(json, session_field_names[i]);
        json += ':';
        if (field == SessionField::id) {
            const auto id = view.id.text();
            append_quoted(json, {id.data(), id.size()});
        } else if (field == SessionField::data) {
            append_data(json, view.data);
        } else if (field < SessionField::created_at) {
            append_text(json, text_of(view, field));
        } else {
            json += std::to_string(number_of(view, field));
        }
    }
    json += '}';
    return json;
}

}  // namespace server
