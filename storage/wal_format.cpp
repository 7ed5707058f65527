// SPDX-License-Identifier: MIT
#include "storage/wal_format.hpp"

#include <xxhash.h>

#include <algorithm>
#include <cstring>

#include "storage/ensure.hpp"
#include "storage/little_endian.hpp"
#include "storage/proto/log.pb.h"
#include "storage/token_secret.hpp"

namespace storage::wal {

namespace {

constexpr std::array<char, 3> frame_magic = {'T', 'M', 'F'};  // the kind is the fourth byte

// Offsets inside the frame header.
enum FrameOffset : std::size_t {
    at_kind = 3,
    at_payload_bytes = 4,
    at_entry_count = 8,
    at_reserved = 12,  // zero
    at_first_lsn = 16,
    at_durable_lsn = 24,
    at_now = 32,
    at_payload_checksum = 40,
    at_header_checksum = 48,
};
static_assert(at_header_checksum + 8 == frame_header_bytes);

std::optional<SegmentHeader> from_proto(const tokmesh::log::SegmentHeader& proto) {
    SegmentHeader header;
    if (!take_id(header.directory_id, proto.directory_id()) || !take_id(header.salt, proto.salt())) return std::nullopt;
    header.epoch = proto.epoch();
    header.first_lsn = Lsn{proto.first_lsn()};
    header.predecessor_last = Lsn{proto.predecessor_last_lsn()};
    header.predecessor_length = proto.predecessor_length();
    header.seal = {static_cast<std::uint32_t>(proto.cipher()), proto.key_id(), proto.key_check()};
    header.token_secret = proto.token_secret();
    if (header.first_lsn != next(header.predecessor_last) || !believable(header.first_lsn)) return std::nullopt;
    if (!is_stored_token_secret(header.token_secret)) return std::nullopt;
    return header;
}

// What no writer would write, whatever its checksum says.
bool sensible(const FrameHeader& frame, bool sealed) {
    if (value(frame.first_lsn) == 0 || value(frame.durable_lsn) >= value(frame.first_lsn)) return false;
    if (!believable(frame.first_lsn) || !believable(frame.last_lsn()) || frame.now < 0 || frame.now > clock_max) return false;
    if (frame.payload_bytes > frame_payload_bytes_max) return false;
    const std::size_t least = data_payload_bytes(std::size_t{frame.entry_count} * entry_length_bytes, sealed);
    switch (frame.kind) {
        case FrameKind::data: return frame.entry_count > 0 && frame.payload_bytes > least;
        case FrameKind::mark:
            return frame.entry_count == 0 && frame.payload_bytes == mark_payload_bytes(sealed) &&
                   frame.durable_lsn == frame.last_lsn();
        case FrameKind::end:
            return frame.entry_count == 0 && frame.payload_bytes == end_payload_bytes_of(sealed) &&
                   frame.durable_lsn == frame.last_lsn();
    }
    return false;
}

}  // namespace

HeaderBlock encode(const SegmentHeader& header, const FileCipher* cipher) {
    tokmesh::log::SegmentHeader proto;
    proto.set_directory_id(text_of(header.directory_id));
    proto.set_epoch(header.epoch);
    proto.set_first_lsn(value(header.first_lsn));
    proto.set_predecessor_last_lsn(value(header.predecessor_last));
    proto.set_predecessor_length(header.predecessor_length);
    proto.set_salt(text_of(header.salt));
    proto.set_cipher(static_cast<tokmesh::log::Cipher>(header.seal.cipher));
    proto.set_key_id(header.seal.key_id);
    proto.set_key_check(header.seal.key_check);
    proto.set_token_secret(header.token_secret);
    return encode_header_block(segment_magic, format_version, proto.SerializeAsString(), cipher);
}

DecodedHeader decode_header(std::span<const std::byte> block) {
    const HeaderMessage message = decode_header_block(block, segment_magic, format_version);
    if (!message.bytes) return {std::nullopt, message.fault};
    tokmesh::log::SegmentHeader proto;
    if (!proto.ParseFromArray(message.bytes->data(), static_cast<int>(message.bytes->size()))) return {};
    return {from_proto(proto), HeaderFault::damaged};
}

std::uint64_t checksum(std::span<const std::byte> bytes, std::uint64_t seed) {
    return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

void encode(const FrameHeader& header, std::uint64_t seed, std::span<std::byte, frame_header_bytes> to, bool sealed) {
    ENSURE(sensible(header, sealed));
    std::byte* at = to.data();
    std::memcpy(at, frame_magic.data(), frame_magic.size());
    at[at_kind] = static_cast<std::byte>(header.kind);
    store_le(at + at_payload_bytes, header.payload_bytes);
    store_le(at + at_entry_count, header.entry_count);
    store_le(at + at_reserved, std::uint32_t{0});
    store_le(at + at_first_lsn, value(header.first_lsn));
    store_le(at + at_durable_lsn, value(header.durable_lsn));
    store_le(at + at_now, static_cast<std::uint64_t>(header.now));
    store_le(at + at_payload_checksum, header.payload_checksum);
    store_le(at + at_header_checksum, checksum(to.first(at_header_checksum), seed));
}

std::span<const std::byte> authenticated(std::span<const std::byte, frame_header_bytes> header) {
    return header.first<at_payload_checksum>();
}

std::optional<FrameHeader> decode_frame(std::span<const std::byte, frame_header_bytes> from, std::uint64_t seed, bool sealed) {
    const std::byte* at = from.data();
    if (std::memcmp(at, frame_magic.data(), frame_magic.size()) != 0) return std::nullopt;
    if (load_le<std::uint64_t>(at + at_header_checksum) != checksum(from.first(at_header_checksum), seed)) return std::nullopt;
    if (load_le<std::uint32_t>(at + at_reserved) != 0) return std::nullopt;
    FrameHeader header;
    header.kind = static_cast<FrameKind>(at[at_kind]);
    header.payload_bytes = load_le<std::uint32_t>(at + at_payload_bytes);
    header.entry_count = load_le<std::uint32_t>(at + at_entry_count);
    header.first_lsn = Lsn{load_le<std::uint64_t>(at + at_first_lsn)};
    header.durable_lsn = Lsn{load_le<std::uint64_t>(at + at_durable_lsn)};
    header.now = static_cast<UnixMs>(load_le<std::uint64_t>(at + at_now));
    header.payload_checksum = load_le<std::uint64_t>(at + at_payload_checksum);
    if (!sensible(header, sealed)) return std::nullopt;
    return header;
}

bool Entries::next(std::span<const std::byte>& record) {
    if (rest_.empty()) return false;
    if (rest_.size() < entry_length_bytes) return !(broken_ = true);
    const auto length = load_le<std::uint32_t>(rest_.data());
    rest_ = rest_.subspan(entry_length_bytes);
    if (length == 0 || length > rest_.size()) return !(broken_ = true);
    record = rest_.first(length);
    rest_ = rest_.subspan(length);
    return true;
}

}  // namespace storage::wal
