// SPDX-License-Identifier: MIT
// The history of tests/storage/golden/snapshot-v*.golden: five records of the log, one of each kind of record in the store, and
// a sixth that follows the records in the file.
#pragma once

#include <catch2/catch.hpp>

#include <array>
#include <string>
#include <vector>

#include "storage/data_directory.hpp"
#include "storage/effect.hpp"
#include "storage/snapshot_writer.hpp"
#include "tests/support/memory_disk.hpp"
#include "tests/support/store_fixture.hpp"

namespace test {

inline storage::PutSession golden_session(std::string_view user, unsigned char byte) {
    storage::PutSession e;
    e.user = user;
    e.id.bytes.fill(byte);
    e.token.fill(byte);
    e.created_at = start_ms;
    e.last_active = start_ms + 1000;
    return e;
}

inline std::vector<std::string> golden_log() {
    using namespace storage;
    PutSession full = golden_session("alice", 1);
    full.expires_at = start_ms + 3600'000;
    full.idle_ms = 900'000;
    full.version = 7;
    full.device = "phone";
    full.created_by = "web";
    full.ip = "10.0.0.1";
    full.ua = "agent";
    full.last_ip = "10.0.0.2";
    full.last_ua = "other agent";
    full.data =
        PackedData(std::string_view("\x04\x01\x00"
                                    "cart3",
                                    8));
    PutSession rotated = golden_session("bob", 2);
    rotated.db = 3;
    rotated.has_previous = true;
    rotated.previous_token.fill(9);
    rotated.previous_until = start_ms + 60'000;
    RecordWriter writer;
    std::vector<std::string> log;
    const auto add = [&](const auto& effect) {
        writer.clear();
        writer.add(effect);
        const auto bytes = writer.bytes();
        log.emplace_back(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    };
    add(full);
    add(rotated);
    add(PutString{"greeting", 0, "hello", start_ms + 5000'000});
    add(golden_session("carol", 3));
    add(RemoveSession{"carol", 0, golden_session("carol", 3).id, RemovalReason::revoked, start_ms + 86'400'000});
    add(PutString{"greeting", 0, "hello again", 0});
    return log;
}

inline void replay_golden(StoreFixture& into, std::size_t records) {
    const auto log = golden_log();
    for (std::size_t i = 0; i < records; ++i)
        REQUIRE(into.store.replay(storage::Lsn{i + 1}, std::as_bytes(std::span(log[i])), 0, 16));
}

// What this program writes for it.
inline std::vector<std::byte> write_golden_snapshot(storage::SnapshotWriter::Compress compress = {}) {
    using namespace storage;
    MemoryDisk disk;
    const auto fs = disk.mount();
    snapshot::Header header;
    for (unsigned char i = 0; i < id_bytes; ++i)
        header.directory_id[i] = i, header.salt[i] = static_cast<unsigned char>(0xa0 + i);
    header.epoch = 2;
    header.begun_at = Lsn{5};
    header.created_at = start_ms + 2000;
    StoreFixture store;
    replay_golden(store, 5);
    Store::SnapshotPart part;
    for (Store::SnapshotWalk walk; store.store.copy_slice(walk, Lsn{}, part);) {
    }
    SnapshotWriter writer(*fs, header, nullptr, compress);
    REQUIRE(writer.begin().has_value());
    snapshot::BlockHeader records{.kind = snapshot::BlockKind::records, .entries = part.entries};
    records.last_slot = slot_count - 1;
    REQUIRE(writer.add(records, part.bytes).has_value());
    std::string entry = golden_log().back();
    const auto length = static_cast<std::uint32_t>(entry.size());
    entry.insert(0, {reinterpret_cast<const char*>(&length), sizeof length});
    snapshot::BlockHeader log{.kind = snapshot::BlockKind::log, .entries = 1};
    log.first_lsn = Lsn{6};
    REQUIRE(writer.add(log, entry).has_value());
    snapshot::Footer footer;
    footer.last = Lsn{6};
    footer.now = start_ms + 3000;
    footer.sessions = part.sessions;
    footer.strings = part.strings;
    footer.dead = part.dead;
    REQUIRE(writer.finish(footer).has_value());
    REQUIRE(writer.publish(footer.last).has_value());
    return disk.bytes(snapshot_name(footer.last));
}

}  // namespace test
