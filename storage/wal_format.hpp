// SPDX-License-Identifier: MIT
// The bytes of a log segment, format version 1: constants, header structs, encoding. No I/O. The grammar and a worked
// example are in README.md, "The log"; tests/storage/golden/ holds a file that must stay readable for ever.
//
//   segment = header block (4096 bytes), then frames, each at an offset divisible by 8, then zeros or nothing
//   frame   = frame header (56 bytes), payload, zeros up to the next multiple of 8
//   sealed  : a data frame's payload is ciphertext and a tag; marks and ends, which hold no secret, end with an HMAC
//
// All numbers are little-endian. Checksums are XXH3-64 seeded with the segment's seed, so that frames of another file, or of
// an earlier life of the same blocks, never pass.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "storage/file_cipher.hpp"
#include "storage/header_block.hpp"
#include "storage/types.hpp"

namespace storage::wal {

inline constexpr std::uint32_t format_version = 1;
inline constexpr FileMagic segment_magic = {'T', 'M', 'W', 'A', 'L', 'S', 'E', 'G'};

inline constexpr std::size_t frame_alignment = 8;
inline constexpr std::size_t frame_header_bytes = 56;
inline constexpr std::size_t entry_length_bytes = 4;
inline constexpr std::size_t end_payload_bytes = 32;             // SHA-256 over the segment's frame headers before it
inline constexpr std::size_t frame_tag_bytes = 16;               // at the end of a sealed data frame's payload
inline constexpr std::size_t frame_mac_bytes = 32;               // at the end of a signed mark's or end's payload
inline constexpr std::size_t frame_payload_target = 256U << 10;  // larger only when one record is
inline constexpr std::size_t record_bytes_ceiling = 256U << 20;  // no wal-record-max is higher
// A header that announces more is none: so much is read, and held in memory, for one at most.
inline constexpr std::size_t frame_payload_bytes_max = entry_length_bytes + record_bytes_ceiling + frame_tag_bytes;
static_assert(header_block_bytes % frame_alignment == 0 && frame_header_bytes % frame_alignment == 0);
static_assert(end_payload_bytes % frame_alignment == 0);

constexpr std::uint64_t aligned(std::uint64_t n) { return (n + frame_alignment - 1) / frame_alignment * frame_alignment; }
constexpr std::uint64_t frame_bytes(std::uint64_t payload_bytes) { return frame_header_bytes + aligned(payload_bytes); }

constexpr std::size_t data_payload_bytes(std::size_t entries_bytes, bool sealed) {
    return entries_bytes + (sealed ? frame_tag_bytes : 0);
}
constexpr std::size_t mark_payload_bytes(bool sealed) { return sealed ? frame_mac_bytes : 0; }
constexpr std::size_t end_payload_bytes_of(bool sealed) { return end_payload_bytes + (sealed ? frame_mac_bytes : 0); }
constexpr std::size_t mark_frame_bytes(bool sealed) { return frame_bytes(mark_payload_bytes(sealed)); }
constexpr std::size_t end_frame_bytes(bool sealed) { return frame_bytes(end_payload_bytes_of(sealed)); }
// Room is counted for sealed frames whether they are or not, so that a prepared file serves both.
inline constexpr std::size_t end_frame_bytes_max = end_frame_bytes(true);  // kept free at every segment's end
inline constexpr std::size_t mark_frame_bytes_max = mark_frame_bytes(true);
// What a segment file of this size can hold of data and mark frames.
constexpr std::uint64_t capacity(std::uint64_t file_bytes) { return file_bytes - header_block_bytes - end_frame_bytes_max; }

using storage::header_block_bytes;
using storage::HeaderBlock;
using storage::HeaderFault;
using storage::Id;

// The decoded header block; storage/proto/log.proto says what each field is.
struct SegmentHeader {
    Id directory_id{};
    std::uint64_t epoch = 0;
    Lsn first_lsn{};
    Lsn predecessor_last{};
    std::uint64_t predecessor_length = 0;
    Id salt{};
    SealName seal;             // what its frames are sealed with
    std::string token_secret;  // as stored: token_secret.hpp

    std::uint64_t seed() const { return checksum_seed(salt); }
    friend bool operator==(const SegmentHeader&, const SegmentHeader&) = default;
};

// A sealed segment's header is signed with its cipher (header_block_is_signed).
HeaderBlock encode(const SegmentHeader& header, const FileCipher* cipher = nullptr);

struct DecodedHeader {
    std::optional<SegmentHeader> header;
    HeaderFault fault = HeaderFault::damaged;  // when there is no header
};
DecodedHeader decode_header(std::span<const std::byte> block);

enum class FrameKind : std::uint8_t {
    data = 1,  // entries
    mark = 2,  // says that everything before it is durable: after a clean stop, an idle second
    end = 3,   // the same, and that nothing follows in this segment
};

struct FrameHeader {
    FrameKind kind = FrameKind::data;
    std::uint32_t payload_bytes = 0;
    std::uint32_t entry_count = 0;  // data: at least 1; others: 0
    Lsn first_lsn{};                // data: of its first entry; others: the next one to come
    Lsn durable_lsn{};              // what was known durable when it was written
    UnixMs now = 0;
    std::uint64_t payload_checksum = 0;

    Lsn last_lsn() const { return Lsn{value(first_lsn) + entry_count - 1}; }  // of others: the last before it
    friend bool operator==(const FrameHeader&, const FrameHeader&) = default;
};

std::uint64_t checksum(std::span<const std::byte> bytes, std::uint64_t seed);
// `sealed`: of a segment with a cipher, where payloads are longer by a tag or an HMAC.
void encode(const FrameHeader& header, std::uint64_t seed, std::span<std::byte, frame_header_bytes> to, bool sealed = false);
// Nothing unless magic, checksum and the fields' own sense are right. The payload is the caller's to check.
std::optional<FrameHeader> decode_frame(std::span<const std::byte, frame_header_bytes> from, std::uint64_t seed,
                                        bool sealed = false);
// Of an encoded header, what a tag or an HMAC covers: all but the two checksums, which follow from the rest.
std::span<const std::byte> authenticated(std::span<const std::byte, frame_header_bytes> header);

// Walks the entries of a payload: a record's bytes, or nothing at the end; `broken()` when lengths do not add up.
class Entries {
public:
    explicit Entries(std::span<const std::byte> payload) : rest_(payload) {}
    bool next(std::span<const std::byte>& record);
    bool broken() const { return broken_; }

private:
    std::span<const std::byte> rest_;
    bool broken_ = false;
};

}  // namespace storage::wal
