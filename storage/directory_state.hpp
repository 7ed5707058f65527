// SPDX-License-Identifier: MIT
// The state that a data directory holds: read as a start reads it, but with nothing on the disk touched; and a directory made
// from such a state, as one full snapshot. For tools: export, import, dry runs. One thread each.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "storage/file_system.hpp"
#include "storage/function_ref.hpp"
#include "storage/log_options.hpp"
#include "storage/random.hpp"
#include "storage/recovery.hpp"
#include "storage/snapshot_records.hpp"
#include "storage/snapshot_writer.hpp"
#include "storage/store.hpp"

namespace storage {

struct DirectoryState {
    bool empty = true;  // neither a snapshot nor a log
    Id directory_id{};
    TokenSecret token_secret{};
    Lsn last{};
    UnixMs now = 0;  // the latest time that it knows of
};

// Into an empty store, which then has all records, due ones and dead ones that are over included; records of a shard stand in the
// order of the files, whatever the machine. Refuses what a start refuses, in the same words; what a start would set aside is
// left out with a notice. The caller holds the lock. Of `options`: directory_name, encryption, notice.
LogResult<DirectoryState> read_state(FileSystem& fs, RecoveryOptions options, Store& store, RecoveryProgress& progress);

// Time has ended it: a session or string that is due, a dead record that is remembered no longer.
bool is_over(const SnapshotEntry& entry, UnixMs now);

// All records, in the order of shards and places; nobody may change the store meanwhile. Views are valid during the call. Ends
// early when `visit` answers false.
void each_record(Store& store, FunctionRef<bool(const SnapshotEntry&)> visit);

// One full snapshot of records that come from elsewhere, as the first file of a directory. Until publish() nothing has a name
// that counts, and what is not published is taken away again.
class StateWriter {
public:
    struct Origin {
        std::string directory_name;  // for messages
        Encryption encryption;
        TokenSecret token_secret{};  // what keyed the hashes of the records' tokens
        Lsn last{};                  // of the state; records have it or a lower one
        UnixMs now = 0;              // the latest time that the state knows of
        UnixMs created_at = 0;       // of the file
    };
    StateWriter(FileSystem& fs, const Origin& origin, RandomSource& random);

    LogResult<void> begin();
    LogResult<void> add(const SnapshotEntry& entry);  // as pack() wants it
    LogResult<std::string> publish();                 // reads it back first; the file's name

private:
    LogResult<void> write_block();

    FileSystem& fs_;
    const Origin origin_;
    SnapshotWriter writer_;
    snapshot::Footer footer_;
    snapshot::BlockHeader block_{.kind = snapshot::BlockKind::records};
    std::string payload_;
};

}  // namespace storage
