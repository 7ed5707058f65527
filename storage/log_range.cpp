// SPDX-License-Identifier: MIT
#include "storage/log_range.hpp"

#include <algorithm>
#include <utility>

#include "storage/data_directory.hpp"
#include "storage/seal_check.hpp"
#include "storage/wal_reader.hpp"

namespace storage {

namespace {

using Visit = FunctionRef<LogResult<void>(Lsn, std::uint32_t, std::span<const std::byte>)>;

class RangeReader {
public:
    RangeReader(FileSystem& fs, const Encryption& encryption, Lsn after, Lsn until, Visit visit)
        : fs_(fs), encryption_(encryption), last_(after), until_(until), visit_(visit) {}

    LogResult<void> run() {
        const auto listing = list_data(fs_);
        if (!listing) return disk_refusal("cannot list", "the data directory", listing.error());
        const auto& segments = listing->segments;
        auto behind =
            std::find_if(segments.begin(), segments.end(), [&](const auto& s) { return value(s.first) > value(last_) + 1; });
        if (behind == segments.begin()) return gone();
        std::string name = std::prev(behind)->name;
        for (;;) {
            const auto end = read(name);
            if (!end) return end.error();
            if (value(last_) >= value(until_)) return {};
            if (next_name_ == name) return gone();  // it holds nothing
            name = next_name_;
        }
    }

private:
    LogResult<void> gone() const {
        return Refusal{"LSN " + std::to_string(value(last_) + 1) + " is not in the log's files any more"};
    }

    LogResult<wal::ReadEnd> read(const std::string& name) {
        auto file = fs_.open_read(name);
        if (!file) return disk_refusal("cannot open", name, file.error());
        const auto bytes = (*file)->size();
        if (!bytes) return disk_refusal("cannot read", name, bytes.error());
        wal::HeaderBlock block{};
        const auto got = pread_full(**file, block, 0);
        if (!got) return disk_refusal("cannot read", name, got.error());
        const auto decoded = wal::decode_header(std::span(block).first(*got));
        if (!decoded.header) return Refusal{name + ": the header cannot be read"};
        CheckedSeal seal = check_seal(encryption_, FilePurpose::wal, name, decoded.header->seal, decoded.header->salt, block);
        if (seal.state != SealState::readable) return Refusal{seal.problem};
        wal::SegmentReader reader(**file, *bytes, *decoded.header, std::move(seal.cipher));
        wal::Frame frame;
        auto end = reader.next(frame);
        for (; end && *end == wal::ReadEnd::none; end = reader.next(frame)) {
            if (auto done = take(frame); !done) return done.error();
            if (value(last_) >= value(until_)) return wal::ReadEnd::none;
        }
        if (!end) return disk_refusal("cannot read", name, end.error());
        next_name_ = segment_name(storage::next(reader.last_lsn()));
        return *end;
    }

    // The frame's part within the range.
    LogResult<void> take(const wal::Frame& frame) {
        if (value(frame.header.last_lsn()) <= value(last_)) return {};
        wal::Entries entries(frame.payload);
        std::span<const std::byte> record;
        std::size_t at = 0, begin = 0;
        std::uint32_t count = 0;
        const Lsn first = storage::next(last_);
        for (Lsn lsn = frame.header.first_lsn; value(lsn) <= value(until_) && entries.next(record); lsn = storage::next(lsn)) {
            at += wal::entry_length_bytes + record.size();
            value(lsn) < value(first) ? void(begin = at) : void(++count);
        }
        last_ = Lsn{value(last_) + count};
        return visit_(first, count, frame.payload.subspan(begin, at - begin));
    }

    FileSystem& fs_;
    const Encryption& encryption_;
    Lsn last_;
    const Lsn until_;
    Visit visit_;
    std::string next_name_;
};

}  // namespace

LogResult<void> read_log_range(FileSystem& fs, const Encryption& encryption, Lsn after, Lsn until, Visit visit) {
    if (value(after) >= value(until)) return {};
    return RangeReader(fs, encryption, after, until, visit).run();
}

}  // namespace storage
