// SPDX-License-Identifier: MIT
// Session ids: `tmss-` and a ULID of 26 Crockford base32 characters, lower case when kept. 128 bits in memory.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "storage/types.hpp"

namespace storage {

struct SessionId {
    std::array<unsigned char, 16> bytes{};  // big-endian: 48 bits of milliseconds, then 80 random bits

    static constexpr std::size_t text_size = 31;

    UnixMs time_ms() const {  // of the ULID; ids that clients bring may tell any time
        std::uint64_t first = 0;
        std::memcpy(&first, bytes.data(), sizeof first);
        return static_cast<UnixMs>(__builtin_bswap64(first) >> 16U);
    }

    // Strict: prefix, length, alphabet, no overflow of 128 bits; any case in.
    static std::optional<SessionId> parse(std::string_view text);
    void write(char* to) const;  // text_size characters, lower case
    std::array<char, text_size> text() const;

    friend bool operator==(const SessionId&, const SessionId&) = default;
    friend auto operator<=>(const SessionId&, const SessionId&) = default;  // NOLINT(modernize-use-nullptr): clang-tidy 14 errs
};

// A name that no plain key may have: `tmss-` and 26 more characters (any). See commands.md, "Sessions as keys".
bool is_reserved_key(std::string_view key);

}  // namespace storage
