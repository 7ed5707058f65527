// SPDX-License-Identifier: MIT
#include "storage/snapshot_format.hpp"

#include <algorithm>
#include <cstring>

#include "storage/ensure.hpp"
#include "storage/little_endian.hpp"
#include "storage/proto/snapshot.pb.h"
#include "storage/token_secret.hpp"
#include "storage/wal_format.hpp"

namespace storage::snapshot {

namespace {

constexpr std::array<char, 3> block_magic = {'T', 'M', 'B'};  // the kind is the fourth byte

constexpr std::size_t removal_prefix_bytes = sizeof(std::uint64_t) + sizeof(std::uint32_t);

enum BlockOffset : std::size_t {
    at_kind = 3,
    at_stored_bytes = 4,
    at_raw_bytes = 8,
    at_entries = 12,
    at_number = 16,
    at_first_slot = 24,
    at_last_slot = 26,
    at_compression = 28,
    at_reserved = 32,  // zeros
    at_first_lsn = 48,
    at_payload_checksum = 56,
    at_header_checksum = 64,
};
static_assert(at_header_checksum + 8 == block_header_bytes);

std::string text_of(const Digest& digest) { return {reinterpret_cast<const char*>(digest.data()), digest.size()}; }

bool take_digest(Digest& to, const std::string& from) {
    if (from.size() != to.size()) return false;
    std::memcpy(to.data(), from.data(), to.size());
    return true;
}

// What no writer would write, whatever its checksum says.
bool sensible(const BlockHeader& block, std::size_t tag_bytes) {
    if (block.kind < BlockKind::removals || block.kind > BlockKind::footer) return false;
    if (block.compression > Compression::zstd || block.raw_bytes > block_payload_max || block.raw_bytes == 0) return false;
    if (block.stored_bytes < tag_bytes || block.stored_bytes - tag_bytes > block.raw_bytes) return false;
    if (block.compression == Compression::none && block.stored_bytes - tag_bytes != block.raw_bytes) return false;
    if (block.first_slot > block.last_slot || block.last_slot >= slot_count) return false;
    return block.kind == BlockKind::footer || (block.entries > 0 && believable(block.first_lsn));
}

}  // namespace

HeaderBlock encode(const Header& header, const FileCipher* cipher) {
    tokmesh::snapshot::SnapshotHeader proto;
    proto.set_directory_id(storage::text_of(header.directory_id));
    proto.set_salt(storage::text_of(header.salt));
    proto.set_epoch(header.epoch);
    proto.set_begun_at_lsn(value(header.begun_at));
    proto.set_created_at_ms(static_cast<std::uint64_t>(header.created_at));
    proto.set_base_last_lsn(value(header.base_last));
    if (!header.full()) proto.set_base_digest(text_of(header.base_digest));
    proto.set_cipher(header.seal.cipher);
    proto.set_key_id(header.seal.key_id);
    proto.set_key_check(header.seal.key_check);
    proto.set_token_secret(header.token_secret);
    return encode_header_block(magic, header.version, proto.SerializeAsString(), cipher);
}

DecodedHeader decode_header(std::span<const std::byte> block) {
    const HeaderMessage message = decode_header_block(block, magic, format_version);
    if (!message.bytes) return {std::nullopt, message.fault};
    tokmesh::snapshot::SnapshotHeader proto;
    if (!proto.ParseFromArray(message.bytes->data(), static_cast<int>(message.bytes->size()))) return {};
    Header header;
    header.version = message.version;
    if (!take_id(header.directory_id, proto.directory_id()) || !take_id(header.salt, proto.salt())) return {};
    header.epoch = proto.epoch();
    header.begun_at = Lsn{proto.begun_at_lsn()};
    header.created_at = static_cast<UnixMs>(proto.created_at_ms());
    header.base_last = Lsn{proto.base_last_lsn()};
    if (!believable(header.begun_at) || !believable(header.base_last)) return {};
    if (!header.full() && !take_digest(header.base_digest, proto.base_digest())) return {};
    header.seal = {proto.cipher(), proto.key_id(), proto.key_check()};
    header.token_secret = proto.token_secret();
    if (!is_stored_token_secret(header.token_secret)) return {};
    return {header, HeaderFault::damaged};
}

void encode(const BlockHeader& header, std::uint64_t seed, std::span<std::byte, block_header_bytes> to) {
    std::fill(to.begin(), to.end(), std::byte{0});
    std::byte* at = to.data();
    std::memcpy(at, block_magic.data(), block_magic.size());
    at[at_kind] = static_cast<std::byte>(header.kind);
    store_le(at + at_stored_bytes, header.stored_bytes);
    store_le(at + at_raw_bytes, header.raw_bytes);
    store_le(at + at_entries, header.entries);
    store_le(at + at_number, header.number);
    store_le(at + at_first_slot, header.first_slot);
    store_le(at + at_last_slot, header.last_slot);
    at[at_compression] = static_cast<std::byte>(header.compression);
    store_le(at + at_first_lsn, value(header.first_lsn));
    store_le(at + at_payload_checksum, header.payload_checksum);
    store_le(at + at_header_checksum, wal::checksum(to.first(at_header_checksum), seed));
}

std::span<const std::byte> authenticated(std::span<const std::byte, block_header_bytes> header) {
    return header.first<at_payload_checksum>();
}

std::optional<BlockHeader> decode_block(std::span<const std::byte, block_header_bytes> from, std::uint64_t seed, bool sealed) {
    const std::byte* at = from.data();
    if (std::memcmp(at, block_magic.data(), block_magic.size()) != 0) return std::nullopt;
    if (load_le<std::uint64_t>(at + at_header_checksum) != wal::checksum(from.first(at_header_checksum), seed))
        return std::nullopt;
    BlockHeader header;
    header.kind = static_cast<BlockKind>(at[at_kind]);
    header.stored_bytes = load_le<std::uint32_t>(at + at_stored_bytes);
    header.raw_bytes = load_le<std::uint32_t>(at + at_raw_bytes);
    header.entries = load_le<std::uint32_t>(at + at_entries);
    header.number = load_le<std::uint64_t>(at + at_number);
    header.first_slot = load_le<std::uint16_t>(at + at_first_slot);
    header.last_slot = load_le<std::uint16_t>(at + at_last_slot);
    header.compression = static_cast<Compression>(at[at_compression]);
    header.first_lsn = Lsn{load_le<std::uint64_t>(at + at_first_lsn)};
    header.payload_checksum = load_le<std::uint64_t>(at + at_payload_checksum);
    if (!sensible(header, sealed ? FileCipher::tag_bytes : 0)) return std::nullopt;
    return header;
}

void Removals::add(std::string& payload, Lsn lsn, std::span<const std::byte> record) {
    std::array<std::byte, removal_prefix_bytes> prefix;
    store_le(prefix.data(), value(lsn));
    store_le(prefix.data() + sizeof(std::uint64_t), static_cast<std::uint32_t>(record.size()));
    payload.append(reinterpret_cast<const char*>(prefix.data()), prefix.size());
    payload.append(reinterpret_cast<const char*>(record.data()), record.size());
}

bool Removals::next(Lsn& lsn, std::string_view& entry) {
    if (rest_.empty()) return false;
    if (rest_.size() < removal_prefix_bytes) return !(broken_ = true);
    const auto* bytes = reinterpret_cast<const std::byte*>(rest_.data());
    lsn = Lsn{load_le<std::uint64_t>(bytes)};
    if (!believable(lsn)) return !(broken_ = true);
    const auto length = load_le<std::uint32_t>(bytes + sizeof(std::uint64_t));
    if (length == 0 || length > rest_.size() - removal_prefix_bytes) return !(broken_ = true);
    entry = rest_.substr(sizeof(std::uint64_t), sizeof(std::uint32_t) + length);
    rest_.remove_prefix(removal_prefix_bytes + length);
    return true;
}

std::string encode(const Footer& footer) {
    tokmesh::snapshot::SnapshotFooter proto;
    proto.set_last_lsn(value(footer.last));
    proto.set_now_ms(static_cast<std::uint64_t>(footer.now));
    proto.set_blocks(footer.blocks);
    proto.set_sessions(footer.sessions);
    proto.set_strings(footer.strings);
    proto.set_dead(footer.dead);
    proto.set_raw_bytes(footer.raw_bytes);
    proto.set_digest(text_of(footer.digest));
    return proto.SerializeAsString();
}

bool decode_footer(std::string_view payload, Footer& footer) {
    tokmesh::snapshot::SnapshotFooter proto;
    if (!proto.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) return false;
    footer.last = Lsn{proto.last_lsn()};
    if (!believable(footer.last) || proto.now_ms() > static_cast<std::uint64_t>(clock_max)) return false;
    footer.now = static_cast<UnixMs>(proto.now_ms());
    footer.blocks = proto.blocks();
    footer.sessions = proto.sessions();
    footer.strings = proto.strings();
    footer.dead = proto.dead();
    footer.raw_bytes = proto.raw_bytes();
    return take_digest(footer.digest, proto.digest());
}

}  // namespace storage::snapshot
