// SPDX-License-Identifier: MIT
// The store's side of snapshots: records out in slices, records in by the block. The log around it makes the copy exact
// (snapshots.hpp): what changes while the walk goes on is in the log after the walk's beginning.
#include <algorithm>

#include "storage/snapshot_records.hpp"
#include "storage/store_impl.hpp"

namespace storage {
namespace {

constexpr std::uint32_t records_per_slice = 32;
constexpr Place places_per_slice = 256;  // empty or unchanged ones cost little, but not nothing
constexpr std::size_t bytes_per_slice = 64U << 10;

void count(const Record& record, Store::SnapshotPart& part) {
    ++part.entries;
    switch (record.kind) {
        case RecordKind::session: ++part.sessions; break;
        case RecordKind::string: ++part.strings; break;
        case RecordKind::dead: ++part.dead; break;
    }
}

// Copies from the walk's space on; false: the space has no more.
bool copy_from(Space& space, Lsn above, Store::SnapshotWalk& walk, Store::SnapshotPart& to) {
    const std::size_t bytes_before = to.bytes.size();
    const std::uint32_t entries_before = to.entries;
    const Place end = std::min(space.places_end(), walk.place + places_per_slice);
    while (walk.place < end) {
        const Record* record = space.at(walk.place++);
        if (record == nullptr || value(record->lsn) <= value(above)) continue;
        pack(*record, space.db(), to.bytes);
        count(*record, to);
        if (to.entries - entries_before >= records_per_slice || to.bytes.size() - bytes_before >= bytes_per_slice) break;
    }
    return walk.place < space.places_end();
}

}  // namespace

bool Store::copy_slice(SnapshotWalk& walk, Lsn above, SnapshotPart& to) {
    const auto shard = static_cast<ShardIndex>(walk.shard);
    if (to.entries == 0) to.first_shard = walk.shard;
    to.last_shard = walk.shard;
    ShardLock lock(impl_->shards, shard);
    const std::uint32_t entries_before = to.entries;
    for (; walk.db < db_count; ++walk.db, walk.place = 0) {
        Space* space = impl_->space(shard, static_cast<DbIndex>(walk.db));
        if (space && copy_from(*space, above, walk, to)) return true;
        if (to.entries != entries_before) break;  // a slice is of one space; the rest is the next one's
    }
    if (walk.db < db_count) {
        ++walk.db;
        walk.place = 0;
    }
    if (walk.db < db_count) return true;
    walk = {walk.shard + 1, 0, 0};
    return walk.shard < impl_->shards.size();
}

bool Store::load_records(std::string_view payload, std::uint32_t entries, Lsn begun_at) {
    Impl& s = *impl_;
    SnapshotEntries all(payload);
    SnapshotEntry entry;
    std::optional<ShardLock> lock;
    std::uint32_t shard = UINT32_MAX, count = 0;
    while (all.next(entry)) {
        ++count;
        // The log brings it again, and no index of this shard would say so if the token's slot is another's.
        const auto* dead = std::get_if<PutDead>(&entry.effect);
        if (dead != nullptr && dead->id == SessionId{} && value(entry.lsn) > value(begun_at)) continue;
        const ShardIndex of = s.shard_of(entry.route());
        if (of != shard) {
            lock.reset();
            lock.emplace(s.shards, ShardLock::Set{of});
            shard = of;
        }
        Space& space = s.make_space(of, entry.db);
        std::visit([&](const auto& effect) { space.load(effect, entry.lsn, begun_at); }, entry.effect);
    }
    return !all.broken() && count == entries;
}

void Store::expect_records(std::uint64_t sessions, std::uint64_t strings, std::uint64_t dead) {
    // Nearly all use one database; a spread of an eighth is what hashing leaves.
    const std::uint64_t shards = impl_->shards.size();
    const auto share = [&](std::uint64_t all) { return all / shards + all / shards / 8; };
    if (share(sessions + strings + dead) == 0) return;
    for (std::size_t i = 0; i < shards; ++i) {
        const auto shard = static_cast<ShardIndex>(i);
        ShardLock lock(impl_->shards, shard);
        impl_->make_space(shard, 0).reserve(share(sessions), share(strings), share(dead));
    }
}

void Store::clear() {
    for (Shard& shard : impl_->shards) {
        for (auto& space : shard.spaces) space.reset();
        shard.memory_bytes.store(0, std::memory_order_relaxed);
    }
}

}  // namespace storage
