// SPDX-License-Identifier: MIT
// One snapshot, from S0 to its name. Lives on the snapshot thread; only the copying turns run elsewhere.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>

#include "storage/data_directory.hpp"
#include "storage/journal.hpp"
#include "storage/snapshot_writer.hpp"
#include "storage/store.hpp"
#include "storage/token_secret.hpp"
#include "storage/wal.hpp"

namespace storage {

class SnapshotAttempt {
public:
    struct Parts {
        FileSystem& files;
        Journal& journal;
        std::function<void()> request_sync;  // of all that is written, soon
        Encryption encryption;
        TokenSecret token_secret;
        Store& store;
        Clock& clock;
        std::function<void(std::function<void()> turn)> run_turn;
        std::function<bool()> abandon;                    // asked between blocks
        std::function<void(std::uint64_t ns)> rest = {};  // returns after that time; empty: it makes no pause
    };
    // The header's seal and token secret are filled in.
    SnapshotAttempt(const Parts& parts, const snapshot::Header& header, SnapshotWriter::Compress compress);

    // The state at footer.last, on the disk and under its name.
    LogResult<snapshot::Footer> run(UnixMs now);
    std::uint64_t bytes() const { return writer_.bytes(); }

private:
    // What one turn copies. Turns are one after the other; while one fills a part, the other part is written.
    struct Turn {
        Store::SnapshotPart part;
        std::uint64_t asked_ns = 0, ended_ns = 0;
        std::atomic<bool> done{false};
    };

    void begin_turn(Turn& turn);
    void rest_after(std::uint64_t begun_ns, std::uint64_t ended_ns);
    LogResult<void> add(const snapshot::BlockHeader& block, std::string_view payload);  // to the file, and a rest
    LogResult<void> copy_records();
    LogResult<void> write_part(Store::SnapshotPart& part);
    LogResult<void> copy_removals();
    LogResult<void> copy_log();
    LogResult<void> wait_until_durable(Lsn lsn);
    LogResult<void> given_up() const;

    const Parts parts_;
    const Lsn begun_at_;
    const Lsn above_;  // what the base holds; 0: there is none, all is copied
    SnapshotWriter writer_;
    Store::SnapshotWalk walk_;
    bool more_ = true;  // written by a turn, read when it is done
    snapshot::Footer footer_;
};

}  // namespace storage
