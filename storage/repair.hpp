// SPDX-License-Identifier: MIT
// Carries out a plan: the saved state is written as a snapshot where the plan says so, then damaged snapshots go to lost-<time>/,
// then segments, newest first. Each step is durable before the next. The power may go at any of them: what is there then
// starts with the planned state, or is planned and repaired to it again. So the name of a damaged snapshot, which may be all that
// keeps a start from serving an older state, goes last; one of the new snapshot's own name is copied, then replaced.
#pragma once

#include <string>

#include "storage/clock.hpp"
#include "storage/random.hpp"
#include "storage/repair_plan.hpp"

namespace storage {

struct Repaired {
    std::string lost_directory;  // where the moved files are; empty: none was moved
    std::string snapshot;        // that was written; empty: none was
    std::uint64_t records = 0;   // in it
};

// Preconditions: the plan is possible and of this directory as it is, and the caller holds lock().
LogResult<Repaired> apply_repair(FileSystem& fs, const RepairPlan& plan, const Survey& survey, const Encryption& encryption,
                                 Clock& clock, RandomSource& random, RecoveryProgress& progress);

}  // namespace storage
