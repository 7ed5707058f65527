// SPDX-License-Identifier: MIT
// Records to bytes and back; and bytes that no writer wrote, which must be refused or bounded, never a crash.
#include "storage/snapshot_records.hpp"

#include <catch2/catch.hpp>

#include "tests/support/golden_snapshot.hpp"
#include "tests/support/store_process.hpp"

using namespace storage;
using test::SeededRandom;

namespace {

std::string all_records(Store& store, std::uint32_t& entries) {
    Store::SnapshotPart part;
    for (Store::SnapshotWalk walk; store.copy_slice(walk, Lsn{}, part);) {
    }
    entries = part.entries;
    return part.bytes;
}

std::size_t views_of(const SnapshotEntry& entry) {
    std::size_t bytes = entry.route().size();
    if (const auto* s = std::get_if<PutSession>(&entry.effect)) {
        PackedData data = s->data;
        for (std::string_view name, value; data.next(name, value);) bytes += name.size() + value.size();
        return bytes + s->device.size() + s->created_by.size() + s->ip.size() + s->ua.size() + s->last_ip.size() +
               s->last_ua.size();
    }
    if (const auto* s = std::get_if<PutString>(&entry.effect)) bytes += s->value.size();
    return bytes;
}

// Decodes to no more than it was given, and gives a store nothing that hurts it.
void walk(const std::string& bytes) {
    const std::vector<char> exact(bytes.begin(), bytes.end());  // ASan sees a byte read behind it
    SnapshotEntries entries({exact.data(), exact.size()});
    SnapshotEntry entry;
    std::size_t seen = 0;
    while (entries.next(entry)) seen += views_of(entry);
    if (seen > bytes.size()) FAIL(seen << " bytes out of " << bytes.size());
    test::StoreFixture store;
    (void)store.store.load_records({exact.data(), exact.size()}, 1, Lsn{});
    (void)store.store.digest(test::start_ms);
}

}  // namespace

TEST_CASE("Snapshot records: what a store holds comes back, for any seed") {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        INFO("seed " << seed);
        test::StoreProcess process(seed);
        SeededRandom dice(seed);
        REQUIRE(process.start());
        for (int i = 0; i < 200; ++i) process.random_step(dice);
        std::uint32_t entries = 0;
        const std::string bytes = all_records(process.store(), entries);
        test::StoreFixture loaded(64, seed);
        REQUIRE(loaded.store.load_records(bytes, entries, process.journal().appended()));
        CHECK(loaded.store.digest(process.clock.wall_ms) == process.digest());
        test::StoreFixture other(64, seed);
        CHECK_FALSE(other.store.load_records(bytes, entries + 1, {}));
    }
}

TEST_CASE("Snapshot records: every cut and every changed byte is refused or bounded") {
    test::StoreFixture store;
    test::replay_golden(store, 6);
    std::uint32_t entries = 0;
    const std::string whole = all_records(store.store, entries);
    REQUIRE(entries == 4);
    for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) walk(whole.substr(0, bytes));
    for (std::size_t at = 0; at < whole.size(); ++at)
        for (const int to : {0, 1, 127, 128, 255}) {
            std::string changed = whole;
            changed[at] = static_cast<char>(to);
            walk(changed);
        }
    SeededRandom dice(99);
    for (int i = 0; i < 2000; ++i) {
        std::string changed = whole;
        for (std::uint64_t n = 1 + dice.below(4); n > 0; --n)
            changed[dice.below(changed.size())] = static_cast<char>(dice.next());
        walk(changed);
    }
}

// A record that is its own rival for a token hurt the store; the fuzzer found it.
TEST_CASE("Snapshot records: one whose previous token is its token is refused") {
    test::StoreFixture store;
    const std::string token = store.create("alice");
    REQUIRE(store.run([&](Op& o) { return store.store.rotate(o, token, 60'000); }).has_value());
    const bool ended = GENERATE(false, true);
    if (ended) REQUIRE(store.run([&](Op& o) { return store.store.remove_sessions(o, {&store.last_id, 1}); }).has_value());
    std::uint32_t entries = 0;
    std::string bytes = all_records(store.store, entries);
    REQUIRE(entries == 1);
    test::StoreFixture sound, hurt;
    CHECK(sound.store.load_records(bytes, entries, Lsn{9}));
    SnapshotEntries decoded(bytes);
    SnapshotEntry entry;
    REQUIRE(decoded.next(entry));
    const TokenHash now = ended ? std::get<PutDead>(entry.effect).token : std::get<PutSession>(entry.effect).token;
    const TokenHash before = ended ? std::get<PutDead>(entry.effect).previous : std::get<PutSession>(entry.effect).previous_token;
    const auto raw = [](const TokenHash& hash) { return std::string(reinterpret_cast<const char*>(hash.data()), hash.size()); };
    const std::size_t at = bytes.find(raw(before));
    REQUIRE(at != std::string::npos);
    bytes.replace(at, before.size(), raw(now));
    CHECK_FALSE(hurt.store.load_records(bytes, entries, Lsn{9}));
}

TEST_CASE("Snapshot records: of two records of one id or token the earlier one stays, whichever comes first") {
    const auto packed = [](std::initializer_list<std::pair<std::uint64_t, PutSession>> sessions) {
        std::string bytes;
        for (const auto& [lsn, session] : sessions) {
            std::vector<std::max_align_t> memory(SessionRecord::size_of(session) / sizeof(std::max_align_t) + 1);
            SessionRecord::write(memory.data(), session);
            auto* record = reinterpret_cast<SessionRecord*>(memory.data());
            record->lsn = Lsn{lsn};
            pack(*record, 0, bytes);
        }
        return bytes;
    };
    const PutSession first = test::golden_session("alice", 1);
    PutSession same_id = test::golden_session("alice", 2), same_token = test::golden_session("alice", 3);
    same_id.id = first.id;
    same_id.created_at = first.created_at + 1000;  // with the same time it would be a later state of the same session
    same_token.token = first.token;
    for (const PutSession& second : {same_id, same_token}) {
        test::StoreFixture alone, before, behind;
        REQUIRE(alone.store.load_records(packed({{5, first}}), 1, Lsn{6}));
        REQUIRE(before.store.load_records(packed({{9, second}, {5, first}}), 2, Lsn{6}));
        REQUIRE(behind.store.load_records(packed({{5, first}, {9, second}}), 2, Lsn{6}));
        const std::uint64_t expected = alone.store.digest(test::start_ms);
        CHECK(before.store.digest(test::start_ms) == expected);
        CHECK(behind.store.digest(test::start_ms) == expected);
    }
}
