// SPDX-License-Identifier: MIT
#include "storage/header_block.hpp"

#include <xxhash.h>

#include <cstring>

#include "storage/ensure.hpp"
#include "storage/little_endian.hpp"

namespace storage {

namespace {

enum BlockOffset : std::size_t { at_version = 8, at_length = 12, at_checksum = 16 };
static_assert(at_checksum + 8 == header_prefix_bytes);

// Over the whole block, padding included, with the checksum's own place taken as zeros. Not seeded: the seed stands inside.
std::uint64_t block_checksum(std::span<const std::byte> block) {
    HeaderBlock copy;
    std::memcpy(copy.data(), block.data(), header_block_bytes);
    store_le<std::uint64_t>(copy.data() + at_checksum, 0);
    return XXH3_64bits(copy.data(), copy.size());
}

}  // namespace

HeaderBlock encode_header_block(const FileMagic& magic, std::uint32_t version, std::string_view message) {
    ENSURE(message.size() <= header_block_bytes - header_prefix_bytes);
    HeaderBlock block{};
    std::memcpy(block.data(), magic.data(), magic.size());
    store_le(block.data() + at_version, version);
    store_le(block.data() + at_length, static_cast<std::uint32_t>(message.size()));
    std::memcpy(block.data() + header_prefix_bytes, message.data(), message.size());
    store_le(block.data() + at_checksum, block_checksum(block));
    return block;
}

HeaderMessage decode_header_block(std::span<const std::byte> block, const FileMagic& magic, std::uint32_t version) {
    if (block.size() < header_block_bytes) return {};
    block = block.first(header_block_bytes);
    if (std::memcmp(block.data(), magic.data(), magic.size()) != 0) return {};
    if (load_le<std::uint64_t>(block.data() + at_checksum) != block_checksum(block)) return {};
    if (load_le<std::uint32_t>(block.data() + at_version) != version) return {std::nullopt, HeaderFault::newer};
    const auto length = load_le<std::uint32_t>(block.data() + at_length);
    if (length > header_block_bytes - header_prefix_bytes) return {};
    return {std::string_view(reinterpret_cast<const char*>(block.data()) + header_prefix_bytes, length), HeaderFault::damaged};
}

std::string text_of(const Id& id) { return {id.begin(), id.end()}; }

bool take_id(Id& to, std::string_view from) {
    if (from.size() != to.size()) return false;
    std::memcpy(to.data(), from.data(), to.size());
    return true;
}

std::uint64_t checksum_seed(const Id& salt) { return load_le<std::uint64_t>(std::as_bytes(std::span(salt)).data()); }

}  // namespace storage
