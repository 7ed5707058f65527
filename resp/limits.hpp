// SPDX-License-Identifier: MIT
// Every limit of the protocol, with its reason. What a setting changes is marked with the setting's name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

namespace resp {

// What one request may use. The parser refuses at the announcement, before a byte of what is too large arrived.
struct RequestLimits {
    std::uint32_t arguments_max;
    std::size_t argument_bytes_max;
    std::size_t request_bytes_max;  // all bytes of one request, framing included
    bool authenticated;             // chooses the words of the error, as Redis does
};

namespace limits {

inline constexpr std::size_t kib = 1'024;
inline constexpr std::size_t mib = 1'024 * kib;

// The longest line without a length in front of it: an inline request, or the number after '*' or '$'. Redis's value.
inline constexpr std::size_t line_bytes_max = 64 * kib;

// Beyond these Redis calls the number itself wrong, whoever sends it; below, an unauthenticated client is told that it is one.
inline constexpr std::int64_t count_max = std::numeric_limits<std::int32_t>::max();
inline constexpr std::int64_t bulk_number_max = 512 * static_cast<std::int64_t>(mib);

// Redis's own limit until 6.2: enough for any MSET or DEL, and the views of such a request stay under 24 MiB.
inline constexpr std::uint32_t arguments_max = 1'024 * 1'024;

// proto-max-bulk-len. A value becomes one log record, which is at most 32 MiB (wal-record-max); the rest of the record (key,
// times, framing, checksums) has 64 KiB. The default is far above any session and lets 64 clients send one at a time.
inline constexpr std::size_t bulk_bytes_default = 16 * mib;
inline constexpr std::size_t bulk_bytes_min = 4 * kib;
inline constexpr std::size_t bulk_bytes_ceiling = 32 * mib - 64 * kib;

// client-query-buffer-limit. The default holds two values of the largest size allowed; offsets in a request have 32 bits.
inline constexpr std::size_t request_bytes_default = 64 * mib;
inline constexpr std::size_t request_bytes_min = 1 * mib;
inline constexpr std::size_t request_bytes_ceiling = 1'024 * mib;

// At need_more: the parser asks for at most as much as it has got of this request, within these two. So buffers grow with
// what was received, a 16 MiB value needs some 25 reads, and an announced size alone moves 16 KiB.
inline constexpr std::size_t read_step_min = 16 * kib;
inline constexpr std::size_t read_step_max = 1 * mib;

// Arguments held without an allocation (MSET of 7 pairs, all of SESS.CREATE's usual forms), and how many a parser keeps room
// for between two requests.
inline constexpr std::size_t arguments_inline = 16;
inline constexpr std::size_t arguments_kept = 1'024;
inline constexpr std::size_t unquoted_kept_bytes = 4 * kib;

// Before AUTH: HELLO 3 AUTH user password SETNAME name is 7 arguments; 16 KiB take any token; as in Redis.
inline constexpr RequestLimits before_auth{10, 16 * kib, 1 * mib, false};
inline constexpr RequestLimits after_auth{arguments_max, bulk_bytes_default, request_bytes_default, true};

// An output buffer that became empty keeps at most this much.
inline constexpr std::size_t output_kept_bytes = 16 * kib;

static_assert(bulk_bytes_default <= bulk_bytes_ceiling && bulk_bytes_ceiling < request_bytes_default);
static_assert(request_bytes_default <= request_bytes_ceiling && request_bytes_ceiling <= 0xFFFF'FFFF);
static_assert(before_auth.arguments_max <= arguments_inline, "an unauthenticated client costs no allocation for arguments");
static_assert(before_auth.argument_bytes_max * before_auth.arguments_max < before_auth.request_bytes_max);
static_assert(bulk_bytes_min >= 1'000, "a length of three digits is always within the limit");

}  // namespace limits
}  // namespace resp
