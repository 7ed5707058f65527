// SPDX-License-Identifier: MIT
// The log in a snapshot must be all of (S0, S1]: one with a hole, written with right checksums, is damaged to whoever reads it.
#include <catch2/catch.hpp>

#include <atomic>

#include "storage/snapshot_load.hpp"
#include "tests/support/golden_snapshot.hpp"

using namespace storage;
using Catch::Matchers::Contains;

namespace {

constexpr Lsn begun_at{5};

std::string entry_of(int number) {
    RecordWriter writer;
    writer.add(PutString{"key" + std::to_string(number), 0, "value", 0});
    const auto bytes = writer.bytes();
    const auto length = static_cast<std::uint32_t>(bytes.size());
    std::string entry(reinterpret_cast<const char*>(&length), sizeof length);
    return entry.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

struct LogBlock {
    std::uint64_t first;
    int records;
    int said = 0;  // records that its header says more than there are
};

// A snapshot without records but for its log.
std::string write(FileSystem& fs, const std::vector<LogBlock>& blocks, Lsn last) {
    snapshot::Header header;
    header.begun_at = begun_at;
    header.epoch = 1;
    SnapshotWriter writer(fs, header, nullptr, {});
    REQUIRE(writer.begin().has_value());
    for (const LogBlock& each : blocks) {
        snapshot::BlockHeader block{.kind = snapshot::BlockKind::log};
        block.entries = static_cast<std::uint32_t>(each.records + each.said);
        block.first_lsn = Lsn{each.first};
        std::string payload;
        for (int i = 0; i < each.records; ++i) payload += entry_of(i);
        REQUIRE(writer.add(block, payload).has_value());
    }
    snapshot::Footer footer;
    footer.last = last;
    REQUIRE(writer.finish(footer).has_value());
    REQUIRE(writer.publish(last).has_value());
    return snapshot_name(last);
}

// Nothing: both ways to read it find it sound. Else what they say, which must be of one kind.
std::string fault(const std::vector<LogBlock>& blocks, std::uint64_t last) {
    test::MemoryDisk disk;
    const auto fs = disk.mount();
    const std::string name = write(*fs, blocks, Lsn{last});
    test::StoreFixture into;
    std::atomic<std::uint64_t> read{0};
    const auto loaded = load_snapshot(*fs, name, {}, into.store, 2, read);
    const auto verified = verify_snapshot(*fs, name, {}, {});
    REQUIRE(loaded.has_value() == verified.has_value());
    if (loaded) return {};
    CHECK(loaded.error().kind == SnapshotFault::Kind::damaged);
    CHECK(verified.error().kind == SnapshotFault::Kind::damaged);
    CHECK(loaded.error().text == verified.error().text);
    return loaded.error().text;
}

}  // namespace

TEST_CASE("Snapshot: the log in it is all of (S0, S1]", "[snapshot]") {
    CHECK(fault({}, 5).empty());
    CHECK(fault({{6, 3}}, 8).empty());
    CHECK(fault({{6, 3}, {9, 1}, {10, 2}}, 11).empty());
}

TEST_CASE("Snapshot: a hole in its log is damage", "[snapshot]") {
    CHECK_THAT(fault({{7, 2}}, 8), Contains("LSN 6 is missing"));          // at its begin
    CHECK_THAT(fault({{6, 2}, {9, 1}}, 9), Contains("LSN 8 is missing"));  // in the middle
    CHECK_THAT(fault({{6, 2}}, 8), Contains("LSN 8 is missing"));          // at its end
    CHECK_THAT(fault({}, 8), Contains("LSN 6 is missing"));                // all of it
    CHECK_THAT(fault({{6, 3}, {8, 2}}, 9), Contains("LSN 9 is missing"));  // twice the same
    CHECK_THAT(fault({{8, 1}, {6, 2}}, 8), Contains("LSN 6 is missing"));  // in another order
    CHECK_FALSE(fault({{5, 4}}, 8).empty());                               // more than there was
    CHECK_FALSE(fault({{6, 4}}, 8).empty());
    CHECK_THAT(fault({{6, 2, 1}}, 8), Contains("a record does not decode"));  // its header says three
}
