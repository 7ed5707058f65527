// SPDX-License-Identifier: MIT
// The state that a repair saves, in a store: the plan's snapshot, and the log above it past bad places that hold no record.
#pragma once

#include "storage/repair_plan.hpp"
#include "storage/store.hpp"

namespace storage {

// An error: what the plan saw is not there any more. Several threads.
LogResult<void> load_state(FileSystem& fs, const RepairPlan& plan, const Survey& survey, const Encryption& encryption,
                           Store& store, RecoveryProgress& progress);

}  // namespace storage
