// SPDX-License-Identifier: MIT
#include "storage/log_range.hpp"

#include <catch2/catch.hpp>

#include "tests/support/log_fixture.hpp"

using namespace storage;
using Records = std::vector<std::string>;

namespace {

LogResult<Records> range(test::LogFixture& log, std::uint64_t after, std::uint64_t until) {
    Records records;
    const auto done = read_log_range(*log.disk.mount(), {}, Lsn{after}, Lsn{until},
                                     [&](Lsn first, std::uint32_t count, std::span<const std::byte> bytes) -> LogResult<void> {
                                         REQUIRE(value(first) == after + records.size() + 1);
                                         wal::Entries entries(bytes);
                                         std::span<const std::byte> record;
                                         const std::size_t before = records.size();
                                         while (entries.next(record))
                                             records.emplace_back(reinterpret_cast<const char*>(record.data()), record.size());
                                         REQUIRE_FALSE(entries.broken());
                                         REQUIRE(records.size() - before == count);
                                         return {};
                                     });
    if (!done) return done.error();
    return LogResult<Records>(boost::system::in_place_value, std::move(records));
}

// Batches of one to five records, over several segments and two lives.
void fill(test::LogFixture& log) {
    test::SeededRandom dice(3);
    REQUIRE(log.start());
    for (int i = 0; i < 30; ++i) {
        Records batch;
        for (std::uint64_t n = 1 + dice.below(5); n > 0; --n) batch.push_back(test::random_record(dice, 700));
        REQUIRE(log.write_batch(batch));
        if (i == 15) {
            REQUIRE(log.stop());
            REQUIRE(log.start());
        }
    }
    REQUIRE(log.segments().size() >= 4);
}

}  // namespace

TEST_CASE("Log range: any range, beginning and ending inside frames and over segments") {
    test::LogFixture log;
    fill(log);
    const Records all = log.appended;
    for (std::size_t after = 0; after <= all.size(); after += 3)
        for (std::size_t until = after; until <= all.size(); ++until) {
            const auto found = range(log, after, until);
            REQUIRE(found.has_value());
            const auto begin = all.begin();
            if (*found != Records(begin + static_cast<long>(after), begin + static_cast<long>(until)))
                FAIL("(" << after << ", " << until << "]");
        }
}

TEST_CASE("Log range: what is not in the files is an error") {
    test::LogFixture log;
    fill(log);
    const std::uint64_t all = log.appended.size();
    CHECK_FALSE(range(log, 0, all + 1).has_value());
    const auto segments = log.segments();
    const auto bytes = log.disk.bytes(segments[1]);
    log.disk.remove(segments[1]);
    CHECK_FALSE(range(log, 0, all).has_value());
    log.disk.set_bytes(segments[1], bytes);
    log.disk.remove(segments[0]);
    CHECK_FALSE(range(log, 0, all).has_value());
    test::LogFixture empty;
    CHECK_FALSE(range(empty, 0, 1).has_value());
    CHECK(range(empty, 1, 1).has_value());
}

TEST_CASE("Log range: a visitor that says no ends it") {
    test::LogFixture log;
    fill(log);
    int calls = 0;
    const auto done = read_log_range(*log.disk.mount(), {}, Lsn{0}, Lsn{log.appended.size()},
                                     [&](Lsn, std::uint32_t, std::span<const std::byte>) -> LogResult<void> {
                                         ++calls;
                                         return Refusal{"no"};
                                     });
    CHECK_FALSE(done.has_value());
    CHECK(calls == 1);
}
