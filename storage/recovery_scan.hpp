// SPDX-License-Identifier: MIT
// Reads all segments once, in order: verifies, hands the records on, and collects what the decision needs. Changes nothing.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "storage/data_directory.hpp"
#include "storage/file_system.hpp"
#include "storage/log_options.hpp"
#include "storage/recovery_decision.hpp"
#include "storage/replay.hpp"
#include "storage/token_secret.hpp"
#include "storage/wal_format.hpp"
#include "storage/wal_reader.hpp"

namespace storage {

// Moves while recovery runs; any thread may read it (LOADING, INFO).
struct RecoveryProgress {
    std::atomic<std::uint64_t> bytes_read{0}, bytes_total{0}, records{0};
    std::atomic<bool> running{false};
};

// The last segment, as far as it is sound.
struct ScannedTail {
    std::string name;
    std::uint64_t file_bytes = 0;
    wal::SegmentHeader header;
    wal::ReadEnd end = wal::ReadEnd::clean;
    std::uint64_t end_offset = 0;   // behind its last sound frame
    std::uint64_t bytes_until = 0;  // behind its last byte that is not zero: [end_offset, bytes_until) is void
    wal::HeaderDigest::Value digest{};
    bool empty() const { return last == header.predecessor_last; }
    Lsn last{};                                // its last sound record, or the one before it
    std::shared_ptr<const FileCipher> cipher;  // null: it is plain
};

struct Scan {
    Findings found;
    std::string problem;              // which file, where, what; empty when nothing is wrong
    std::optional<ScannedTail> tail;  // none: there is no segment
    Lsn durable{};                    // D
    UnixMs now_max = 0;
    std::uint64_t epoch = 0;  // the highest
    wal::Id directory_id{};
    TokenSecret token_secret{};
    std::uint64_t segments = 0, bytes = 0, records = 0;
    std::uint64_t bytes_above = 0;  // of frames with records that are not in the snapshot

    Lsn last() const { return tail ? tail->last : Lsn{}; }
};

// What a snapshot holds already: records up to `covered` of this directory. Nothing: 0 and zeros.
struct ScanFrom {
    Lsn covered{};
    Id directory_id{};
    const Encryption& encryption;
};

// Records above from.covered must all be there. An error: a file could not be read.
boost::system::result<Scan, Refusal> scan_log(FileSystem& fs, const Listing& listing, const ScanFrom& from, ReplayPool& pool,
                                              RecoveryProgress& progress);

}  // namespace storage
