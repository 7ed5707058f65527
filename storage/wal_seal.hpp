// SPDX-License-Identifier: MIT
// How the frames of a sealed segment are sealed: entries by the cipher under the frame's offset, which is used once in a file,
// marks and ends by an HMAC, because recovery may write an end where a void frame stood.
#pragma once

#include <cstdint>
#include <span>

#include "storage/file_cipher.hpp"
#include "storage/wal_format.hpp"

namespace storage::wal {

using EncodedHeader = std::span<const std::byte, frame_header_bytes>;

// `payload` as it will stand on the disk, its last bytes free for the tag or the HMAC.
void seal_payload(const FileCipher& cipher, FrameKind kind, std::uint64_t offset, EncodedHeader header,
                  std::span<std::byte> payload);
// Opens a payload in place. False: this frame was not written here with this content.
[[nodiscard]] bool open_payload(const FileCipher& cipher, FrameKind kind, std::uint64_t offset, EncodedHeader header,
                                std::span<std::byte> payload);
// What of an opened payload is the frame's own.
std::size_t own_payload_bytes(FrameKind kind, std::size_t payload_bytes, bool sealed);

}  // namespace storage::wal
