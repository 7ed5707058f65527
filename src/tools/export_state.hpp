// SPDX-License-Identifier: MIT
// From a data directory to an export, and from an export to a new directory. Nothing here knows of files of the operator's, of
// terminals or of the wall clock. One thread.
#pragma once

#include <functional>
#include <string>

#include "src/tools/export_file.hpp"
#include "storage/directory_state.hpp"

namespace server {

struct StateOptions {
    std::string directory_name;  // for messages
    storage::Encryption encryption;
    storage::UnixMs now = 0;                              // what is over by then is left out
    std::optional<storage::DbIndex> db;                   // export: only this one
    std::function<void(const std::string& line)> notice;  // export: what a start would set aside
};

struct StateFigures {
    std::uint64_t sessions = 0, strings = 0, dead = 0;
    std::uint64_t over = 0;  // left out
    std::uint64_t records() const { return sessions + strings + dead; }
};

// Changes nothing in the directory; the caller holds its lock. `progress` moves while it is read.
LogResult<StateFigures> export_state(storage::FileSystem& fs, const StateOptions& options, storage::RandomSource& random,
                                     storage::RecoveryProgress& progress, ExportWriter& to);

// Into a directory without data, as one full snapshot under a directory id of its own. An error, or an export that is not whole,
// leaves nothing behind.
struct ImportedState {
    StateFigures figures;
    std::string file;
};
LogResult<ImportedState> import_state(storage::FileSystem& fs, const StateOptions& options, storage::RandomSource& random,
                                      ExportReader& from);

}  // namespace server
