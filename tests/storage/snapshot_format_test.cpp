// SPDX-License-Identifier: MIT
// The bytes of a snapshot, and that each format version stays readable for ever: golden/snapshot-v*.golden.
#include "storage/snapshot_format.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include <catch2/catch.hpp>

#include "storage/snapshot_load.hpp"
#include "storage/wal_format.hpp"
#include "tests/support/golden_snapshot.hpp"

using namespace storage;

namespace {

std::string golden_path(std::uint32_t version) {
    return std::string(TOKMESH_SOURCE_DIR) + "/tests/storage/golden/snapshot-v" + std::to_string(version) + ".golden";
}

std::vector<std::byte> read_golden(std::uint32_t version = snapshot::format_version) {
    std::ifstream file(golden_path(version), std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

void check_loads(const std::vector<std::byte>& bytes) {
    test::MemoryDisk disk;
    const std::string name = snapshot_name(Lsn{6});
    disk.set_bytes(name, bytes);
    test::StoreFixture loaded, expected;
    std::atomic<std::uint64_t> read{0};
    const auto found = load_snapshot(*disk.mount(), name, {}, loaded.store, 2, read);
    REQUIRE(found.has_value());
    CHECK(found->footer.records() == 4);
    CHECK(found->footer.now == test::start_ms + 3000);
    test::replay_golden(expected, 6);
    const UnixMs now = test::start_ms + 4000;
    CHECK(loaded.store.digest(now) == expected.store.digest(now));
    CHECK(loaded.store.figures().dead_records == 1);
    CHECK(verify_snapshot(*disk.mount(), name, {}, {}).has_value());
}

// The same file with a footer that is sound in itself and has another digest.
std::vector<std::byte> with_another_digest(std::vector<std::byte> bytes) {
    test::MemoryDisk disk;
    const std::string name = snapshot_name(Lsn{6});
    disk.set_bytes(name, bytes);
    const auto reader = SnapshotReader::open(*disk.mount(), name, {}).value();
    snapshot::Footer footer = reader->footer();
    footer.digest.front() ^= std::byte{1};
    const std::string payload = snapshot::encode(footer);
    snapshot::BlockHeader block{.kind = snapshot::BlockKind::footer};
    block.number = footer.blocks;
    block.raw_bytes = block.stored_bytes = static_cast<std::uint32_t>(payload.size());
    block.payload_checksum = wal::checksum(std::as_bytes(std::span(payload)), reader->header().seed());
    const auto place = std::span(bytes).last(snapshot::footer_block_bytes);
    snapshot::encode(block, reader->header().seed(), place.first<snapshot::block_header_bytes>());
    std::ranges::copy(std::as_bytes(std::span(payload)), place.subspan(snapshot::block_header_bytes).begin());
    return bytes;
}

}  // namespace

TEST_CASE("Snapshot format: who verifies looks at the digest") {
    const auto version = GENERATE(range(1U, snapshot::format_version + 1));
    test::MemoryDisk disk;
    const std::string name = snapshot_name(Lsn{6});
    disk.set_bytes(name, with_another_digest(read_golden(version)));
    const auto verified = verify_snapshot(*disk.mount(), name, {}, {});
    REQUIRE_FALSE(verified.has_value());
    CHECK(verified.error().text.find("the digest is wrong") != std::string::npos);
}

TEST_CASE("Snapshot format: the golden file of each older version is read") {
    const auto version = GENERATE(range(1U, snapshot::format_version));
    const auto golden = read_golden(version);
    REQUIRE(snapshot::decode_header(golden).header.value().version == version);
    check_loads(golden);
}

TEST_CASE("Snapshot format: a newer version is not taken for damage, and version 0 is") {
    snapshot::Header header;
    header.token_secret = std::string(32, 's');
    header.version = snapshot::format_version + 1;
    const auto newer = snapshot::decode_header(snapshot::encode(header, nullptr));
    CHECK_FALSE(newer.header);
    CHECK(newer.fault == HeaderFault::newer);
    header.version = 0;
    const auto none = snapshot::decode_header(snapshot::encode(header, nullptr));
    CHECK_FALSE(none.header);
    CHECK(none.fault == HeaderFault::damaged);
}

// TOKMESH_WRITE_GOLDEN=1 makes the file anew: for a new version of the format only, under a new name.
TEST_CASE("Snapshot format: the golden file of the newest version is read, and written, byte for byte") {
    if (std::getenv("TOKMESH_WRITE_GOLDEN") != nullptr) {
        const auto bytes = test::write_golden_snapshot();
        std::ofstream(golden_path(snapshot::format_version), std::ios::binary)
            .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    }
    const auto golden = read_golden();
    REQUIRE(golden.size() > 2 * header_block_bytes);
    check_loads(golden);
    CHECK(golden == test::write_golden_snapshot());
    check_loads(test::write_golden_snapshot({snapshot::Compression::zstd, 3}));
}

TEST_CASE("Snapshot format: one that builds upon what is not there is damaged, not taken for whole") {
    auto bytes = read_golden();
    auto header = snapshot::decode_header(bytes).header.value();
    header.base_last = Lsn{3};
    const HeaderBlock block = snapshot::encode(header, nullptr);
    std::copy(block.begin(), block.end(), bytes.begin());
    test::MemoryDisk disk;
    disk.set_bytes("some", bytes);
    test::StoreFixture store;
    std::atomic<std::uint64_t> read{0};
    const auto loaded = load_snapshot(*disk.mount(), "some", {}, store.store, 1, read);
    REQUIRE_FALSE(loaded.has_value());
    CHECK(loaded.error().kind == SnapshotFault::Kind::damaged);
}

TEST_CASE("Snapshot format: block headers come back as they were, under their own seed only") {
    const snapshot::BlockHeader header{.kind = snapshot::BlockKind::records,
                                       .compression = snapshot::Compression::zstd,
                                       .stored_bytes = 1000,
                                       .raw_bytes = 1234,
                                       .entries = 7,
                                       .number = 3,
                                       .first_slot = 10,
                                       .last_slot = 20,
                                       .first_lsn = Lsn{100},
                                       .payload_checksum = 0x123456789abcdef0};
    std::array<std::byte, snapshot::block_header_bytes> bytes{};
    snapshot::encode(header, 42, bytes);
    CHECK(snapshot::decode_block(bytes, 42, false) == header);
    CHECK_FALSE(snapshot::decode_block(bytes, 43, false));
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        auto changed = bytes;
        changed[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
        REQUIRE_FALSE(snapshot::decode_block(changed, 42, false));
    }
}

TEST_CASE("Snapshot format: headers and footers come back as they were") {
    snapshot::Header header;
    header.directory_id.fill(1);
    header.salt.fill(2);
    header.epoch = 3;
    header.begun_at = Lsn{4};
    header.created_at = 5;
    header.base_last = Lsn{6};
    header.base_digest.fill(std::byte{7});
    header.token_secret = std::string(32, 's');
    const HeaderBlock block = snapshot::encode(header, nullptr);
    CHECK(snapshot::decode_header(block).header == header);
    CHECK_FALSE(snapshot::decode_header(std::span(block).first(block.size() - 1)).header);
    snapshot::Footer footer{.last = Lsn{9}, .now = 8, .blocks = 7, .sessions = 6, .strings = 5, .dead = 4, .raw_bytes = 3};
    footer.digest.fill(std::byte{2});
    snapshot::Footer back;
    CHECK((snapshot::decode_footer(snapshot::encode(footer), back) && back == footer));
    CHECK_FALSE(snapshot::decode_footer("no footer", back));

    // What no life is long enough for.
    for (Lsn snapshot::Header::*lsn : {&snapshot::Header::begun_at, &snapshot::Header::base_last}) {
        snapshot::Header forged = header;
        forged.*lsn = next(lsn_max);
        CHECK_FALSE(snapshot::decode_header(snapshot::encode(forged, nullptr)).header);
    }
    footer.last = next(lsn_max);
    CHECK_FALSE(snapshot::decode_footer(snapshot::encode(footer), back));
    footer.last = lsn_max;
    footer.now = clock_max + 1;
    CHECK_FALSE(snapshot::decode_footer(snapshot::encode(footer), back));
}
