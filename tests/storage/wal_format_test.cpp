// SPDX-License-Identifier: MIT
// The bytes of the log, and that format version 1 stays readable for ever: golden/wal-v1*.golden.
#include "storage/wal_format.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "storage/little_endian.hpp"
#include "tests/support/log_fixture.hpp"

using namespace storage;

namespace {

// TOKMESH_SOURCE_DIR comes from the build.
const std::string golden_folder = std::string(TOKMESH_SOURCE_DIR) + "/tests/storage/golden/";
struct Golden {
    std::string name;
    Encryption encryption;
    std::string path() const { return golden_folder + name; }
};
std::vector<Golden> goldens() {
    return {{"wal-v1.golden", {}},
            {"wal-v1-aes-256-gcm.golden", test::sealed_with({"k1"}, CipherKind::aes_256_gcm)},
            {"wal-v1-chacha20-poly1305.golden", test::sealed_with({"k1"}, CipherKind::chacha20_poly1305)}};
}
const std::vector<std::string> golden_records = {"one", "two", std::string(300, 'x'), "four", "five"};

std::vector<std::byte> read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

// What this program writes for the golden history: a batch of two, one record, a mark, a batch of two, an end by recovery.
std::vector<std::byte> write_golden(const Golden& golden) {
    test::LogFixture log(20260101);
    log.encryption = golden.encryption;
    REQUIRE(log.start());
    REQUIRE(log.write_batch({golden_records[0], golden_records[1]}));
    REQUIRE(log.sync());
    REQUIRE(log.write(golden_records[2]));
    REQUIRE(log.mark());
    REQUIRE(log.write_batch({golden_records[3], golden_records[4]}));
    log.kill();
    REQUIRE(log.start());
    return log.disk.bytes(log.segments().front());
}

wal::SegmentHeader some_header() {
    wal::SegmentHeader header;
    header.directory_id.fill(1);
    header.epoch = 3;
    header.first_lsn = Lsn{18};
    header.predecessor_last = Lsn{17};
    header.predecessor_length = 5000;
    header.salt.fill(9);
    header.token_secret = std::string(32, 's');
    return header;
}

}  // namespace

TEST_CASE("WAL format: version 1 is written as it always was") {
    for (const Golden& golden : goldens()) {
        INFO(golden.name);
        const auto written = write_golden(golden);
        if (std::getenv("TOKMESH_WRITE_GOLDEN") != nullptr) {  // only for a new format version, under a new name
            std::ofstream file(golden.path(), std::ios::binary);
            file.write(reinterpret_cast<const char*>(written.data()), static_cast<std::streamsize>(written.size()));
        }
        CHECK(read_file(golden.path()) == written);
    }
}

TEST_CASE("WAL format: version 1 is read as it always was") {
    auto all = goldens();
    all.push_back({"wal-v1-no-token-secret.golden", {}});  // as it was written before there were secrets
    for (const Golden& golden : all) {
        INFO(golden.name);
        test::LogFixture log;
        log.encryption = golden.encryption;
        log.disk.set_bytes("wal-00000000000000000001.log", read_file(golden.path()));
        REQUIRE(log.start());
        CHECK(log.appended == golden_records);
        CHECK(log.report.durable == Lsn{5});
        CHECK(log.report.epoch == 1);
        CHECK(log.report.now_max == 1'760'000'000'000);
    }
}

TEST_CASE("WAL format: header blocks come back as they were") {
    const auto header = some_header();
    const auto block = wal::encode(header);
    const auto decoded = wal::decode_header(block);
    REQUIRE(decoded.header);
    CHECK(*decoded.header == header);
}

TEST_CASE("WAL format: a header block with any byte changed is damaged, and a newer version is not damage") {
    const auto block = wal::encode(some_header());
    for (std::size_t at = 0; at < block.size(); ++at) {
        auto changed = block;
        changed[at] ^= std::byte{0x10};
        const auto decoded = wal::decode_header(changed);
        REQUIRE_FALSE(decoded.header);
        REQUIRE(decoded.fault == wal::HeaderFault::damaged);
    }
    CHECK_FALSE(wal::decode_header(std::span(block).first(block.size() - 1)).header);
}

TEST_CASE("WAL format: frame headers come back as they were, under their own seed only") {
    const wal::FrameHeader header{.kind = wal::FrameKind::data,
                                  .payload_bytes = 1234,
                                  .entry_count = 7,
                                  .first_lsn = Lsn{100},
                                  .durable_lsn = Lsn{93},
                                  .now = 1'760'000'000'123,
                                  .payload_checksum = 0x123456789abcdef0};
    std::array<std::byte, wal::frame_header_bytes> bytes{};
    wal::encode(header, 42, bytes);
    const auto decoded = wal::decode_frame(bytes, 42);
    REQUIRE(decoded);
    CHECK(*decoded == header);
    CHECK(decoded->last_lsn() == Lsn{106});
    CHECK_FALSE(wal::decode_frame(bytes, 43));
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        auto changed = bytes;
        changed[at] ^= std::byte{1};
        REQUIRE_FALSE(wal::decode_frame(changed, 42));
    }
}

// By a writer with the right checksums: what memory has no room for is not believed.
TEST_CASE("WAL format: LSNs and times beyond all life are not read") {
    constexpr std::size_t at_first_lsn = 16, at_now = 32, at_checksum = 48;
    const wal::FrameHeader header{.kind = wal::FrameKind::data,
                                  .payload_bytes = 1234,
                                  .entry_count = 7,
                                  .first_lsn = Lsn{value(lsn_max) - 6},
                                  .now = clock_max};
    std::array<std::byte, wal::frame_header_bytes> bytes{};
    wal::encode(header, 42, bytes);
    CHECK(wal::decode_frame(bytes, 42) == header);
    const auto read = [&](std::size_t at, std::uint64_t number) {
        auto forged = bytes;
        store_le(forged.data() + at, number);
        store_le(forged.data() + at_checksum, wal::checksum(std::span(forged).first(at_checksum), 42));
        return wal::decode_frame(forged, 42).has_value();
    };
    CHECK(read(at_first_lsn, value(lsn_max) - 6));
    CHECK_FALSE(read(at_first_lsn, value(lsn_max) - 5));
    CHECK_FALSE(read(at_first_lsn, UINT64_MAX));
    CHECK(read(at_now, 1));
    CHECK_FALSE(read(at_now, static_cast<std::uint64_t>(clock_max) + 1));
    CHECK_FALSE(read(at_now, UINT64_MAX));

    auto segment = some_header();
    segment.predecessor_last = lsn_max;
    segment.first_lsn = next(lsn_max);
    CHECK_FALSE(wal::decode_header(wal::encode(segment)).header);
}

TEST_CASE("WAL format: entries whose lengths do not add up are broken, not read") {
    const auto entries_of = [](std::vector<unsigned char> bytes) {
        wal::Entries entries(std::as_bytes(std::span(bytes)));
        std::span<const std::byte> record;
        int count = 0;
        while (entries.next(record)) ++count;
        return std::pair(count, entries.broken());
    };
    CHECK(entries_of({}) == std::pair(0, false));
    CHECK(entries_of({1, 0, 0, 0, 'a', 2, 0, 0, 0, 'b', 'c'}) == std::pair(2, false));
    CHECK(entries_of({1, 0, 0, 0, 'a', 2, 0, 0, 0, 'b'}) == std::pair(1, true));
    CHECK(entries_of({1, 0, 0, 0, 'a', 2, 0}) == std::pair(1, true));
    CHECK(entries_of({0, 0, 0, 0}) == std::pair(0, true));
    CHECK(entries_of({255, 255, 255, 255, 'a'}) == std::pair(0, true));
}
