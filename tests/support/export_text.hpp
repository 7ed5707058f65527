// SPDX-License-Identifier: MIT
// Exports as texts: for unit tests of what writes and reads them.
#pragma once

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "src/tools/export_file.hpp"

namespace test {

// Hands out `text` in pieces of some bytes.
inline server::ExportReader::Read pieces_of(std::string text, std::size_t bytes = 4096) {
    return [text = std::move(text), bytes, at = std::size_t{0}](std::span<char> to) mutable -> storage::Result<std::size_t> {
        const std::size_t some = std::min({bytes, to.size(), text.size() - at});
        std::memcpy(to.data(), text.data() + at, some);
        at += some;
        return some;
    };
}

inline std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        lines.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return lines;
}

// Header, records, and the last line that belongs to them.
inline std::string export_of(const std::string& header, const std::vector<std::string>& records) {
    std::string text = header + "\n";
    for (const std::string& line : records) text += line + "\n";
    const auto digest = storage::Sha256::of(std::as_bytes(std::span(text)));
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string hex;
    for (const std::byte byte : digest)
        (hex += digits[std::to_integer<unsigned>(byte) >> 4U]) += digits[std::to_integer<unsigned>(byte) & 15U];
    return text + R"({"end":true,"records":)" + std::to_string(records.size()) + R"(,"sha256":")" + hex + "\"}\n";
}

inline std::string export_header(std::uint64_t last = 9, std::int64_t now = 1'760'000'000'000, const std::string& more = "") {
    return R"({"tokmesh_export":1,"directory":"000102030405060708090a0b0c0d0e0f","last_lsn":)" + std::to_string(last) +
           R"(,"time_ms":)" + std::to_string(now) + more + "}";
}

}  // namespace test
