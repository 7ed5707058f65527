// SPDX-License-Identifier: MIT
// Snapshots of a store that goes on living: the file alone is the state at its last LSN, whatever happened meanwhile.
#include <catch2/catch.hpp>

#include "storage/data_directory.hpp"
#include "storage/snapshot_load.hpp"
#include "tests/support/store_process.hpp"

using namespace storage;
using test::SeededRandom;
using test::StoreProcess;
using Compress = SnapshotWriter::Compress;

namespace {

void live_long(StoreProcess& process, SeededRandom& dice, int steps) {
    for (int i = 0; i < steps; ++i) process.random_step(dice);
}

std::vector<std::string> names(const StoreProcess& process, const std::string& prefix) {
    std::vector<std::string> found;
    for (const std::string& name : process.disk.names())
        if (name.starts_with(prefix)) found.push_back(name);
    return found;
}

}  // namespace

TEST_CASE("Snapshot: a store comes back from it and the log above it", "[snapshot]") {
    const auto compress = GENERATE(Compress{}, Compress{snapshot::Compression::zstd, 1});
    StoreProcess process(3);
    process.encryption = GENERATE(Encryption{}, test::sealed_with({"k1"}));
    SeededRandom dice(7);
    REQUIRE(process.start());
    live_long(process, dice, 400);
    REQUIRE(process.snapshot(compress));
    CHECK(process.last_snapshot->records() > 20);
    CHECK(verify_snapshot(process.files(), snapshot_name(process.last_snapshot->last), process.encryption, {}).has_value());
    live_long(process, dice, 100);
    REQUIRE(process.sync());
    const std::uint64_t expected = process.digest();
    for (const std::uint32_t shards : {16U, 64U, 256U}) {  // any number of shards can load it
        process.kill();
        REQUIRE(process.start(shards));
        CHECK(process.report.snapshot.last == process.last_snapshot->last);
        CHECK(process.digest() == expected);
    }
}

TEST_CASE("Snapshot: the file alone is the state at its last LSN, with writes between all turns", "[snapshot]") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        INFO("seed " << seed);
        StoreProcess process(seed);
        SeededRandom dice(seed);
        REQUIRE(process.start());
        live_long(process, dice, 300);
        REQUIRE(process.snapshot({}, [&] { live_long(process, dice, 3); }));
        const std::uint64_t last = value(process.last_snapshot->last);
        const std::uint64_t expected = process.digests.at(last);
        process.kill();
        for (const std::string& segment : names(process, "wal-")) process.disk.remove(segment);
        REQUIRE(process.start());
        CHECK(value(process.report.last) == last);
        CHECK(process.digest() == expected);
        // It goes on from there.
        live_long(process, dice, 30);
        REQUIRE(process.stop());
        REQUIRE(process.start());
        CHECK(process.digest() == process.digests.at(value(process.report.last)));
    }
}

TEST_CASE("Snapshot: what was revoked stays revoked, and its token cannot be brought again", "[snapshot]") {
    StoreProcess process;
    REQUIRE(process.start());
    NewSession wanted;
    wanted.user = "alice";
    wanted.token = "a-token-that-was-brought";
    wanted.expires_at = process.clock.wall_ms + 3600'000;
    const auto made = process.run([&](Op& op) { return process.store().create(op, wanted); });
    REQUIRE(made.has_value());
    REQUIRE(process.run([&](Op& op) { return process.store().remove_user(op, "alice", {}); }).value() == 1);
    REQUIRE(process.snapshot());
    process.kill();
    REQUIRE(process.start(32));
    const auto ignore = [](const SessionView&) {};
    CHECK(process.run([&](Op& op) { return process.store().validate(op, *wanted.token, {}, ignore); }).error() ==
          make_error_code(Errc::token_revoked));
    CHECK(process.run([&](Op& op) { return process.store().create(op, wanted); }).error() == make_error_code(Errc::token_taken));
}

// The users stand in different shards of 256, in both orders, and in one of 16.
TEST_CASE("Snapshot: an id that another user has again belongs to who has it, with fewer shards too", "[snapshot]") {
    const auto users = GENERATE(std::array<std::string, 2>{"u1789", "u2345"}, std::array<std::string, 2>{"u2345", "u1789"});
    const bool touched_meanwhile = GENERATE(false, true), ended_again = GENERATE(false, true);
    StoreProcess process(5);
    REQUIRE(process.start(256));
    const SessionId id = *SessionId::parse("tmss-01jf8xzm7e3xqh5p0000000000");
    std::vector<std::string> tokens;
    for (const std::string& user : users) {
        NewSession wanted;
        wanted.user = user;
        wanted.id = id;
        wanted.expires_at = process.clock.wall_ms + 3600'000;
        const auto made = process.run([&](Op& op) { return process.store().create(op, wanted); });
        REQUIRE(made.has_value());
        tokens.emplace_back(made->token.data(), made->token.size());
        process.clock.wall_ms = process.clock.wall_ms + 1000;
        if (user == users[1] && !ended_again) break;
        process.run([&](Op& op) { return process.store().remove_sessions(op, std::array{id}); });
    }
    bool touched = !touched_meanwhile;
    REQUIRE(process.snapshot({}, [&] {
        if (!std::exchange(touched, true))
            process.run([&](Op& op) { return process.store().touch(op, id, {true, "10.0.0.9", ""}); });
    }));
    REQUIRE(process.stop());
    REQUIRE(process.start(16));
    const auto found = [&](const std::string& token) {
        return process.run([&](Op& op) { return process.store().validate(op, token, {}, [](const SessionView&) {}); });
    };
    CHECK(found(tokens[0]).error() == Errc::token_revoked);
    CHECK(found(tokens[1]).has_value() != ended_again);
    if (ended_again) CHECK(found(tokens[1]).error() == Errc::token_revoked);
    CHECK(process.run([&](Op& op) {
        return process.store().get(op, id, [&](const SessionView& v) { CHECK(v.user == users[1]); });
    }) != ended_again);
}

TEST_CASE("Snapshot: a user's sessions keep their order", "[snapshot]") {
    StoreProcess process;
    REQUIRE(process.start());
    std::vector<SessionId> ids;
    const auto create = [&] {
        NewSession wanted;
        wanted.user = "alice";
        ids.push_back(process.run([&](Op& op) { return process.store().create(op, wanted); }).value().id);
        process.clock.wall_ms = process.clock.wall_ms + 10;
    };
    for (int i = 0; i < 5; ++i) create();
    process.settings.session_dead_max = 1;  // one is forgotten at once, so that its place is taken again
    const std::array<SessionId, 2> gone{ids[1], ids[3]};
    REQUIRE(process.run([&](Op& op) { return process.store().remove_sessions(op, gone); }).value() == 2);
    for (int i = 0; i < 3; ++i) create();
    REQUIRE(process.snapshot());
    const auto listed = [&] {
        std::vector<SessionId> found;
        process.run([&](Op& op) {
            process.store().list_user(op, "alice", 0, 100, [&](const SessionView& v) { found.push_back(v.id); });
            return true;
        });
        return found;
    };
    const std::vector<SessionId> before = listed();
    REQUIRE(before.size() == 6);
    CHECK(before.front() == ids.back());
    process.kill();
    REQUIRE(process.start());
    CHECK(listed() == before);
}

TEST_CASE("Snapshot: two of them, and the log within the older one goes", "[snapshot]") {
    StoreProcess process;
    SeededRandom dice(5);
    REQUIRE(process.start());
    std::vector<Lsn> taken;
    for (int i = 0; i < 4; ++i) {
        live_long(process, dice, 150);
        REQUIRE(process.snapshot());
        taken.push_back(process.last_snapshot->last);
        REQUIRE(process.clean_up());
    }
    CHECK(names(process, "snapshot-") == std::vector<std::string>{snapshot_name(taken[2]), snapshot_name(taken[3])});
    CHECK(names(process, "doomed-").empty());
    const auto segments = names(process, "wal-");
    REQUIRE(segments.size() > 1);
    CHECK(value(*parse_segment_name(segments[1])) > value(taken[2]) + 1);  // the first one holds what follows the older one
    const std::uint64_t expected = process.digest();
    process.kill();

    SECTION("the newest is damaged: the older one and the log above it are the same state") {
        auto bytes = process.disk.bytes(snapshot_name(taken[3]));
        bytes[header_block_bytes + 200] ^= std::byte{1};
        process.disk.set_bytes(snapshot_name(taken[3]), bytes);
        REQUIRE(process.start());
        CHECK(process.report.snapshot.last == taken[2]);
        CHECK(process.report.snapshots_damaged == 1);
        CHECK(process.digest() == expected);
        CHECK_FALSE(process.disk.has(snapshot_name(taken[3])));  // set aside
    }
    SECTION("both are damaged: refused, and nothing is touched") {
        for (const Lsn last : {taken[2], taken[3]}) {
            auto bytes = process.disk.bytes(snapshot_name(last));
            bytes[header_block_bytes + 200] ^= std::byte{1};
            process.disk.set_bytes(snapshot_name(last), bytes);
        }
        const std::uint64_t before = process.disk.fingerprint();
        REQUIRE_FALSE(process.start());
        CHECK_THAT(process.refusal, Catch::Matchers::Contains(snapshot_name(taken[3])));
        CHECK(process.disk.fingerprint() == before);
    }
    SECTION("the log above the newest is missing: that is the state at the newest") {
        for (const std::string& segment : names(process, "wal-")) process.disk.remove(segment);
        REQUIRE(process.start());
        CHECK(process.report.last == taken[3]);
        CHECK(process.digest() == process.digests.at(value(taken[3])));
    }
    SECTION("the log between the older one and what is left of it is missing, and the newest is damaged: refused") {
        process.disk.remove(segments[0]);
        process.disk.remove(snapshot_name(taken[3]));
        const std::uint64_t before = process.disk.fingerprint();
        REQUIRE_FALSE(process.start());
        CHECK_THAT(process.refusal, Catch::Matchers::Contains("missing"));
        CHECK(process.disk.fingerprint() == before);
    }
}

TEST_CASE("Snapshot: incremental ones hold what changed, and build upon one another", "[snapshot]") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        INFO("seed " << seed);
        StoreProcess process(seed);
        if (seed % 2 == 0) process.encryption = test::sealed_with({"k1"});
        SeededRandom dice(seed);
        REQUIRE(process.start());
        live_long(process, dice, 400);
        REQUIRE(process.snapshot());
        std::vector<Lsn> taken{process.last_snapshot->last};
        for (int i = 0; i < 4; ++i) {
            live_long(process, dice, 20);
            REQUIRE(process.incremental([&] { live_long(process, dice, 2); }));
            CHECK(
                verify_snapshot(process.files(), snapshot_name(process.last_snapshot->last), process.encryption, {}).has_value());
            taken.push_back(process.last_snapshot->last);
        }
        process.kill();
        for (const std::string& segment : names(process, "wal-")) process.disk.remove(segment);
        for (std::size_t newest = taken.size(); newest-- > 0;) {  // each of them, with what is below, is a whole state
            REQUIRE(process.start(seed % 2 == 0 ? 16 : 64));
            CHECK(process.report.last == taken[newest]);
            CHECK(process.digest() == process.digests.at(value(taken[newest])));
            process.kill();
            process.disk.remove(snapshot_name(taken[newest]));
        }
    }
}

TEST_CASE("Snapshot: an incremental one has the records that changed, and no others", "[snapshot]") {
    StoreProcess process;
    REQUIRE(process.start());
    const auto set = [&](int key) {
        process.run([&](Op& op) {
            return process.store().set_string(op, "key" + std::to_string(key), "value", {},
                                              [](std::optional<std::string_view>) {});
        });
    };
    for (int key = 0; key < 300; ++key) set(key);
    REQUIRE(process.snapshot());
    CHECK(process.last_snapshot->strings == 300);
    set(17);
    REQUIRE(process.incremental());
    CHECK(process.last_snapshot->strings == 1);
    CHECK(process.chain.last == process.last_snapshot->last);
}

TEST_CASE("Snapshot: a damaged base takes all that builds upon it along, and nothing is touched", "[snapshot]") {
    StoreProcess process;
    SeededRandom dice(4);
    REQUIRE(process.start());
    live_long(process, dice, 300);
    REQUIRE(process.snapshot());
    const Lsn base = process.last_snapshot->last;
    live_long(process, dice, 50);
    REQUIRE(process.incremental());
    const Lsn last = process.last_snapshot->last;
    REQUIRE(process.sync());
    const std::uint64_t expected = process.digest();
    process.kill();
    auto bytes = process.disk.bytes(snapshot_name(base));
    bytes[header_block_bytes + 100] ^= std::byte{4};
    process.disk.set_bytes(snapshot_name(base), bytes);
    SECTION("the log still says it all") {
        REQUIRE(process.start());
        CHECK(process.report.snapshots_damaged == 2);
        CHECK(process.digest() == expected);
    }
    SECTION("without it: refused") {
        for (const std::string& segment : names(process, "wal-")) process.disk.remove(segment);
        const std::uint64_t before = process.disk.fingerprint();
        REQUIRE_FALSE(process.start());
        CHECK(process.disk.fingerprint() == before);
    }
    SECTION("with less of it than the newest held: refused, for an older state must not pass for the newest") {
        const auto segments = names(process, "wal-");
        REQUIRE(segments.size() > 1);
        process.disk.remove(segments.back());
        const std::uint64_t before = process.disk.fingerprint();
        REQUIRE_FALSE(process.start());
        CHECK_THAT(process.refusal, Catch::Matchers::Contains("what is left is an older state") &&
                                        Catch::Matchers::Contains(std::to_string(value(last)) + " are not in the log either"));
        CHECK(process.disk.fingerprint() == before);
    }
}

TEST_CASE("Snapshot: sealed, it says nothing without its key, and the key is asked for before anything is touched",
          "[snapshot]") {
    StoreProcess process;
    process.encryption = test::sealed_with({"k1"}, GENERATE(CipherKind::aes_256_gcm, CipherKind::chacha20_poly1305));
    REQUIRE(process.start());
    NewSession wanted;
    wanted.user = "alice-in-the-clear";
    REQUIRE(process.run([&](Op& op) { return process.store().create(op, wanted); }).has_value());
    REQUIRE(process.snapshot());
    const std::string name = snapshot_name(process.last_snapshot->last);
    const std::uint64_t expected = process.digest();
    process.kill();
    const auto bytes = process.disk.bytes(name);
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    CHECK(text.find(wanted.user) == std::string_view::npos);
    const std::uint64_t before = process.disk.fingerprint();
    SECTION("no key") {
        process.encryption = {};
        REQUIRE_FALSE(process.start());
        CHECK_THAT(process.refusal, Catch::Matchers::Contains(name));
        CHECK(process.disk.fingerprint() == before);
    }
    SECTION("another key") {
        process.encryption = test::sealed_with({"k2"});
        REQUIRE_FALSE(process.start());
        CHECK(process.disk.fingerprint() == before);
    }
    SECTION("two keys, the new one first") {
        process.encryption = test::sealed_with({"k2", "k1"});
        REQUIRE(process.start());
        CHECK(process.digest() == expected);
        REQUIRE(process.snapshot());  // no change, the same name: now with the new key
        process.kill();
        for (const std::string& segment : names(process, "wal-")) process.disk.remove(segment);
        process.encryption = test::sealed_with({"k2"});
        REQUIRE(process.start());
        CHECK(process.digest() == expected);
    }
}

TEST_CASE("Snapshot: plain files under a key are read only when asked to, and what is new is sealed", "[snapshot]") {
    StoreProcess process;
    SeededRandom dice(3);
    REQUIRE(process.start());
    live_long(process, dice, 100);
    REQUIRE(process.snapshot());
    process.kill();
    process.encryption = test::sealed_with({"k1"});
    const std::uint64_t before = process.disk.fingerprint();
    REQUIRE_FALSE(process.start());
    CHECK(process.disk.fingerprint() == before);
    process.encryption.migrate = true;
    REQUIRE(process.start());
    live_long(process, dice, 20);
    REQUIRE(process.snapshot());
    CHECK(snapshot::decode_header(process.disk.bytes(snapshot_name(process.last_snapshot->last))).header->seal.key_id == "k1");
}
