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
constexpr Lsn next(Lsn lsn) { return Lsn{value(lsn) + 1}; }
constexpr Lsn later(Lsn a, Lsn b) { return value(a) < value(b) ? b : a; }

// Milliseconds since 1970, as the log and the protocol carry them. 0 as a deadline is "never".
using UnixMs = std::int64_t;

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
