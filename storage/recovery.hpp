// SPDX-License-Identifier: MIT
// From the files of a data directory to the state they hold: scan, decide, and only then touch anything: set aside what a
// crash left beyond the end, end the last segment, clean up spares. A crash at any step of this leaves a directory that
// comes to the same decision again.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "storage/data_directory.hpp"
#include "storage/file_system.hpp"
#include "storage/log_options.hpp"
#include "storage/random.hpp"
#include "storage/recovery_scan.hpp"
#include "storage/snapshot_format.hpp"
#include "storage/token_secret.hpp"
#include "storage/wal.hpp"

namespace storage {

// The snapshot that recovery starts from. last == 0: none, the log says it all.
struct SnapshotInUse {
    std::string name;
    Lsn last{};  // S1
    std::uint64_t epoch = 0;
    Id directory_id{};
    TokenSecret token_secret{};
    UnixMs now = 0;
    std::uint64_t records = 0, bytes = 0;
    snapshot::Chain chain;
};

struct RecoveryReport {
    SnapshotInUse snapshot;
    std::uint64_t snapshots_damaged = 0;  // set aside in lost-<time>/
    Lsn last{};                           // the last record that was replayed; new ones go on from here
    Lsn durable{};                        // D: the highest LSN that the log names durable
    std::uint64_t epoch = 0;              // of the newest segment found; this run writes epoch + 1
    std::string directory_id;             // 32 hex digits; empty: a new directory
    UnixMs now_max = 0;                   // the largest `now` in any frame: the server's time starts from there
    std::uint64_t segments = 0, bytes = 0, records = 0;
    std::uint64_t log_bytes_above = 0;                       // of records that the snapshot does not hold
    std::uint64_t set_aside_bytes = 0, set_aside_files = 0;  // what a crash left beyond the end, kept in lost-<time>/
    std::uint64_t duration_ns = 0;
};

struct Recovered {
    RecoveryReport report;
    WalStart start;
    LogFiles kept;  // without one that the next segment will replace
};

struct RecoveryOptions {
    std::string directory_name = "the data directory";  // for messages
    UnixMs now = 0;                                     // names lost-<time>/ and stamps the end frame
    SnapshotInUse snapshot;                             // what is in the store already
    std::vector<std::string> damaged_snapshots;         // to be set aside
    std::string snapshot_problem;                       // why a newer one could not be used: part of a refusal
    std::function<void(const std::string& line)> notice;
    Encryption encryption{};
};

// What a start would do with the log, and why; reads all that it would read and touches nothing. `listing` may leave out what is
// to be thought away.
struct Judged {
    Scan scan;
    Verdict verdict = Verdict::start;
};
LogResult<Judged> judge_log(FileSystem& fs, const Listing& listing, const RecoveryOptions& options, ReplaySink& sink,
                            RecoveryProgress& progress);
std::string why_refused(const Judged& judged, const RecoveryOptions& options);

// The caller holds the directory's lock.
LogResult<Recovered> recover_log(FileSystem& fs, const RecoveryOptions& options, ReplaySink& sink, RandomSource& random,
                                 RecoveryProgress& progress);

std::string reason(Verdict verdict);  // in a few words
// One line for a refusal.
Refusal refusal(Verdict verdict, const std::string& directory_name, const std::string& problem);

}  // namespace storage
