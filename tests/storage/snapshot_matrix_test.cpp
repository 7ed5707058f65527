// SPDX-License-Identifier: MIT
// Where the snapshots are, times how the last process ended, times what became of the log: the outcome of each is written down
// here. In the predecessor a snapshot in the middle of a segment lost all that was logged after it.
#include <algorithm>

#include <catch2/catch.hpp>

#include "storage/data_directory.hpp"
#include "tests/support/store_process.hpp"

using namespace storage;
using test::SeededRandom;
using test::StoreProcess;

namespace {

enum class Taken { none, mid_segment, at_segment_end, several };
enum class End { clean, kill, torn_tail, flip_in_middle, missing_segment, empty_last_segment };

std::vector<std::string> segments(const StoreProcess& process) {
    std::vector<std::string> found;
    for (const std::string& name : process.disk.names())
        if (name.starts_with("wal-")) found.push_back(name);
    return found;
}

void live_for(StoreProcess& process, SeededRandom& dice, int steps) {
    for (int i = 0; i < steps; ++i) {
        process.random_step(dice);
        if (i % 5 == 4) REQUIRE(process.sync());
    }
    REQUIRE(process.sync());
}

// At least `more` segments are begun.
void fill(StoreProcess& process, SeededRandom& dice, std::size_t more) {
    for (const std::size_t until = segments(process).size() + more; segments(process).size() < until;) live_for(process, dice, 5);
}

void live_with_snapshots(StoreProcess& process, SeededRandom& dice, Taken taken) {
    const auto snapshot = [&] { REQUIRE(process.snapshot({}, [&] { process.random_step(dice); })); };
    fill(process, dice, 2);
    if (taken == Taken::mid_segment) snapshot();
    if (taken == Taken::at_segment_end) {  // a start begins a new segment
        REQUIRE(process.snapshot());
        REQUIRE(process.stop());
        REQUIRE(process.start());
    }
    for (int i = 0; taken == Taken::several && i < 3; ++i) {
        fill(process, dice, 1);
        snapshot();
        REQUIRE(process.clean_up());
    }
    fill(process, dice, 3);
}

struct Outcome {
    bool starts = true;
    std::uint64_t last = 0;  // if it starts
};

// Ends the process and changes the log; what must come of it.
Outcome end(StoreProcess& process, End how) {
    const std::uint64_t last = value(process.journal().appended());
    if (how == End::clean || how == End::empty_last_segment) {
        REQUIRE(process.stop());
        if (how == End::clean) return {true, last};
        REQUIRE(process.start());
        process.run([&](Op& op) { return process.store().set_string(op, "last", "one", {}, [](auto) {}).has_value(); });
        REQUIRE(process.commit());
        process.kill();
        auto bytes = process.disk.bytes(segments(process).back());
        bytes.resize(header_block_bytes);
        process.disk.set_bytes(segments(process).back(), bytes);
        return {true, last};
    }
    process.run([&](Op& op) { return process.store().set_string(op, "last", "one", {}, [](auto) {}).has_value(); });
    REQUIRE(process.commit());
    process.kill();
    const auto names = segments(process);
    REQUIRE(names.size() >= 3);
    auto bytes = process.disk.bytes(names.back());
    if (how == End::torn_tail) {
        const auto last_byte = std::find_if(bytes.rbegin(), bytes.rend(), [](std::byte b) { return b != std::byte{0}; });
        *last_byte = std::byte{0};
        process.disk.set_bytes(names.back(), bytes);
        return {true, last};
    }
    if (how == End::missing_segment) process.disk.remove(names[names.size() - 2]);
    if (how == End::flip_in_middle) {
        auto before = process.disk.bytes(names[names.size() - 2]);
        before[before.size() / 2] ^= std::byte{4};
        process.disk.set_bytes(names[names.size() - 2], before);
    }
    return {how == End::kill, last + 1};
}

}  // namespace

TEST_CASE("Snapshot matrix: every place of snapshots, every end of a process", "[snapshot]") {
    for (const Taken taken : {Taken::none, Taken::mid_segment, Taken::at_segment_end, Taken::several})
        for (const End how :
             {End::clean, End::kill, End::torn_tail, End::flip_in_middle, End::missing_segment, End::empty_last_segment}) {
            INFO("snapshots " << static_cast<int>(taken) << ", end " << static_cast<int>(how));
            StoreProcess process(31);
            SeededRandom dice(37);
            REQUIRE(process.start());
            live_with_snapshots(process, dice, taken);
            const Outcome expected = end(process, how);
            const std::uint64_t before = process.disk.fingerprint();
            const bool started = process.start(64);
            INFO(process.refusal);
            REQUIRE(started == expected.starts);
            if (!started) {
                CHECK(process.disk.fingerprint() == before);
                continue;
            }
            CHECK((value(process.report.snapshot.last) != 0) == (taken != Taken::none));
            CHECK(value(process.report.last) == expected.last);
            CHECK(process.digest() == process.digests.at(expected.last));
            // And what is written now is there at the next start.
            live_for(process, dice, 20);
            const std::uint64_t digest = process.digest();
            process.kill();
            REQUIRE(process.start());
            CHECK(process.digest() == digest);
        }
}
