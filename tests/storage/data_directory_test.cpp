// SPDX-License-Identifier: MIT
#include "storage/data_directory.hpp"

#include <catch2/catch.hpp>

#include "tests/support/memory_disk.hpp"

using namespace storage;

TEST_CASE("Data directory: names carry the first LSN in 20 digits, and nothing else parses") {
    CHECK(segment_name(Lsn{1}) == "wal-00000000000000000001.log");
    CHECK(segment_name(Lsn{~0ULL}) == "wal-18446744073709551615.log");
    CHECK(parse_segment_name("wal-00000000000000000042.log") == Lsn{42});
    for (const char* wrong : {"wal-42.log", "wal-0000000000000000004x.log", "wal-00000000000000000042.log.old",
                              "wal-99999999999999999999.log", "WAL-00000000000000000042.log", "wal-+0000000000000000042.log", ""})
        CHECK_FALSE(parse_segment_name(wrong));
    CHECK(is_spare_name(spare_name(17)));
    CHECK_FALSE(is_spare_name("spare-"));
    CHECK_FALSE(is_spare_name("spare-1x"));
    CHECK(lost_name(1'767'323'045'678) == "lost-20260102T030405Z");
}

TEST_CASE("Data directory: segments are listed in the order of their LSNs, strangers are left out") {
    test::MemoryDisk disk;
    for (const char* name :
         {"wal-00000000000000000100.log", "wal-00000000000000000009.log", "spare-3", "lock", "dump.rdb", "wal-1.log"})
        disk.set_bytes(name, {});
    const auto listing = list_data(*disk.mount());
    REQUIRE(listing.has_value());
    REQUIRE(listing->segments.size() == 2);
    CHECK(listing->segments[0].first == Lsn{9});
    CHECK(listing->segments[1].first == Lsn{100});
    CHECK(listing->spares == std::vector<std::string>{"spare-3"});
    CHECK(listing->lost.empty());
}
