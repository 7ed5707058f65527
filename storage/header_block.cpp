// SPDX-License-Identifier: MIT
#include "storage/header_block.hpp"

#include <xxhash.h>

#include <cstring>

#include "storage/ensure.hpp"
#include "storage/file_cipher.hpp"
#include "storage/little_endian.hpp"

namespace storage {

namespace {

enum BlockOffset : std::size_t { at_version = 8, at_length = 12, at_checksum = 16 };
static_assert(at_checksum + 8 == header_prefix_bytes);

constexpr std::size_t at_mac = header_block_bytes - header_mac_bytes;
static_assert(header_mac_bytes == FileCipher::mac_bytes);

// Over the whole block, padding included, with the checksum's own place taken as zeros. Not seeded: the seed stands inside.
std::uint64_t block_checksum(std::span<const std::byte> block) {
    HeaderBlock copy;
    std::memcpy(copy.data(), block.data(), header_block_bytes);
    store_le<std::uint64_t>(copy.data() + at_checksum, 0);
    return XXH3_64bits(copy.data(), copy.size());
}

// What the HMAC is over; the checksum is left out, because it covers the HMAC.
using Block = std::span<const std::byte, header_block_bytes>;
constexpr std::string_view header_mac_use = "header";
auto before_checksum(Block block) { return block.first<at_checksum>(); }
auto after_checksum(Block block) { return block.subspan<header_prefix_bytes, at_mac - header_prefix_bytes>(); }

}  // namespace

HeaderBlock encode_header_block(const FileMagic& magic, std::uint32_t version, std::string_view message,
                                const FileCipher* cipher) {
    ENSURE(message.size() <= at_mac - header_prefix_bytes);
    HeaderBlock block{};
    std::memcpy(block.data(), magic.data(), magic.size());
    store_le(block.data() + at_version, version);
    store_le(block.data() + at_length, static_cast<std::uint32_t>(message.size()));
    std::memcpy(block.data() + header_prefix_bytes, message.data(), message.size());
    if (cipher != nullptr) {
        const FileCipher::Mac mac = cipher->mac(header_mac_use, {before_checksum(block), after_checksum(block)});
        std::memcpy(block.data() + at_mac, mac.data(), mac.size());
    }
    store_le(block.data() + at_checksum, block_checksum(block));
    return block;
}

bool header_block_is_signed(std::span<const std::byte, header_block_bytes> block, const FileCipher& cipher) {
    return cipher.mac_is(block.last<header_mac_bytes>(), header_mac_use, {before_checksum(block), after_checksum(block)});
}

HeaderMessage decode_header_block(std::span<const std::byte> block, const FileMagic& magic, std::uint32_t newest) {
    if (block.size() < header_block_bytes) return {};
    block = block.first(header_block_bytes);
    if (std::memcmp(block.data(), magic.data(), magic.size()) != 0) return {};
    if (load_le<std::uint64_t>(block.data() + at_checksum) != block_checksum(block)) return {};
    const auto version = load_le<std::uint32_t>(block.data() + at_version);
    if (version > newest) return {std::nullopt, HeaderFault::newer};
    if (version == 0) return {};
    const auto length = load_le<std::uint32_t>(block.data() + at_length);
    if (length > header_block_bytes - header_prefix_bytes) return {};
    const std::string_view bytes(reinterpret_cast<const char*>(block.data()) + header_prefix_bytes, length);
    return {bytes, HeaderFault::damaged, version};
}

std::string text_of(const Id& id) { return {id.begin(), id.end()}; }

bool take_id(Id& to, std::string_view from) {
    if (from.size() != to.size()) return false;
    std::memcpy(to.data(), from.data(), to.size());
    return true;
}

std::uint64_t checksum_seed(const Id& salt) { return load_le<std::uint64_t>(std::as_bytes(std::span(salt)).data()); }

}  // namespace storage
