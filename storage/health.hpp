// SPDX-License-Identifier: MIT
// What is wrong with a data directory: everything is read, and recovery's own decision is asked. Changes nothing; the caller
// holds a lock. `tokmesh verify` prints it, and repair (repair_plan.hpp) begins with it.
#pragma once

#include <string>
#include <vector>

#include "storage/recovery.hpp"
#include "storage/survey.hpp"

namespace storage {

struct Finding {
    bool damage = false;  // else only worth knowing
    std::string text;     // one line
};

// What a start would come to.
struct Outlook {
    Verdict verdict = Verdict::start;
    std::string problem;   // why it refuses
    std::string snapshot;  // that it loads; empty: none
    Lsn snapshot_last{};
    Lsn last{};  // of the state that it serves
    bool starts() const { return !refuses(verdict); }
};

struct Health {
    Survey survey;  // Depth::records
    std::vector<Finding> findings;
    Outlook outlook;

    bool sound() const;  // no finding is damage, and a start goes well
};

// An error: it could not be looked at: a file cannot be read, no key opens it, a newer version wrote it.
LogResult<Health> check_health(FileSystem& fs, const Encryption& encryption, RecoveryProgress& progress);

// What a start would come to with these segments only, from this snapshot (last 0: none).
LogResult<Judged> judge_without_store(FileSystem& fs, const Listing& listing, const RecoveryOptions& options,
                                      RecoveryProgress& progress);
// The options of a start with the snapshot that it would choose: the newest that can be loaded.
RecoveryOptions recovery_options(const Survey& survey, const Encryption& encryption);

}  // namespace storage
