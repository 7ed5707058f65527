// SPDX-License-Identifier: MIT
// What recovery makes of whole, torn and damaged logs, on the memory disk.
#include "storage/recovery.hpp"

#include <catch2/catch.hpp>

#include "storage/data_directory.hpp"
#include "tests/support/log_fixture.hpp"

using namespace storage;
using test::LogFixture;
using Records = std::vector<std::string>;
using Catch::Matchers::Contains;

namespace {

// Three synced frames, the last of them not named durable by anything.
void write_three(LogFixture& log) {
    REQUIRE(log.start());
    for (const char* record : {"one", "two", "three"}) {
        REQUIRE(log.write(record));
        REQUIRE(log.sync());
    }
}

bool is_prefix(const Records& of, const Records& whole) {
    return of.size() <= whole.size() && std::equal(of.begin(), of.end(), whole.begin());
}

}  // namespace

TEST_CASE("Recovery: an empty directory is a new log") {
    LogFixture log;
    REQUIRE(log.start());
    CHECK(log.appended.empty());
    CHECK(log.report.epoch == 0);
    CHECK(log.report.directory_id.empty());
    CHECK(log.disk.names().empty());
}

TEST_CASE("Recovery: what was written is read again, over several lives") {
    LogFixture log;
    Records all;
    for (int life = 0; life < 5; ++life) {
        REQUIRE(log.start());
        CHECK(log.appended == all);
        for (int i = 0; i < 3; ++i) {
            all.push_back("life " + std::to_string(life) + " record " + std::to_string(i));
            REQUIRE(log.write(all.back()));
        }
        if (life % 2 == 0) {
            REQUIRE(log.stop());
        } else {
            log.kill();
        }
    }
    CHECK(log.read_all() == all);
    CHECK(log.report.epoch == 5);
    CHECK(log.segments().size() == 5);
    CHECK(log.report.now_max == log.clock.wall_ms);
    CHECK(log.notices.empty());
}

TEST_CASE("Recovery: starts that write nothing leave no segments and no epochs behind") {
    LogFixture log;
    write_three(log);
    REQUIRE(log.stop());
    REQUIRE(log.read_all());
    const auto fingerprint = log.disk.fingerprint();
    for (int i = 0; i < 3; ++i) REQUIRE(log.read_all() == Records{"one", "two", "three"});
    CHECK(log.disk.fingerprint() == fingerprint);
    CHECK(log.report.epoch == 1);
}

TEST_CASE("Recovery: records go on over many segments, some larger than a segment") {
    LogFixture log;
    REQUIRE(log.start());
    test::SeededRandom random(7);
    Records batch;
    for (int i = 0; i < 200; ++i) {
        batch.push_back(test::random_record(random, 900));
        if (random.below(3) != 0) continue;
        REQUIRE(log.write_batch(batch));
        batch.clear();
    }
    const Records written = log.appended;
    CHECK(log.segments().size() > 10);
    log.kill();
    CHECK(log.read_all() == written);
}

TEST_CASE("Recovery: spare segments of the last process are removed") {
    LogFixture log;
    write_three(log);
    log.kill();
    log.disk.set_bytes("spare-7", std::vector<std::byte>(100));
    log.disk.set_bytes("dump.rdb", std::vector<std::byte>(100));
    REQUIRE(log.read_all());
    CHECK_FALSE(log.disk.has("spare-7"));
    CHECK(log.disk.has("dump.rdb"));
}

TEST_CASE("Recovery: a frame torn above the durable LSN is set aside, and stays away") {
    LogFixture log;
    write_three(log);
    const std::string name = log.last_segment();
    const auto offsets = log.frame_offsets(name);
    REQUIRE(offsets.size() == 4);
    log.kill();
    log.flip(name, offsets[2] + 60, 3);  // the payload of "three"
    const auto before = log.disk.bytes(name);
    REQUIRE(log.start());
    CHECK(log.appended == Records{"one", "two"});
    CHECK(log.report.set_aside_files == 1);
    REQUIRE(log.notices.size() == 1);
    CHECK_THAT(log.notices[0], Contains("after LSN 2"));
    REQUIRE(log.write("four"));
    REQUIRE(log.stop());
    CHECK(log.read_all() == Records{"one", "two", "four"});
    CHECK(log.report.set_aside_files == 0);

    const std::string lost = lost_name(log.clock.wall_ms) + "/" + name + ".from-" + std::to_string(offsets[2]);
    REQUIRE(log.disk.has(lost));
    const auto kept = log.disk.bytes(lost);
    REQUIRE(kept.size() == log.report.set_aside_bytes + kept.size());
    CHECK(std::equal(kept.begin(), kept.end(), before.begin() + static_cast<std::ptrdiff_t>(offsets[2])));
}

TEST_CASE("Recovery: a bad frame that a later one names durable is damage, and nothing is touched") {
    LogFixture log;
    write_three(log);
    const std::string name = log.last_segment();
    const auto offsets = log.frame_offsets(name);
    log.kill();
    log.flip(name, offsets[1] + 60, 3);  // "two", which the frame of "three" names durable
    log.disk.set_bytes("spare-1", std::vector<std::byte>(10));
    const auto fingerprint = log.disk.fingerprint();
    CHECK_FALSE(log.start());
    CHECK_THAT(log.refusal, Contains("the log is damaged") && Contains(name + " at byte " + std::to_string(offsets[1])));
    CHECK_THAT(log.refusal, Contains("LSN 2 cannot be read, but LSN 2 was durable"));
    CHECK_THAT(log.refusal, !Contains("\n"));
    CHECK(log.disk.fingerprint() == fingerprint);
}

TEST_CASE("Recovery: after a mark even the last frame cannot pass for torn") {
    LogFixture log;
    write_three(log);
    REQUIRE(log.mark());
    const std::string name = log.last_segment();
    log.kill();
    log.flip(name, log.frame_offsets(name)[2] + 60, 3);
    CHECK_FALSE(log.start());
    CHECK_THAT(log.refusal, Contains("the log is damaged"));
}

TEST_CASE("Recovery: a missing segment is a gap, first, middle or renamed") {
    LogFixture log;
    for (int life = 0; life < 3; ++life) {
        REQUIRE(log.start());
        REQUIRE(log.write("record " + std::to_string(life)));
        REQUIRE(log.stop());
    }
    const auto names = log.segments();
    REQUIRE(names.size() == 3);
    SECTION("first") { log.disk.remove(names[0]); }
    SECTION("middle") { log.disk.remove(names[1]); }
    SECTION("renamed") { log.disk.rename(names[2], segment_name(Lsn{17})); }
    const auto fingerprint = log.disk.fingerprint();
    CHECK_FALSE(log.start());
    CHECK_THAT(log.refusal, Contains("a part of the log is missing"));
    CHECK(log.disk.fingerprint() == fingerprint);
}

TEST_CASE("Recovery: a segment of another directory is refused") {
    LogFixture log, other(99);
    for (LogFixture* each : {&log, &other}) {
        for (int life = 0; life < 2; ++life) {
            REQUIRE(each->start());
            REQUIRE(each->write("record"));
            REQUIRE(each->stop());
        }
    }
    const auto name = log.last_segment();
    log.disk.set_bytes(name, other.disk.bytes(name));
    CHECK_FALSE(log.start());
    CHECK_THAT(log.refusal, Contains("files of two data directories"));
}

TEST_CASE("Recovery: a record that does not decode refuses the start") {
    LogFixture log;
    write_three(log);
    log.kill();
    const auto fingerprint = log.disk.fingerprint();
    auto fs = log.disk.mount();
    test::RecordList list;
    list.refuse = "two";
    RecoveryProgress progress;
    const auto recovered = recover_log(*fs, {.directory_name = "data", .now = 0, .notice = {}}, list, log.random, progress);
    REQUIRE_FALSE(recovered.has_value());
    CHECK_THAT(recovered.error().text, Contains("LSN 2"));
    CHECK(log.disk.fingerprint() == fingerprint);
}

TEST_CASE("Recovery: a newer format and a sealed one are refused, never read as damage") {
    LogFixture log;
    write_three(log);
    const std::string name = log.last_segment();
    log.kill();
    auto fs = log.disk.mount();
    auto content = log.disk.bytes(name);
    auto header = wal::decode_header(content).header;
    REQUIRE(header);
    SECTION("sealed") {
        header->seal = {1, "k1", "0123456789abcdef"};
        const auto block = wal::encode(*header);
        std::copy(block.begin(), block.end(), content.begin());
        log.disk.set_bytes(name, content);
        CHECK_FALSE(log.start());
        CHECK_THAT(log.refusal, Contains("encrypted") && Contains("'k1'"));
    }
    SECTION("missing header") {
        std::fill_n(content.begin(), 100, std::byte{0});
        log.disk.set_bytes(name, content);
        CHECK_FALSE(log.start());
        CHECK_THAT(log.refusal, Contains("header is damaged"));
    }
}

TEST_CASE("Recovery: a torn tail at every byte of a small log") {
    LogFixture log;
    write_three(log);
    log.kill();
    const std::string name = log.last_segment();
    const auto whole = log.disk.bytes(name);
    const auto offsets = log.frame_offsets(name);
    const Records all = {"one", "two", "three"};
    for (std::size_t length = wal::header_block_bytes; length < offsets.back() + 16; ++length) {
        auto cut = whole;
        cut.resize(length);
        log.disk.set_bytes(name, cut);
        INFO("cut at " << length);
        REQUIRE(log.start());
        std::size_t expected = 0;
        while (expected < 3 && offsets[expected + 1] <= length) ++expected;
        CHECK(log.appended == Records(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(expected)));
        REQUIRE(log.write("more"));
        const Records now = log.appended;
        REQUIRE(log.stop());
        CHECK(log.read_all() == now);
        for (const std::string& other : log.segments()) log.disk.remove(other);
    }
}

TEST_CASE("Recovery: every bit of a small log flipped: a prefix above what is durable, or a refusal that changes nothing") {
    LogFixture log;
    REQUIRE(log.start());
    const Records all = {"one", "two", "three", "four"};
    for (const std::string& record : all) {
        REQUIRE(log.write(record));
        REQUIRE(log.sync());
    }
    log.kill();
    const std::string name = log.last_segment();
    const auto whole = log.disk.bytes(name);
    const auto offsets = log.frame_offsets(name);
    int refused = 0, cut = 0;
    for (std::size_t at = 0; at < offsets.back() + 64; ++at) {
        for (unsigned bit = 0; bit < 8; bit += at < wal::header_block_bytes ? 7 : 1) {
            log.disk.set_bytes(name, whole);
            log.flip(name, at, bit);
            const auto fingerprint = log.disk.fingerprint();
            const bool started = log.start();
            INFO("byte " << at << " bit " << bit << " " << log.refusal);
            if (at < wal::header_block_bytes) {
                REQUIRE_FALSE(started);
            } else if (at < offsets[3]) {
                // A frame whose successor, whole, names it durable: or padding that no checksum covers.
                REQUIRE((!started || log.appended == all));
            } else {
                REQUIRE(started);
                REQUIRE(is_prefix(log.appended, all));
                REQUIRE(log.appended.size() >= 3);
            }
            if (started) {
                cut += log.appended.size() < all.size();
            } else {
                ++refused;
                REQUIRE(log.disk.fingerprint() == fingerprint);
            }
        }
    }
    CHECK(refused > 4096);
    CHECK(cut > 0);
}
