// SPDX-License-Identifier: MIT
// A sealed log in the hands of somebody who can write files and compute every checksum, but has no key: the start is refused with
// nothing touched, or comes back with a prefix of what was written; never with anything else.
#include <xxhash.h>

#include <catch2/catch.hpp>

#include "storage/little_endian.hpp"
#include "tests/support/log_fixture.hpp"

using namespace storage;
using test::LogFixture;
using test::sealed_with;
using Bytes = std::vector<std::byte>;
using Records = std::vector<std::string>;
using Catch::Matchers::Contains;

namespace {

const Records all = {"one", "two", "six", "four"};  // three frames of equal size

// Four synced frames, a mark after the third.
void write_four(LogFixture& log, std::string_view suffix = "") {
    log.encryption = sealed_with({"k1"});
    REQUIRE(log.start());
    for (const std::string& record : all) {
        REQUIRE(log.write(record + std::string(suffix)));
        REQUIRE(log.sync());
        if (record == "six") REQUIRE(log.mark());
    }
    log.kill();
}

std::uint64_t seed_of(const Bytes& file) {
    const auto decoded = wal::decode_header(file);
    REQUIRE(decoded.header);
    return decoded.header->seed();
}

void fix_block(Bytes& file) {
    store_le<std::uint64_t>(file.data() + 16, 0);
    store_le<std::uint64_t>(file.data() + 16, XXH3_64bits(file.data(), wal::header_block_bytes));
}

void fix_frame(Bytes& file, std::size_t at, std::uint64_t seed) {
    std::byte* frame = file.data() + at;
    const std::size_t left = file.size() - at - wal::frame_header_bytes;
    const auto payload = std::min<std::size_t>(load_le<std::uint32_t>(frame + 4), left);
    store_le(frame + 40, wal::checksum({frame + wal::frame_header_bytes, payload}, seed));
    store_le(frame + 48, wal::checksum({frame, 48}, seed));
}

// Starts on the changed file; how many records came back, or nothing after a refusal.
std::optional<std::size_t> start_on(LogFixture& log, const std::string& name, const Bytes& file) {
    for (const std::string& other : log.disk.names()) log.disk.remove(other);
    log.disk.set_bytes(name, file);
    const auto fingerprint = log.disk.fingerprint();
    if (!log.start()) {
        REQUIRE(log.disk.fingerprint() == fingerprint);
        return std::nullopt;
    }
    REQUIRE(log.appended.size() <= all.size());
    REQUIRE(std::equal(log.appended.begin(), log.appended.end(), all.begin()));
    return log.appended.size();
}

}  // namespace

TEST_CASE("Tampered log: any byte of the header block, its checksum made right") {
    LogFixture log;
    write_four(log);
    const std::string name = log.last_segment();
    const Bytes whole = log.disk.bytes(name);
    for (std::size_t at = 0; at < wal::header_block_bytes; ++at) {
        for (const unsigned bits : {1U, 0x80U, 0xffU}) {
            Bytes file = whole;
            file[at] ^= static_cast<std::byte>(bits);
            if (at < 16 || at >= 24) fix_block(file);
            INFO("byte " << at << " ^ " << bits);
            REQUIRE_FALSE(start_on(log, name, file));
        }
    }
    CHECK(start_on(log, name, whole) == all.size());
}

TEST_CASE("Tampered log: any bit of the frames, their checksums made right") {
    LogFixture log;
    write_four(log);
    const std::string name = log.last_segment();
    const Bytes whole = log.disk.bytes(name);
    const auto offsets = log.frame_offsets(name);
    REQUIRE(offsets.size() == 6);
    int refused = 0, cut = 0;
    for (std::size_t frame = 0; frame + 1 < offsets.size(); ++frame) {
        const auto payload = load_le<std::uint32_t>(whole.data() + offsets[frame] + 4);
        for (std::size_t at = offsets[frame]; at < offsets[frame] + wal::frame_header_bytes + payload; ++at) {
            for (unsigned bit = 0; bit < 8; ++bit) {
                Bytes file = whole;
                file[at] ^= static_cast<std::byte>(1U << bit);
                const bool is_checksum = at >= offsets[frame] + 40 && at < offsets[frame] + 56;
                if (!is_checksum) fix_frame(file, offsets[frame], seed_of(whole));
                INFO("frame " << frame << " byte " << at - offsets[frame] << " bit " << bit << " " << log.refusal);
                const auto found = start_on(log, name, file);
                // Frames 0 to 2 are named durable by the mark behind them; the mark and the last record by nothing.
                REQUIRE((frame < 3 ? !found : !found || *found == 3));
                found ? ++cut : ++refused;
            }
        }
    }
    CHECK(refused > 1000);
    CHECK(cut > 500);
}

TEST_CASE("Tampered log: cut anywhere") {
    LogFixture log;
    write_four(log);
    const std::string name = log.last_segment();
    const Bytes whole = log.disk.bytes(name);
    const auto offsets = log.frame_offsets(name);
    for (std::size_t length = 0; length < offsets.back() + 8; ++length) {
        INFO("cut at " << length);
        const auto found = start_on(log, name, Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)));
        if (length < wal::header_block_bytes) REQUIRE_FALSE(found);
        if (!found || *found == 0) continue;
        // Recovery ended it where it was cut; that end must be one that the next start believes.
        Records expected = log.appended;
        REQUIRE(log.write("more"));
        expected.push_back("more");
        REQUIRE(log.stop());
        REQUIRE(log.read_all() == expected);
    }
}

TEST_CASE("Tampered log: frames in another place, or from another file") {
    LogFixture log, other(99);
    write_four(log);
    write_four(other, "");
    const std::string name = log.last_segment();
    const Bytes whole = log.disk.bytes(name), foreign = other.disk.bytes(other.last_segment());
    const auto offsets = log.frame_offsets(name);
    const auto place = [&](Bytes& file, std::size_t to, const Bytes& from, std::size_t which) {
        const std::size_t bytes = offsets[which + 1] - offsets[which];
        std::copy_n(from.begin() + static_cast<std::ptrdiff_t>(offsets[which]), bytes,
                    file.begin() + static_cast<std::ptrdiff_t>(offsets[to]));
        fix_frame(file, offsets[to], seed_of(whole));
    };
    SECTION("swapped") {
        Bytes file = whole;
        place(file, 0, whole, 1);
        place(file, 1, whole, 0);
        CHECK_FALSE(start_on(log, name, file));
    }
    SECTION("swapped, with LSNs that fit: sealed under another") {
        Bytes file = whole;
        place(file, 1, whole, 2);
        store_le<std::uint64_t>(file.data() + offsets[1] + 16, 2);
        store_le<std::uint64_t>(file.data() + offsets[1] + 24, 1);
        fix_frame(file, offsets[1], seed_of(whole));
        CHECK_FALSE(start_on(log, name, file));
    }
    SECTION("of another file") {
        for (std::size_t frame = 0; frame < 5; ++frame) {
            Bytes file = whole;
            place(file, frame, foreign, frame);
            const auto found = start_on(log, name, file);
            CHECK((frame < 3 ? !found : found == 3U));
        }
    }
    SECTION("the mark, without its frames") {
        Bytes file(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(offsets[0]));
        file.resize(8192);
        std::copy_n(whole.begin() + static_cast<std::ptrdiff_t>(offsets[3]), offsets[4] - offsets[3],
                    file.begin() + static_cast<std::ptrdiff_t>(offsets[0]));
        CHECK_FALSE(start_on(log, name, file));
    }
    SECTION("an end without a signature, in the place of the last record") {
        Bytes file = whole;
        auto frame = wal::encode_end(Lsn{3}, 0, seed_of(whole), {}, offsets[4], nullptr);
        frame.resize(wal::end_frame_bytes(true));
        store_le<std::uint32_t>(frame.data() + 4, wal::end_payload_bytes_of(true));
        std::copy(frame.begin(), frame.end(), file.begin() + static_cast<std::ptrdiff_t>(offsets[4]));
        fix_frame(file, offsets[4], seed_of(whole));
        CHECK(start_on(log, name, file) == 3U);
        CHECK(log.report.set_aside_files == 1);  // nobody took it for an end
    }
    CHECK(start_on(log, name, whole) == all.size());
}

TEST_CASE("Tampered log: whole segments in another place, of another directory, or made plain") {
    LogFixture log, other(99);
    for (LogFixture* each : {&log, &other}) {
        each->encryption = sealed_with({"k1"});
        for (int life = 0; life < 3; ++life) {
            REQUIRE(each->start());
            REQUIRE(each->write("record"));
            REQUIRE(each->stop());
        }
    }
    const auto names = log.segments();
    const Bytes last = log.disk.bytes(names[2]);
    std::string why;
    SECTION("of another directory, under the same keys") {
        log.disk.set_bytes(names[2], other.disk.bytes(names[2]));
        why = "files of two data directories";
    }
    SECTION("an older one under the name of a newer") {
        log.disk.set_bytes(names[2], log.disk.bytes(names[1]));
        why = "a part of the log is missing";
    }
    SECTION("swapped") {
        log.disk.set_bytes(names[2], log.disk.bytes(names[1]));
        log.disk.set_bytes(names[1], last);
        why = "a part of the log is missing";
    }
    SECTION("plain, with a record that nobody wrote") {
        auto header = *wal::decode_header(last).header;
        header.seal = {};
        const auto block = wal::encode(header);
        log.disk.set_bytes(names[2], {block.begin(), block.end()});
        why = "not encrypted";
    }
    SECTION("with another predecessor's length in a header signed by nobody") {
        auto header = *wal::decode_header(last).header;
        header.predecessor_length += 8;
        const auto block = wal::encode(header);
        Bytes file = last;
        std::copy(block.begin(), block.end(), file.begin());
        log.disk.set_bytes(names[2], file);
        why = "not the one that was signed";
    }
    const auto fingerprint = log.disk.fingerprint();
    CHECK_FALSE(log.start());
    CHECK_THAT(log.refusal, Contains(why));
    CHECK(log.disk.fingerprint() == fingerprint);
}
