// SPDX-License-Identifier: MIT
// The facts of a data directory, without a verdict: what `tokmesh inspect` prints, and what verify (health.hpp) and repair
// (repair_plan.hpp) go on from. Names no secret: no token, no hash, no key, nothing of a user. Changes nothing; the caller holds
// a lock.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "storage/data_directory.hpp"
#include "storage/segment_survey.hpp"
#include "storage/snapshot_survey.hpp"

namespace storage {

// A name that anybody may have given, as one line of printable ASCII.
std::string printable(std::string_view name);

struct FirstBad {
    std::string file;
    std::uint64_t offset = 0;
    std::string what;
    // b > D, in the last segment: what a crash leaves and a start sets aside.
    bool trace_of_crash = false;
};

struct NamedBytes {
    std::string name;
    std::uint64_t bytes = 0;
};

struct Survey {
    Listing listing;
    std::vector<SegmentFacts> segments;    // as listed
    std::vector<SnapshotFacts> snapshots;  // as listed
    std::vector<NamedBytes> spares, leftovers;

    Lsn durable() const;  // D
    Lsn last() const;     // the highest record or state that anything here holds
    // The last segment ends in what a crash left behind, and nothing else.
    bool ends_in_crash() const;
    std::optional<FirstBad> first_bad() const;  // snapshots first, oldest first, then the log
    std::set<std::string> key_ids() const;      // that files are sealed with
    std::uint64_t bytes() const;                // of all files
    // A file that cannot be opened with the keys that there are, or is of a newer version: why. Empty: none.
    std::string closed() const;
};

// An error: a file could not be read. progress.bytes_total is set first.
LogResult<Survey> survey_directory(FileSystem& fs, const Encryption& encryption, Depth depth, RecoveryProgress& progress);

}  // namespace storage
