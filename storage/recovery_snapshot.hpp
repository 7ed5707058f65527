// SPDX-License-Identifier: MIT
// The first half of recovery: the newest snapshot that is sound goes into the store. Nothing on the disk is touched.
#pragma once

#include "storage/file_system.hpp"
#include "storage/recovery.hpp"
#include "storage/store.hpp"

namespace storage {

// Fills options.snapshot, damaged_snapshots and snapshot_problem. Without a sound snapshot the store stays empty, and whether
// the log covers that is for recover_log to see. An error: a refusal.
LogResult<void> recover_snapshot(FileSystem& fs, RecoveryOptions& options, Store& store, unsigned threads,
                                 RecoveryProgress& progress);

}  // namespace storage
