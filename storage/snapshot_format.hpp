// SPDX-License-Identifier: MIT
// The bytes of a snapshot file, format version 2: constants, structs, encoding. No I/O. The grammar and a worked example are
// in README.md, "Snapshots"; tests/storage/golden/ holds a file of each version, which must stay readable for ever.
//
//   snapshot = header block (4096 bytes), blocks each at an offset divisible by 8, the last of them a footer
//   block    = block header (72 bytes), payload as stored, zeros up to the next multiple of 8
//
// With a cipher the header block is signed and each payload ends with a tag: it is sealed under the block's number, which a file
// uses once, with the block's header as associated data. Checksums and digests are over what stands on the disk.
//
// All numbers are little-endian. Checksums are XXH3-64 seeded with the header's salt, as in wal_format.hpp.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "storage/file_cipher.hpp"
#include "storage/header_block.hpp"
#include "storage/types.hpp"

namespace storage::snapshot {

inline constexpr std::uint32_t format_version = 2;  // of what is written; 1, too, is read
inline constexpr FileMagic magic = {'T', 'M', 'S', 'N', 'A', 'P', 'S', 'H'};
inline constexpr std::size_t block_header_bytes = 72;
inline constexpr std::size_t block_alignment = 8;
inline constexpr std::size_t footer_block_bytes = 4096;          // the file's last: block header, footer, zeros
inline constexpr std::size_t block_payload_target = 256U << 10;  // larger only when one record is, or one log frame
inline constexpr std::uint32_t block_payload_max = 640U << 20;   // a record of proto-max-bulk-len and then some

constexpr std::uint64_t block_bytes(std::uint64_t stored_bytes) {
    return block_header_bytes + (stored_bytes + block_alignment - 1) / block_alignment * block_alignment;
}

using Digest = std::array<std::byte, 32>;

// The decoded header block; storage/proto/snapshot.proto says what each field is.
struct Header {
    std::uint32_t version = format_version;
    Id directory_id{};
    Id salt{};
    std::uint64_t epoch = 0;
    Lsn begun_at{};  // S0
    UnixMs created_at = 0;
    Lsn base_last{};  // 0: a full snapshot
    Digest base_digest{};
    SealName seal;
    std::string token_secret;  // as stored: token_secret.hpp

    bool full() const { return value(base_last) == 0; }
    // Of a block the digest is over: its header, which has the payload's checksum, or the payload as well.
    bool digest_of_payloads() const { return version == 1; }
    std::uint64_t seed() const { return checksum_seed(salt); }
    friend bool operator==(const Header&, const Header&) = default;
};

HeaderBlock encode(const Header& header, const FileCipher* cipher);
struct DecodedHeader {
    std::optional<Header> header;
    HeaderFault fault = HeaderFault::damaged;  // when there is no header
};
DecodedHeader decode_header(std::span<const std::byte> block);

// In this order in the file.
enum class BlockKind : std::uint8_t {
    removals = 1,  // { u64 LSN, u32 length, log record }: what an incremental one has to take out of its base first
    records = 2,   // packed records, see snapshot_records.hpp
    log = 3,       // { u32 length, log record }: a dense run of LSNs, as in a frame of the log
    footer = 4,    // protobuf SnapshotFooter
};

enum class Compression : std::uint8_t { none = 0, zstd = 1 };

struct BlockHeader {
    BlockKind kind = BlockKind::records;
    Compression compression = Compression::none;
    std::uint32_t stored_bytes = 0;  // the tag included
    std::uint32_t raw_bytes = 0;     // before compression
    std::uint32_t entries = 0;
    std::uint64_t number = 0;                     // 0, 1, 2 ... in the file
    std::uint16_t first_slot = 0, last_slot = 0;  // records: the hash slots that it covers
    Lsn first_lsn{};                              // log: of its first entry
    std::uint64_t payload_checksum = 0;           // of the stored bytes
    friend bool operator==(const BlockHeader&, const BlockHeader&) = default;
};

void encode(const BlockHeader& header, std::uint64_t seed, std::span<std::byte, block_header_bytes> to);
// The part of an encoded header that a sealed payload is bound to: all but the checksums, which follow from the payload.
std::span<const std::byte> authenticated(std::span<const std::byte, block_header_bytes> header);
// Nothing unless magic, checksum and the fields' own sense are right. The payload is the caller's to check.
std::optional<BlockHeader> decode_block(std::span<const std::byte, block_header_bytes> from, std::uint64_t seed, bool sealed);

// What an incremental snapshot would build upon: the newest one, and how long its chain is.
struct Chain {
    Lsn last{};  // 0: there is none
    Digest digest{};
    std::uint32_t files = 0;
    std::uint64_t full_bytes = 0, incremental_bytes = 0;
};

// The entries of a removals block. Bounded by its bytes; broken() when they do not add up.
class Removals {
public:
    static void add(std::string& payload, Lsn lsn, std::span<const std::byte> record);

    explicit Removals(std::string_view payload) : rest_(payload) {}
    bool next(Lsn& lsn, std::string_view& entry);  // `entry` is { u32 length, log record }
    bool broken() const { return broken_; }

private:
    std::string_view rest_;
    bool broken_ = false;
};

struct Footer {
    Lsn last{};  // S1
    UnixMs now = 0;
    std::uint64_t blocks = 0, sessions = 0, strings = 0, dead = 0, raw_bytes = 0;
    Digest digest{};

    std::uint64_t records() const { return sessions + strings + dead; }
    friend bool operator==(const Footer&, const Footer&) = default;
};

std::string encode(const Footer& footer);
bool decode_footer(std::string_view payload, Footer& footer);  // false: it is none

}  // namespace storage::snapshot
