// SPDX-License-Identifier: MIT
// The first 4,096 bytes of every data file: magic, format version, length and checksum of the block, a protobuf message,
// zeros. What the message says is the file's own matter (wal_format.hpp, snapshot_format.hpp). In a sealed file the block's
// last 32 bytes are an HMAC-SHA256 over all before them. No I/O.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace storage {

class FileCipher;

inline constexpr std::size_t header_block_bytes = 4096;
inline constexpr std::size_t header_prefix_bytes = 24;  // magic 8, version 4, protobuf length 4, checksum of the block 8
inline constexpr std::size_t header_mac_bytes = 32;     // of a sealed file, at the block's end
inline constexpr std::size_t id_bytes = 16;

using HeaderBlock = std::array<std::byte, header_block_bytes>;
using FileMagic = std::array<char, 8>;
using Id = std::array<unsigned char, id_bytes>;  // of a data directory; also a file's salt

enum class HeaderFault : std::uint8_t {
    damaged,  // short, wrong magic or checksum, or fields that no version writes
    newer,    // sound, but of a format version that this program does not know
};

// Precondition: `message` fits between the prefix and the HMAC. With a cipher the block is signed.
HeaderBlock encode_header_block(const FileMagic& magic, std::uint32_t version, std::string_view message,
                                const FileCipher* cipher = nullptr);
// Is the block one that `cipher` signed? For a file whose message names a cipher.
bool header_block_is_signed(std::span<const std::byte, header_block_bytes> block, const FileCipher& cipher);

struct HeaderMessage {
    std::optional<std::string_view> bytes;     // of the block it was read from
    HeaderFault fault = HeaderFault::damaged;  // when there is none
    std::uint32_t version = 0;                 // from 1 to `newest` when there is one
};
HeaderMessage decode_header_block(std::span<const std::byte> block, const FileMagic& magic, std::uint32_t newest);

std::string text_of(const Id& id);
bool take_id(Id& to, std::string_view from);  // false: of another length
std::uint64_t checksum_seed(const Id& salt);  // its first 8 bytes

}  // namespace storage
