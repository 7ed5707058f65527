// SPDX-License-Identifier: MIT
#include "storage/wal.hpp"

#include "storage/data_directory.hpp"
#include "storage/ensure.hpp"
#include "storage/little_endian.hpp"

namespace storage {

namespace {

constexpr std::size_t write_bytes = 1U << 20;  // staged frames go out in pieces of about this size

// What a record is charged pays for the largest frame that it can need.
static_assert(Journal::record_overhead >=
              wal::frame_header_bytes + wal::entry_length_bytes + wal::frame_tag_bytes + (wal::frame_alignment - 1));

}  // namespace

Refusal disk_refusal(const std::string& what, const std::string& name, const boost::system::error_code& error) {
    return {what + " " + name + ": " + error.message()};
}

Wal::Wal(FileSystem& fs, SpareSource& spares, RandomSource& random, SyncMeter& meter, const WalStart& start)
    : fs_(fs),
      spares_(spares),
      random_(random),
      meter_(meter),
      start_(start),
      written_(start.last),
      sealed_(start.last),
      predecessor_length_(start.predecessor_length) {}

LogResult<std::uint64_t> Wal::write(const Batch& batch, Lsn durable, UnixMs now) {
    ENSURE(batch.first == next(written_) && batch.count > 0);
    marked_ = false;
    unused_room_ = 0;
    std::uint64_t used = 0;
    std::size_t begin = 0, end = 0;  // the run of entries that becomes the next frame
    std::uint32_t count = 0;
    const auto add_run = [&] {
        if (count == 0) return;
        const auto payload = batch.bytes.subspan(begin, end - begin);
        segment_->add_data(payload, count, next(written_), later(durable, sealed_), now);
        used += frame_bytes(payload.size());
        written_ = Lsn{value(written_) + count};
        begin = end;
        count = 0;
    };
    while (end < batch.bytes.size()) {
        const std::size_t entry = wal::entry_length_bytes + load_le<std::uint32_t>(batch.bytes.data() + end);
        const std::size_t payload = end + entry - begin;
        if (count > 0 && (payload > wal::frame_payload_target || frame_bytes(payload) > room())) add_run();
        if (count == 0 && (ended_ || frame_bytes(entry) > room())) {
            if (auto done = rotate(now); !done) return done.error();
            if (frame_bytes(entry) > room()) return Refusal{"the prepared segment " + name() + " is too small for a record"};
        }
        end += entry;
        ++count;
        if (segment_->staged_bytes() >= write_bytes)
            if (auto done = write_staged(); !done) return done.error();
    }
    add_run();
    if (auto done = write_staged(); !done) return done.error();
    ENSURE(written_ == batch.last);
    return used + unused_room_;
}

std::uint64_t Wal::frame_bytes(std::size_t payload_bytes) const {
    return wal::frame_bytes(wal::data_payload_bytes(payload_bytes, start_.keys != nullptr));
}

bool Wal::sealed_by_old_key() const { return segment_ && !ended_ && start_.keys && start_.keys->generation() != key_generation_; }

LogResult<void> Wal::write_staged() {
    if (segment_->staged_bytes() == 0) return {};
    bytes_written_ += segment_->staged_bytes();
    unsynced_ = true;
    if (auto done = segment_->write_staged(); !done) return disk_refusal("cannot write", name(), done.error());
    return {};
}

LogResult<void> Wal::sync() {
    if (!unsynced_) return {};
    if (auto done = meter_.fdatasync(*segment_->file()); !done) return disk_refusal("cannot sync", name(), done.error());
    unsynced_ = false;
    return {};
}

LogResult<void> Wal::rotate(UnixMs now) {
    if (!ended_) {
        unused_room_ += room();
        if (auto done = seal(now); !done) return done;
    }
    if (segment_) predecessor_length_ = segment_->end();
    return open_next();
}

// The end frame names its own last record durable, so that must be true before it can be on the disk.
LogResult<void> Wal::seal(UnixMs now) {
    if (auto done = write_staged(); !done) return done;
    if (auto done = sync(); !done) return done;
    segment_->add_end(written_, now);
    if (auto done = write_staged(); !done) return done;
    if (auto done = sync(); !done) return done;
    ended_ = true;
    marked_ = true;
    sealed_ = written_;
    return {};
}

LogResult<void> Wal::open_next() {
    auto spare = spares_.take();
    if (!spare) return Refusal{"no segment is prepared for the log to go on"};
    wal::SegmentHeader header;
    header.directory_id = start_.directory_id;
    header.epoch = start_.epoch;
    header.first_lsn = next(written_);
    header.predecessor_last = written_;
    header.predecessor_length = predecessor_length_;
    random_.fill(header.salt);
    std::shared_ptr<const FileCipher> cipher;
    if (start_.keys) {
        key_generation_ = start_.keys->generation();  // before the key: one too old is noticed, one too new would not be
        cipher = start_.keys->for_new_file(FilePurpose::wal, header.salt);
        header.seal = cipher->name();
    }
    header.token_secret = stored(start_.token_secret, cipher.get());
    const wal::HeaderBlock block = wal::encode(header, cipher.get());
    const std::string name = segment_name(header.first_lsn);
    auto done = pwrite_all(*spare->file, block, 0);
    if (done) done = meter_.fdatasync(*spare->file);
    if (done) done = fs_.rename(spare->name, name);
    if (done) done = fs_.sync_directory("");
    if (!done) return disk_refusal("cannot begin", name, done.error());
    segment_.emplace(std::move(spare->file), name, header, spare->bytes, std::move(cipher));
    bytes_written_ += block.size();
    ended_ = false;
    marked_ = false;
    ++segments_opened_;
    return {};
}

LogResult<std::uint64_t> Wal::mark(UnixMs now) {
    if (marked_ || !segment_) return 0;
    if (auto done = sync(); !done) return done.error();
    const std::uint64_t before = room();
    if (before < segment_->mark_bytes()) {
        if (auto done = seal(now); !done) return done.error();
        return before;
    }
    segment_->add_mark(written_, now);
    if (auto done = write_staged(); !done) return done.error();
    if (auto done = sync(); !done) return done.error();
    marked_ = true;
    return before - room();
}

}  // namespace storage
