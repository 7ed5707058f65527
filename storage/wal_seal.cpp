// SPDX-License-Identifier: MIT
#include "storage/wal_seal.hpp"

#include <algorithm>
#include <array>

#include "storage/ensure.hpp"
#include "storage/little_endian.hpp"

namespace storage::wal {

namespace {

constexpr std::string_view frame_mac_use = "frame";
static_assert(frame_tag_bytes == FileCipher::tag_bytes && frame_mac_bytes == FileCipher::mac_bytes);

constexpr std::size_t added_bytes(FrameKind kind) { return kind == FrameKind::data ? frame_tag_bytes : frame_mac_bytes; }

std::array<std::byte, 8> bytes_of(std::uint64_t offset) {
    std::array<std::byte, 8> bytes{};
    store_le(bytes.data(), offset);
    return bytes;
}

}  // namespace

void seal_payload(const FileCipher& cipher, FrameKind kind, std::uint64_t offset, EncodedHeader header,
                  std::span<std::byte> payload) {
    ENSURE(payload.size() >= added_bytes(kind));
    const std::size_t own = payload.size() - added_bytes(kind);
    if (kind == FrameKind::data) {
        cipher.seal(offset, authenticated(header), payload.first(own), payload.last<frame_tag_bytes>());
    } else {
        const auto mac = cipher.mac(frame_mac_use, {bytes_of(offset), authenticated(header), payload.first(own)});
        std::copy(mac.begin(), mac.end(), payload.end() - static_cast<std::ptrdiff_t>(mac.size()));
    }
}

bool open_payload(const FileCipher& cipher, FrameKind kind, std::uint64_t offset, EncodedHeader header,
                  std::span<std::byte> payload) {
    if (payload.size() < added_bytes(kind)) return false;
    const std::size_t own = payload.size() - added_bytes(kind);
    if (kind == FrameKind::data)
        return cipher.open(offset, authenticated(header), payload.first(own), payload.last<frame_tag_bytes>());
    return cipher.mac_is(payload.subspan(own), frame_mac_use, {bytes_of(offset), authenticated(header), payload.first(own)});
}

std::size_t own_payload_bytes(FrameKind kind, std::size_t payload_bytes, bool sealed) {
    return payload_bytes - (sealed ? added_bytes(kind) : 0);
}

}  // namespace storage::wal
