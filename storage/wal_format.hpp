// SPDX-License-Identifier: MIT
// The bytes of a log segment, format version 1: constants, header structs, encoding. No I/O. The grammar and a worked
// example are in README.md, "The log"; tests/storage/golden/ holds a file that must stay readable for ever.
//
//   segment = header block (4096 bytes), then frames, each at an offset divisible by 8, then zeros or nothing
//   frame   = frame header (56 bytes), payload, zeros up to the next multiple of 8
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

#include "storage/header_block.hpp"
#include "storage/types.hpp"

namespace storage::wal {

inline constexpr std::uint32_t format_version = 1;
inline constexpr FileMagic segment_magic = {'T', 'M', 'W', 'A', 'L', 'S', 'E', 'G'};

inline constexpr std::size_t frame_alignment = 8;
inline constexpr std::size_t frame_header_bytes = 56;
inline constexpr std::size_t entry_length_bytes = 4;
inline constexpr std::size_t end_payload_bytes = 32;             // SHA-256 over the segment's frame headers before it
inline constexpr std::size_t frame_payload_target = 256U << 10;  // larger only when one record is
static_assert(header_block_bytes % frame_alignment == 0 && frame_header_bytes % frame_alignment == 0);
static_assert(end_payload_bytes % frame_alignment == 0);

constexpr std::uint64_t aligned(std::uint64_t n) { return (n + frame_alignment - 1) / frame_alignment * frame_alignment; }
constexpr std::uint64_t frame_bytes(std::uint64_t payload_bytes) { return frame_header_bytes + aligned(payload_bytes); }

inline constexpr std::size_t end_frame_bytes = frame_bytes(end_payload_bytes);  // kept free at every segment's end
inline constexpr std::size_t mark_frame_bytes = frame_bytes(0);
// What a segment file of this size can hold of data and mark frames.
constexpr std::uint64_t capacity(std::uint64_t file_bytes) { return file_bytes - header_block_bytes - end_frame_bytes; }

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
    std::uint32_t cipher = 0;
    std::string key_id, key_check;

    std::uint64_t seed() const { return checksum_seed(salt); }
    friend bool operator==(const SegmentHeader&, const SegmentHeader&) = default;
};

HeaderBlock encode(const SegmentHeader& header);

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
void encode(const FrameHeader& header, std::uint64_t seed, std::span<std::byte, frame_header_bytes> to);
// Nothing unless magic, checksum and the fields' own sense are right. The payload is the caller's to check.
std::optional<FrameHeader> decode_frame(std::span<const std::byte, frame_header_bytes> from, std::uint64_t seed);

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
