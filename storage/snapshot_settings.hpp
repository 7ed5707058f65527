// SPDX-License-Identifier: MIT
// What an operator can set of snapshots. CONFIG SET writes these while the snapshot thread reads them, so each is an atomic.
#pragma once

#include <atomic>
#include <cstdint>

#include "storage/snapshot_format.hpp"

namespace storage {

struct SnapshotSettings {
    std::atomic<std::int64_t> interval_ms{3'600'000};  // snapshot-interval: 0 never by time
    std::atomic<std::uint64_t> wal_bytes{1ULL << 30};  // snapshot-wal-bytes: log since the last one; 0 never by size
    std::atomic<std::uint64_t> wal_total_bytes{0};     // wal-total-bytes: what all segments may have; 0 no limit
    std::atomic<std::uint32_t> keep{5};                // snapshot-keep: backups by number, the pair included
    std::atomic<std::uint32_t> keep_days{7};           // snapshot-keep-days: besides, the newest of each of so many days
    std::atomic<std::uint64_t> keep_bytes{0};          // snapshot-keep-bytes: all together at most; 0: four times the newest
    std::atomic<snapshot::Compression> compression{snapshot::Compression::none};  // snapshot-compression
    std::atomic<int> compression_level{1};                                        // snapshot-compression-level: zstd's, 1..19
    // snapshot-incremental: only what changed since the newest one, until a chain has `chain` files or its incremental ones are
    // together half as large as the full one.
    std::atomic<bool> incremental{false};
    std::atomic<std::uint32_t> chain{8};   // snapshot-chain: files of a chain, the full one included; 2..64
    std::atomic<bool> on_shutdown{false};  // snapshot-on-shutdown
};

}  // namespace storage
