// SPDX-License-Identifier: MIT
// The words that every file of storage/ shares: log positions, times, places and indexes. No behaviour.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace storage {

// Log sequence number: the position of one atomic log record in the server's single order. 0 is "nothing yet".
enum class Lsn : std::uint64_t {};

constexpr std::uint64_t value(Lsn lsn) { return static_cast<std::uint64_t>(lsn); }

// What a record has room for: two thousand years of a million changes a second. What is read and has more is not from us, and no
// start goes on from less than twelve days of those before the end, so that nobody who forges a file brings a server there.
inline constexpr Lsn lsn_max{(std::uint64_t{1} << 56) - 1};
inline constexpr Lsn lsn_start_max{value(lsn_max) - (std::uint64_t{1} << 40)};
constexpr bool believable(Lsn lsn) { return lsn <= lsn_max; }

constexpr Lsn next(Lsn lsn) { return Lsn{value(lsn) + 1}; }
constexpr Lsn later(Lsn a, Lsn b) { return value(a) < value(b) ? b : a; }

// Milliseconds since 1970, as the log and the protocol carry them. 0 as a deadline is "never".
using UnixMs = std::int64_t;
inline constexpr UnixMs clock_max = (UnixMs{1} << 47) - 1;  // year 6429: a log that was written later is not from us

using DbIndex = std::uint8_t;  // what SELECT chooses
inline constexpr std::size_t db_count = 16;

using ShardIndex = std::uint16_t;
using Slot = std::uint16_t;  // Redis Cluster's hash slot, 0..16383
inline constexpr std::uint32_t slot_count = 16384;

// Where a record stands in its shard and database, for as long as it lives.
using Place = std::uint32_t;
inline constexpr Place no_place = 0xffffffffU;

using TokenHash = std::array<unsigned char, 32>;  // SHA-256 of the whole token text

}  // namespace storage
