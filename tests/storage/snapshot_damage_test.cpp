// SPDX-License-Identifier: MIT
// A snapshot with every byte changed, cut at every length, its blocks twice, missing or in another order, under another name or
// of another directory. The older one of the pair and the log make the same state, or the start is refused and nothing touched.
#include <catch2/catch.hpp>

#include "storage/data_directory.hpp"
#include "storage/snapshot_load.hpp"
#include "tests/support/disk_image.hpp"
#include "tests/support/store_process.hpp"

using namespace storage;
using test::DiskImage;
using test::SeededRandom;
using test::StoreProcess;
using Bytes = std::vector<std::byte>;
using Catch::Matchers::Contains;

namespace {

// Two snapshots and the log since the older one; `newest` is small, with records of each kind and a part of the log.
struct Directory {
    explicit Directory(std::uint64_t seed = 11) : process(seed), dice(seed) {
        REQUIRE(process.start());
        for (int i = 0; i < 2; ++i) {
            for (int step = 0; step < 250; ++step) process.random_step(dice);
            process.run([&](Op& op) { return process.store().flush(op, {}).has_value(); });
            for (int step = 0; step < 30; ++step) process.random_step(dice);
            int turns = 0;
            REQUIRE(process.snapshot({}, [&] {
                if (++turns % 4 != 0) return;
                process.random_step(dice);
                REQUIRE(process.commit());  // so that the log's part is of several frames
            }));
            older = newest;
            newest = snapshot_name(process.last_snapshot->last);
            at_newest = process.digests.at(value(process.last_snapshot->last));
            for (int step = 0; step < 60; ++step) process.random_step(dice);
        }
        REQUIRE(process.clean_up());
        REQUIRE(process.sync());
        expected = process.digest();
        process.kill();
        pair = test::image_of(process.disk);
        alone = pair;
        alone.erase(older);
        REQUIRE_FALSE(pair.contains(segment_name(Lsn{1})));
    }

    // With the older one of the pair: the same state, by another way.
    void check_falls_back(const std::string& name, const Bytes& damaged) {
        DiskImage changed = pair;
        changed.erase(newest);
        changed[name] = damaged;
        test::put_back(process.disk, changed);
        const bool started = process.start();
        INFO(process.refusal);
        REQUIRE(started);
        REQUIRE(process.digest() == expected);
        if (snapshot_name(process.report.snapshot.last) != newest) {
            REQUIRE(snapshot_name(process.report.snapshot.last) == older);
            REQUIRE(process.report.snapshots_damaged == 1);
            REQUIRE_FALSE(process.disk.has(name));
        }
        process.kill();
    }

    // Without it and without the log before it: refused, or right.
    void check_refuses(const std::string& name, const Bytes& damaged) {
        DiskImage changed = alone;
        changed.erase(newest);
        changed[name] = damaged;
        test::put_back(process.disk, changed);
        const std::uint64_t before = process.disk.fingerprint();
        if (process.start()) {
            REQUIRE(process.report.snapshot.name == newest);  // a byte that means nothing
            REQUIRE(process.digest() == expected);
            process.kill();
            return;
        }
        REQUIRE(process.disk.fingerprint() == before);
        REQUIRE_THAT(process.refusal, Contains(name));
    }

    // The file by itself: a fault, or the state that it had. True: sound.
    bool loads(const Bytes& bytes) {
        process.disk.set_bytes(newest, bytes);
        const auto fs = process.disk.mount();
        test::StoreFixture empty;
        std::atomic<std::uint64_t> read{0};
        const auto loaded = load_snapshot(*fs, newest, {}, empty.store, 1, read);
        if (!loaded) REQUIRE(loaded.error().kind == SnapshotFault::Kind::damaged);
        if (!loaded) REQUIRE_FALSE(verify_snapshot(*fs, newest, {}, {}).has_value());
        if (loaded) REQUIRE(empty.store.digest(process.clock.wall_ms) == at_newest);
        return loaded.has_value();
    }

    StoreProcess process;
    SeededRandom dice;
    std::string older, newest;
    std::uint64_t at_newest = 0, expected = 0;
    DiskImage pair, alone;
};

// Header block, each block with its padding, footer block.
std::vector<Bytes> pieces_of(const Bytes& file) {
    const auto piece = [&](std::uint64_t from, std::uint64_t bytes) {
        const auto begin = file.begin() + static_cast<std::ptrdiff_t>(from);
        return Bytes(begin, begin + static_cast<std::ptrdiff_t>(bytes));
    };
    std::vector<Bytes> pieces{piece(0, header_block_bytes)};
    const std::uint64_t seed = snapshot::decode_header(file).header.value().seed();
    const std::uint64_t end = file.size() - snapshot::footer_block_bytes;
    for (std::uint64_t at = header_block_bytes; at < end;) {
        const auto from = std::span(file).subspan(at).first<snapshot::block_header_bytes>();
        const std::uint64_t bytes = snapshot::block_bytes(snapshot::decode_block(from, seed, false).value().stored_bytes);
        pieces.push_back(piece(at, bytes));
        at += bytes;
    }
    pieces.push_back(piece(end, snapshot::footer_block_bytes));
    return pieces;
}

Bytes joined(const std::vector<Bytes>& pieces) {
    Bytes file;
    for (const Bytes& each : pieces) file.insert(file.end(), each.begin(), each.end());
    return file;
}

}  // namespace

TEST_CASE("Snapshot damage: a changed bit anywhere is found, or means nothing", "[snapshot]") {
    Directory directory;
    const Bytes whole = directory.pair.at(directory.newest);
    REQUIRE(directory.loads(whole));
    std::size_t sound = 0;
    for (std::size_t at = 0; at < whole.size(); ++at) {
        INFO("byte " << at << " of " << whole.size());
        Bytes changed = whole;
        changed[at] ^= static_cast<std::byte>(1U << (at % 8));
        if (directory.loads(changed)) ++sound;
        if (at % 61 != 0) continue;
        directory.check_falls_back(directory.newest, changed);
        directory.check_refuses(directory.newest, changed);
    }
    const std::size_t paddings = pieces_of(whole).size() * (snapshot::block_alignment - 1);
    CHECK(sound <= snapshot::footer_block_bytes - snapshot::block_header_bytes + paddings);  // zeros that nobody reads
}

TEST_CASE("Snapshot damage: cut at any length, or longer than it was", "[snapshot]") {
    Directory directory;
    const Bytes whole = directory.pair.at(directory.newest);
    for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
        INFO(bytes << " bytes of " << whole.size());
        const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(bytes));
        REQUIRE_FALSE(directory.loads(cut));
        if (bytes % 97 != 0) continue;
        directory.check_falls_back(directory.newest, cut);
        directory.check_refuses(directory.newest, cut);
    }
    Bytes longer = whole;
    longer.resize(whole.size() + 8);
    CHECK_FALSE(directory.loads(longer));
}

TEST_CASE("Snapshot damage: blocks twice, missing or swapped", "[snapshot]") {
    Directory directory;
    const std::vector<Bytes> pieces = pieces_of(directory.pair.at(directory.newest));
    REQUIRE(pieces.size() >= 5);  // records, and more than one block of the log
    const auto check = [&](const std::vector<Bytes>& changed) {
        REQUIRE_FALSE(directory.loads(joined(changed)));
        directory.check_falls_back(directory.newest, joined(changed));
        directory.check_refuses(directory.newest, joined(changed));
    };
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        INFO("piece " << i << " of " << pieces.size());
        const auto at = static_cast<std::ptrdiff_t>(i);
        auto twice = pieces;
        twice.insert(twice.begin() + at, pieces[i]);
        check(twice);
        auto without = pieces;
        without.erase(without.begin() + at);
        check(without);
        for (std::size_t j = 0; j < i; ++j) {
            auto swapped = pieces;
            std::swap(swapped[i], swapped[j]);
            check(swapped);
        }
    }
}

TEST_CASE("Snapshot damage: under the name of another LSN", "[snapshot]") {
    Directory directory;
    const Bytes whole = directory.pair.at(directory.newest);
    const std::uint64_t last = value(*parse_snapshot_name(directory.newest));
    for (const std::uint64_t lsn : {last + 1, last - 1}) {
        INFO("LSN " << lsn);
        directory.check_falls_back(snapshot_name(Lsn{lsn}), whole);
        directory.check_refuses(snapshot_name(Lsn{lsn}), whole);
    }
    // The name says that there was a state beyond the log's end: whatever stands in would be an older one.
    for (const std::uint64_t lsn : {last + 1000, std::uint64_t{UINT64_MAX}}) {
        INFO("LSN " << lsn);
        directory.check_refuses(snapshot_name(Lsn{lsn}), whole);
        DiskImage changed = directory.pair;
        changed.erase(directory.newest);
        changed[snapshot_name(Lsn{lsn})] = whole;
        test::put_back(directory.process.disk, changed);
        const std::uint64_t before = directory.process.disk.fingerprint();
        REQUIRE_FALSE(directory.process.start());
        CHECK(directory.process.disk.fingerprint() == before);
    }
}

TEST_CASE("Snapshot damage: one of another directory is refused, and nothing is touched", "[snapshot]") {
    Directory directory, other(12);
    for (const bool with_older : {true, false}) {
        DiskImage changed = with_older ? directory.pair : directory.alone;
        changed.erase(directory.newest);
        changed[other.newest] = other.pair.at(other.newest);
        if (with_older && *parse_snapshot_name(other.newest) < *parse_snapshot_name(directory.older))
            changed.erase(directory.older);
        test::put_back(directory.process.disk, changed);
        const std::uint64_t before = directory.process.disk.fingerprint();
        REQUIRE_FALSE(directory.process.start());
        CHECK_THAT(directory.process.refusal, Contains("two data directories"));
        CHECK(directory.process.disk.fingerprint() == before);
    }
}
