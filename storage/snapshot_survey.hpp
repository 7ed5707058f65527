// SPDX-License-Identifier: MIT
// All that the snapshot files can be made to say: each by itself, and whether what it builds upon is there. Changes nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "storage/data_directory.hpp"
#include "storage/segment_survey.hpp"
#include "storage/snapshot_reader.hpp"

namespace storage {

struct SnapshotFacts {
    std::string name;
    Lsn named{};  // by the file's name: S1
    std::uint64_t bytes = 0;
    std::optional<snapshot::Header> header;
    TokenSecret token_secret{};              // when there is a footer
    std::optional<snapshot::Footer> footer;  // which takes a key to read, if the file is sealed
    bool compressed = false;                 // at least one block
    std::uint64_t blocks = 0;                // that are sound
    std::optional<SnapshotFault> fault;      // of the file by itself
    std::uint32_t chain_files = 1;           // it and what it builds upon
    std::string chain_fault;                 // why what it builds upon does not serve

    // A start could load it, with the keys that there are.
    bool usable() const { return header && footer && !fault && chain_fault.empty(); }
    bool damaged() const { return !chain_fault.empty() || (fault && fault->kind == SnapshotFault::Kind::damaged); }
};

// In the order of the listing. An error: a file could not be read.
LogResult<std::vector<SnapshotFacts>> survey_snapshots(FileSystem& fs, const std::vector<Listing::Snapshot>& listed,
                                                       const Encryption& encryption, Depth depth, RecoveryProgress& progress);

}  // namespace storage
