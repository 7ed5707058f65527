// SPDX-License-Identifier: MIT
// The synchronous core of the log's write side: batches become frames, segments follow one another. No threads, no clock:
// committer.hpp brings both. After any error the object is spent: what is on the disk is recovery's to find out.
//
// Rotation: the old segment is synced, gets its end frame and is synced again; a spare gets its header, is synced, gets its
// name, and the directory is synced. So a name says: this header, and all of the segment before, are on the disk.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "storage/file_system.hpp"
#include "storage/journal.hpp"
#include "storage/key_ring.hpp"
#include "storage/log_options.hpp"
#include "storage/random.hpp"
#include "storage/spare_pool.hpp"
#include "storage/sync_meter.hpp"
#include "storage/token_secret.hpp"
#include "storage/types.hpp"
#include "storage/wal_format.hpp"
#include "storage/wal_segment_writer.hpp"

namespace storage {

template <class T>
using LogResult = boost::system::result<T, Refusal>;

// "<what> <name>: <the system's words>"
Refusal disk_refusal(const std::string& what, const std::string& name, const boost::system::error_code& error);

// Where the log goes on, and what seals it; recovery says it.
struct WalStart {
    wal::Id directory_id{};
    TokenSecret token_secret{};
    std::uint64_t epoch = 1;               // of this run
    Lsn last{};                            // the last record that exists
    std::uint64_t predecessor_length = 0;  // bytes of the segment that holds it; 0: there is none
    std::shared_ptr<KeyRing> keys{};       // null: new segments are plain
};

class Wal {
public:
    Wal(FileSystem& fs, SpareSource& spares, RandomSource& random, SyncMeter& meter, const WalStart& start);

    // Writes all of the batch; returns the room that this took, unused ends of segments included. The first call opens the
    // run's first segment.
    LogResult<std::uint64_t> write(const Batch& batch, Lsn durable, UnixMs now);
    LogResult<void> sync();  // of the current segment; what lies in others is synced already
    // Says durably that everything written is durable, which it must be: an end frame where no mark fits. Returns its room;
    // 0 when the segment says so already, or has said nothing yet.
    LogResult<std::uint64_t> mark(UnixMs now);

    // Another key seals new segments by now, and the current one is not full. Ending it gives up its room().
    bool sealed_by_old_key() const;
    LogResult<void> end_segment(UnixMs now) { return seal(now); }
    std::uint64_t room() const { return segment_ ? segment_->room() : 0; }

    Lsn written() const { return written_; }
    Lsn sealed() const { return sealed_; }  // the last record of all finished segments: durable
    bool marked() const { return marked_; }
    // The current segment, for a sync from another thread: whoever syncs it after written() was read has all of that durable.
    std::shared_ptr<File> file() const { return segment_ ? segment_->file() : nullptr; }
    std::string name() const { return segment_ ? segment_->name() : std::string(); }
    std::uint64_t segments_opened() const { return segments_opened_; }
    std::uint64_t bytes_written() const { return bytes_written_; }

private:
    LogResult<void> rotate(UnixMs now);
    LogResult<void> seal(UnixMs now);
    LogResult<void> open_next();
    LogResult<void> write_staged();
    std::uint64_t frame_bytes(std::size_t payload_bytes) const;

    FileSystem& fs_;
    SpareSource& spares_;
    RandomSource& random_;
    SyncMeter& meter_;
    WalStart start_;
    std::optional<wal::SegmentWriter> segment_;
    bool ended_ = true;   // the current segment takes no more frames, or there is none
    bool marked_ = true;  // nothing was written since the last mark
    bool unsynced_ = false;
    Lsn written_;
    Lsn sealed_;
    std::uint64_t predecessor_length_;
    std::uint64_t key_generation_ = 0;  // of the key that seals the current segment
    std::uint64_t unused_room_ = 0;     // what rotations left behind since the last write() began
    std::uint64_t segments_opened_ = 0;
    std::uint64_t bytes_written_ = 0;
};

}  // namespace storage
