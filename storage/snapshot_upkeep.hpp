// SPDX-License-Identifier: MIT
// What becomes superfluous when a snapshot is there: older snapshots, by the retention rule, and the log's segments that lie
// wholly within the older one of the fallback pair. The snapshot thread's.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "storage/file_system.hpp"
#include "storage/snapshot_retention.hpp"

namespace storage {

// The snapshots of the directory whose headers are sound, ascending. One that is not is left alone: it is no file of ours to
// judge here.
Result<std::vector<KeptSnapshot>> list_snapshots(FileSystem& fs);

// Takes a file out: renamed first, so that from one step to the next it is no part of the data any more, made durably so, then
// made shorter in steps, because freeing much at once holds up a file system's journal and with it the log's syncs.
// How long it was.
Result<std::uint64_t> remove_in_steps(FileSystem& fs, const std::string& name);

// What the log's files take, and whether one more full snapshot would let the oldest go: it lies wholly within the newest.
struct LogSize {
    std::uint64_t bytes = 0;
    bool one_would_go = false;
};
Result<LogSize> look_at_log_files(FileSystem& fs);

struct Removed {
    std::uint64_t segments = 0, snapshots = 0;
};

// Oldest first and one after the other: whenever it stops, what is left is a whole log. `all` as from list_snapshots.
Result<Removed> remove_superfluous(FileSystem& fs, const std::vector<KeptSnapshot>& all, const RetentionRule& rule, UnixMs now,
                                   const std::function<void(std::uint64_t bytes)>& segment_removed);

}  // namespace storage
