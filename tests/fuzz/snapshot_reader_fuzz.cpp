// SPDX-License-Identifier: MIT
// A snapshot file of arbitrary bytes. Random bytes never pass a checksum, so the first byte chooses whether those of the header,
// the blocks and the footer are made right first. It loads or is refused; memory must not follow announced lengths.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "storage/little_endian.hpp"
#include "storage/snapshot_load.hpp"
#include "storage/wal_format.hpp"
#include "tests/fuzz/demand.hpp"
#include "tests/support/memory_disk.hpp"
#include "tests/support/store_fixture.hpp"

namespace {

using namespace storage;

constexpr std::size_t at_stored_bytes = 4, at_raw_bytes = 8, at_payload_checksum = 56, at_header_checksum = 64;
constexpr std::uint32_t raw_bytes_max = 1U << 20;  // a block that is larger when decompressed only makes the fuzzer slow

// The header's own bytes are kept where they decode; else there is one.
std::uint64_t make_header_right(std::vector<std::byte>& file) {
    snapshot::Header header;
    header.salt.fill(7);
    const HeaderBlock block = snapshot::encode(header, nullptr);
    if (file.size() < block.size()) file.resize(block.size());
    if (const auto found = snapshot::decode_header(file).header) return found->seed();
    std::copy(block.begin(), block.end(), file.begin());
    return header.seed();
}

// Wherever a block could begin and says it is one. False: it would be too large.
bool make_checksums_right(std::vector<std::byte>& file, std::uint64_t seed) {
    for (std::size_t at = header_block_bytes; at + snapshot::block_header_bytes <= file.size(); at += snapshot::block_alignment) {
        std::byte* block = file.data() + at;
        if (block[0] != std::byte{'T'} || block[1] != std::byte{'M'} || block[2] != std::byte{'B'}) continue;
        if (load_le<std::uint32_t>(block + at_raw_bytes) > raw_bytes_max) return false;
        const std::size_t left = file.size() - at - snapshot::block_header_bytes;
        const std::size_t payload = std::min<std::size_t>(load_le<std::uint32_t>(block + at_stored_bytes), left);
        store_le(block + at_payload_checksum, wal::checksum({block + snapshot::block_header_bytes, payload}, seed));
        store_le(block + at_header_checksum, wal::checksum({block, at_header_checksum}, seed));
    }
    return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0 || size > 65'536) return 0;
    const auto input = std::as_bytes(std::span(data + 1, size - 1));
    std::vector<std::byte> file(input.begin(), input.end());
    if (data[0] % 2 == 1 && !make_checksums_right(file, make_header_right(file))) return 0;
    test::MemoryDisk disk;
    disk.set_bytes("some", std::move(file));
    const auto fs = disk.mount();
    test::StoreFixture store;
    std::atomic<std::uint64_t> read{0};
    const auto loaded = load_snapshot(*fs, "some", {}, store.store, 1, read);
    if (!loaded) {
        store.store.clear();
        fuzz::demand(store.store.digest(test::start_ms) == 0);
    } else {
        store.store.finish_replay(test::start_ms, 0, 16);
        (void)store.store.digest(test::start_ms);
    }
    // Whoever reads a file before it gets its name is at least as strict.
    if (verify_snapshot(*fs, "some", {}, {}).has_value())
        fuzz::demand(loaded.has_value() || loaded.error().kind != SnapshotFault::Kind::damaged);
    return 0;
}
