// SPDX-License-Identifier: MIT
#include "tests/support/damaged_store.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>

#include <catch2/catch.hpp>

#include "storage/data_directory.hpp"
#include "storage/wal_reader.hpp"

namespace test {

using namespace storage;

DamagedStore::DamagedStore(std::uint64_t seed, bool sealed) : process(seed), dice(seed) {
    if (sealed) process.encryption = sealed_with({"k1"});
    REQUIRE(process.start());
    token_secret_ = process.token_secret();
    REQUIRE(token_secret_ != TokenSecret{});
}

void DamagedStore::live_some() {
    for (int i = 0; i < 12; ++i) {
        process.random_step(dice);
        if (i % 4 == 3) REQUIRE(process.sync());
    }
}

void DamagedStore::live(std::size_t more) {
    live_some();
    for (const std::size_t until = segments().size() + more; segments().size() < until;) live_some();
    live_some();
}

void DamagedStore::live_with_snapshots() {
    for (int i = 0; i < 2; ++i) {
        live(2);
        REQUIRE(process.snapshot({}, [&] { process.random_step(dice); }));
    }
    REQUIRE(process.clean_up());
    live(2);
}

void DamagedStore::set(const std::string& key) {
    process.run([&](Op& op) { return process.store().set_string(op, key, "value", {}, [](auto) {}).has_value(); });
}

namespace {

std::vector<std::string> beginning_with(const MemoryDisk& disk, const std::string& prefix) {
    std::vector<std::string> found;
    for (const std::string& name : disk.names())
        if (name.starts_with(prefix)) found.push_back(name);
    return found;
}

}  // namespace

std::vector<std::string> DamagedStore::segments() const { return beginning_with(process.disk, "wal-"); }
std::vector<std::string> DamagedStore::snapshots() const { return beginning_with(process.disk, "snapshot-0"); }

std::string DamagedStore::segment_of(Lsn covered) const {
    std::string found;
    for (const std::string& name : segments())
        if (value(*parse_segment_name(name)) <= value(covered) + 1) found = name;
    return found;
}

std::vector<DamagedStore::PlacedFrame> DamagedStore::frames(const std::string& segment) const {
    const auto content = process.disk.bytes(segment);
    const auto header = wal::decode_header(content).header.value();
    std::vector<PlacedFrame> all;
    for (std::uint64_t at = header_block_bytes; at + wal::frame_header_bytes <= content.size();) {
        const auto frame =
            wal::decode_frame(std::span(content).subspan(static_cast<std::size_t>(at)).first<wal::frame_header_bytes>(),
                              header.seed(), header.seal.sealed());
        if (!frame) break;
        if (frame->kind == wal::FrameKind::data) all.push_back({*frame, at});
        at += wal::frame_bytes(frame->payload_bytes);
    }
    REQUIRE(all.size() > 1);
    return all;
}

std::uint64_t DamagedStore::frames_end(const std::string& segment) const {
    const auto frame = frames(segment).back();
    return frame.offset + wal::frame_bytes(frame.header.payload_bytes);
}

std::vector<std::byte> DamagedStore::in_lost(const std::string& name) const {
    std::string found;
    for (const std::string& each : process.disk.names())
        if (each.starts_with("lost-") && each.ends_with("/" + name)) found = each;
    REQUIRE_FALSE(found.empty());
    return process.disk.bytes(found);
}

void DamagedStore::flip(const std::string& name, std::size_t offset) {
    auto bytes = process.disk.bytes(name);
    REQUIRE(offset < bytes.size());
    bytes[offset] ^= std::byte{4};
    process.disk.set_bytes(name, std::move(bytes));
}

void DamagedStore::cut(const std::string& name, std::size_t length) {
    auto bytes = process.disk.bytes(name);
    bytes.resize(length);
    process.disk.set_bytes(name, std::move(bytes));
}

void DamagedStore::tear_last_frame() {
    const std::string name = segments().back();
    auto bytes = process.disk.bytes(name);
    *std::find_if(bytes.rbegin(), bytes.rend(), [](std::byte b) { return b != std::byte{0}; }) = std::byte{0};
    process.disk.set_bytes(name, std::move(bytes));
}

void DamagedStore::spoil_record(Lsn lsn) {
    const std::string name = segment_of(Lsn{value(lsn) - 1});
    auto bytes = process.disk.bytes(name);
    const std::uint64_t seed = wal::decode_header(bytes).header.value().seed();
    for (const PlacedFrame& frame : frames(name)) {
        if (lsn < frame.header.first_lsn || lsn > frame.header.last_lsn()) continue;
        const auto payload = std::span(bytes).subspan(static_cast<std::size_t>(frame.offset) + wal::frame_header_bytes,
                                                      frame.header.payload_bytes);
        wal::Entries entries(payload);
        std::span<const std::byte> record;
        for (Lsn at = frame.header.first_lsn; at <= lsn; at = next(at)) REQUIRE(entries.next(record));
        std::fill_n(payload.begin() + (record.data() - payload.data()), record.size(), std::byte{0xff});
        wal::FrameHeader header = frame.header;
        header.payload_checksum = wal::checksum(payload, seed);
        wal::encode(header, seed,
                    std::span(bytes).subspan(static_cast<std::size_t>(frame.offset)).first<wal::frame_header_bytes>());
    }
    process.disk.set_bytes(name, std::move(bytes));
}

std::string DamagedStore::damage_at_random(SeededRandom& random) {
    auto names = segments();
    const auto logs = names;
    for (const std::string& name : snapshots()) names.push_back(name);
    const std::string name = names[random.below(names.size())];
    auto bytes = process.disk.bytes(name);
    const std::size_t at = random.below(bytes.size());
    const std::string where = name + " at " + std::to_string(at);
    switch (random.below(6)) {
        case 0:
        case 1: flip(name, at); return "a bit of " + where;
        case 2: cut(name, at); return "cut " + where;
        case 3: process.disk.remove(name); return "removed " + name;
        case 4: {
            std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), std::min<std::size_t>(512, bytes.size() - at),
                        std::byte{0});
            process.disk.set_bytes(name, std::move(bytes));
            return "zeros in " + where;
        }
        default: {
            const std::string& other = logs[random.below(logs.size())];
            process.disk.set_bytes(logs[0], process.disk.bytes(other));
            return other + " in the place of the first";
        }
    }
}

Health DamagedStore::health() {
    const auto fs = process.disk.mount();
    RecoveryProgress progress;
    const std::uint64_t before = process.disk.fingerprint();
    auto found = check_health(*fs, process.encryption, progress);
    INFO((found ? std::string() : found.error().text));
    REQUIRE(found.has_value());
    REQUIRE(process.disk.fingerprint() == before);
    return std::move(*found);
}

RepairPlan DamagedStore::plan() {
    const Health found = health();
    const auto fs = process.disk.mount();
    RecoveryProgress progress;
    const std::uint64_t before = process.disk.fingerprint();
    auto planned = plan_repair(*fs, found, process.encryption, progress);
    REQUIRE(planned.has_value());
    REQUIRE(process.disk.fingerprint() == before);
    return std::move(*planned);
}

bool DamagedStore::try_apply(const RepairPlan& plan) {
    process.clock.wall_ms += 1000;  // another lost-<time>/
    const Health found = health();
    const auto fs = process.disk.mount();
    RecoveryProgress progress;
    return apply_repair(*fs, plan, found.survey, process.encryption, process.clock, process.random, progress).has_value();
}

void DamagedStore::apply(const RepairPlan& plan) { REQUIRE(try_apply(plan)); }

void DamagedStore::check_starts_at(Lsn last, std::uint64_t above_epoch) {
    const bool started = process.start(32);
    INFO(process.refusal);
    REQUIRE(started);
    REQUIRE(process.epoch() > above_epoch);
    REQUIRE(process.report.last == last);
    REQUIRE(process.digest() == process.digests.at(value(last)));
    process.kill();
}

std::uint64_t DamagedStore::highest_epoch() {
    const Health found = health();
    std::uint64_t highest = 0;
    for (const SegmentFacts& segment : found.survey.segments)
        if (segment.header) highest = std::max(highest, segment.header->epoch);
    for (const SnapshotFacts& snapshot : found.survey.snapshots)
        if (snapshot.header) highest = std::max(highest, snapshot.header->epoch);
    return highest;
}

// Whatever was moved is still there, and the rest is sound and holds that state. And it goes on from there, under an epoch that
// no dropped record had.
void DamagedStore::check_applied(const RepairPlan& plan) {
    const std::uint64_t dropped_epoch = plan.dropped.empty() || plan.saves_nothing() ? 0 : highest_epoch();
    std::map<std::string, std::vector<std::byte>> before;
    for (const MovedFile& file : plan.moved) before[file.name] = process.disk.bytes(file.name);
    apply(plan);
    for (const auto& [name, bytes] : before) REQUIRE(in_lost(name) == bytes);
    const Health after = health();
    for (const Finding& finding : after.findings) {
        INFO(finding.text);
        REQUIRE_FALSE(finding.damage);
    }
    REQUIRE(after.sound());
    REQUIRE(after.outlook.last == plan.last);
    // Brought tokens are found again only under the directory's own secret.
    for (const SnapshotFacts& snapshot : after.survey.snapshots) REQUIRE(snapshot.token_secret == token_secret_);
    check_starts_at(plan.last, dropped_epoch);
}

void DamagedStore::check(const Expect& expected) {
    const Health before = health();
    CHECK_FALSE(before.sound());
    std::string all;
    for (const Finding& finding : before.findings) all += finding.text + "\n";
    CHECK_THAT(all, Catch::Contains(expected.damage));
    const RepairPlan planned = plan();
    REQUIRE(planned.impossible.empty());
    CHECK(planned.needed);
    CHECK(value(planned.last) == expected.last);
    if (expected.writes_snapshot) CHECK(planned.writes_snapshot == *expected.writes_snapshot);
    if (expected.dropped_first == 0) {
        CHECK(planned.dropped.empty());
    } else {
        REQUIRE_FALSE(planned.dropped.empty());
        CHECK(value(planned.dropped.front().first) == expected.dropped_first);
        CHECK(value(planned.dropped.back().last) == expected.dropped_last);
    }
    check_applied(planned);
}

void DamagedStore::check_plan_comes_true() {
    const Health before = health();
    const RepairPlan planned = plan();
    REQUIRE(planned.impossible.empty());
    REQUIRE(planned.needed != before.sound());
    if (before.outlook.starts()) REQUIRE(planned.dropped.empty());
    if (!planned.needed) return check_starts_at(before.outlook.last);
    Lsn until = planned.last;
    for (const DroppedLsns& range : planned.dropped) {
        REQUIRE(range.first == next(until));
        REQUIRE(range.last >= range.first);
        until = range.last;
    }
    // What was there is saved or said to be lost, also when no file says any more how far it went.
    if (!before.outlook.starts()) REQUIRE(value(until) >= last());
    const bool open = !planned.dropped.empty() && planned.dropped.back().open();
    if (!before.outlook.starts() && !open) REQUIRE(until == planned.highest);
    check_applied(planned);
}

void DamagedStore::check_same_state_again(Lsn last) {
    const Health found = health();
    if (!found.outlook.starts()) {
        const RepairPlan again = plan();
        REQUIRE(again.last == last);
        return check_applied(again);
    }
    check_starts_at(last);
}

}  // namespace test
