// SPDX-License-Identifier: MIT
// How a directory that a start refuses, or that has lost a part of its reserve, becomes one that starts: which state can be
// reached, which LSNs are lost with the rest, and which files go to lost-<time>/. Only reads.
//
// The state is the longest one: from any snapshot that can be loaded, or from nothing, as far as the log goes on without a gap.
// Where the log's files cannot carry it any more (it ends in the middle of a damaged one), a snapshot of that state is written.
// No file is written into: damaged ones are moved whole.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "storage/health.hpp"
#include "storage/log_chains.hpp"

namespace storage {

enum class DroppedWhy : std::uint8_t {
    unreadable,
    unknown,   // sound, but of no kind that this version knows; a newer one may read it
    no_state,  // readable, but something before them is lost, so they have no state to be applied to
};

struct DroppedLsns {
    Lsn first{}, last{};
    DroppedWhy why = DroppedWhy::unreadable;
    // How far they went cannot be told: nothing says what the last segment held when its header is gone.
    bool open() const { return value(last) == std::numeric_limits<std::uint64_t>::max(); }
};

struct MovedFile {
    std::string name, why;
    std::uint64_t bytes = 0;
};

struct RepairPlan {
    std::string impossible;  // why nothing is done; empty: all is said below
    bool needed = false;     // false: nothing is to be done

    std::string base;  // the snapshot that the state begins with; empty: none
    Lsn base_last{};
    SegmentChain log;  // the segments that hold what is above it
    Lsn last{};        // of the state that is saved; 0: there is none
    Lsn highest{};     // that anything speaks of
    std::vector<DroppedLsns> dropped;
    std::vector<MovedFile> moved;  // in the order in which they go: snapshots, then segments, newest first
    bool writes_snapshot = false;  // of the state at `last`

    std::uint64_t epoch = 0;  // the highest
    Id directory_id{};
    TokenSecret token_secret{};
    UnixMs now_max = 0;
    std::uint64_t moved_bytes() const;
    bool saves_nothing() const { return needed && base.empty() && value(last) == 0; }
};

// An error: a file could not be read.
LogResult<RepairPlan> plan_repair(FileSystem& fs, const Health& health, const Encryption& encryption, RecoveryProgress& progress);

}  // namespace storage
