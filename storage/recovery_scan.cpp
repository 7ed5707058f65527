// SPDX-License-Identifier: MIT
#include "storage/recovery_scan.hpp"

#include <algorithm>
#include <utility>

#include "storage/seal_check.hpp"
#include "storage/wal.hpp"

namespace storage {

namespace {

std::string at_byte(const std::string& name, std::uint64_t offset) { return name + " at byte " + std::to_string(offset); }

class Scanner {
public:
    Scanner(FileSystem& fs, const ScanFrom& from, ReplayPool& pool, RecoveryProgress& progress)
        : fs_(fs), covered_(from.covered), encryption_(from.encryption), pool_(pool), progress_(progress) {
        scan_.directory_id = from.directory_id;
    }

    LogResult<Scan> run(const Listing& listing);

private:
    struct Open {
        const Listing::Segment& listed;
        std::unique_ptr<File> file;  // while it is read: a log may have more segments than a process may have files
        std::uint64_t bytes = 0;
        std::shared_ptr<const FileCipher> cipher;
    };

    std::span<const Listing::Segment> needed(std::span<const Listing::Segment> all) const;
    LogResult<bool> read_segment(Open& segment);  // false: no use in going on
    LogResult<bool> read_header(Open& segment, wal::SegmentHeader& header);
    bool open_seal(Open& segment, const wal::SegmentHeader& header, const wal::HeaderBlock& block);
    bool check_place(const Listing::Segment& listed, const wal::SegmentHeader& header);
    LogResult<void> look_at_tail(const Open& segment, wal::SegmentReader& reader);
    bool stop(std::string problem) {
        scan_.problem = std::move(problem);
        return false;
    }

    FileSystem& fs_;
    Lsn covered_;
    const Encryption& encryption_;
    ReplayPool& pool_;
    RecoveryProgress& progress_;
    std::size_t segments_left_ = 0;
    Scan scan_;
};

LogResult<Scan> Scanner::run(const Listing& listing) {
    std::vector<Open> segments;
    for (const Listing::Segment& listed : needed(listing.segments)) {
        auto file = fs_.open_read(listed.name);
        if (!file) return disk_refusal("cannot open", listed.name, file.error());
        const auto bytes = (*file)->size();
        if (!bytes) return disk_refusal("cannot read", listed.name, bytes.error());
        segments.push_back({listed, nullptr, *bytes, nullptr});
        scan_.bytes += *bytes;
    }
    scan_.segments = segments.size();
    progress_.bytes_total.fetch_add(scan_.bytes, std::memory_order_relaxed);
    std::uint64_t bytes_before = progress_.bytes_read.load(std::memory_order_relaxed);
    for (Open& segment : segments) {
        segments_left_ = segments.size() - static_cast<std::size_t>(&segment - segments.data()) - 1;
        auto file = fs_.open_read(segment.listed.name);
        if (!file) return disk_refusal("cannot open", segment.listed.name, file.error());
        segment.file = std::move(*file);
        const auto go_on = read_segment(segment);
        if (!go_on) return go_on.error();
        if (!*go_on) break;
        bytes_before += segment.bytes;
        progress_.bytes_read.store(bytes_before, std::memory_order_relaxed);
        segment.file.reset();
    }
    return std::move(scan_);
}

// Without those whose successor begins within the snapshot: they are kept for the older one of the pair.
std::span<const Listing::Segment> Scanner::needed(std::span<const Listing::Segment> all) const {
    while (all.size() > 1 && value(all[1].first) <= value(covered_) + 1) all = all.subspan(1);
    return all;
}

LogResult<bool> Scanner::read_header(Open& segment, wal::SegmentHeader& header) {
    wal::HeaderBlock block{};
    const auto got = pread_full(*segment.file, block, 0);
    if (!got) return disk_refusal("cannot read", segment.listed.name, got.error());
    auto decoded = wal::decode_header(std::span(block).first(*got));
    if (decoded.header) {
        header = std::move(*decoded.header);
        return open_seal(segment, header, block);
    }
    if (decoded.fault == wal::HeaderFault::newer) {
        scan_.found.newer = true;
        return stop(segment.listed.name + " has a format of a newer version");
    }
    // A segment gets its name only when its header is on the disk, so this is no trace of a crash.
    scan_.found.damage = Damage::durable;
    return stop(at_byte(segment.listed.name, 0) + ": the header is damaged");
}

bool Scanner::open_seal(Open& segment, const wal::SegmentHeader& header, const wal::HeaderBlock& block) {
    CheckedSeal checked = check_seal(encryption_, FilePurpose::wal, segment.listed.name, header.seal, header.salt, block);
    switch (checked.state) {
        case SealState::readable: segment.cipher = std::move(checked.cipher); return true;
        case SealState::plain_under_key: scan_.found.key = KeyState::plain_under_key; break;
        case SealState::no_key: scan_.found.key = KeyState::wrong_or_missing; break;
        case SealState::newer: scan_.found.newer = true; break;
        case SealState::forged: scan_.found.damage = Damage::durable; break;
    }
    return stop(std::move(checked.problem));
}

// Does this header belong here, after what was read before?
bool Scanner::check_place(const Listing::Segment& listed, const wal::SegmentHeader& header) {
    if ((scan_.tail || value(covered_) != 0) && header.directory_id != scan_.directory_id) {
        scan_.found.foreign = true;
        return stop(listed.name + " belongs to another data directory");
    }
    scan_.found.gap = true;  // unless all of this holds
    if (header.first_lsn != listed.first)
        return stop(listed.name + " holds the log from LSN " + std::to_string(value(header.first_lsn)));
    if (!scan_.tail) {
        if (value(header.predecessor_last) > value(covered_))
            return stop("the log before " + listed.name + " is missing: LSN " + std::to_string(value(covered_) + 1) + " and on");
    } else {
        const ScannedTail& before = *scan_.tail;
        if (header.predecessor_last != before.last || header.predecessor_length != before.end_offset)
            return stop(listed.name + " does not follow " + before.name + ": LSN " + std::to_string(value(before.last) + 1) +
                        " to " + std::to_string(value(header.predecessor_last)) + " are missing");
    }
    scan_.found.gap = false;
    return true;
}

LogResult<bool> Scanner::read_segment(Open& segment) {
    wal::SegmentHeader header;
    auto sound = read_header(segment, header);
    if (!sound || !*sound) return sound;
    if (!check_place(segment.listed, header)) return false;
    scan_.directory_id = header.directory_id;
    scan_.token_secret = token_secret_from(header.token_secret, segment.cipher.get());
    scan_.epoch = std::max(scan_.epoch, header.epoch);

    segment.file->advise(Advice::will_read_all);
    wal::SegmentReader reader(*segment.file, segment.bytes, header, segment.cipher);
    const std::uint64_t bytes_before = progress_.bytes_read.load(std::memory_order_relaxed);
    wal::Frame frame;
    auto end = reader.next(frame);
    for (; end && *end == wal::ReadEnd::none; end = reader.next(frame)) {
        scan_.records += frame.header.entry_count;
        if (frame.header.last_lsn() > covered_) {
            pool_.add(frame.header.first_lsn, frame.payload);
            scan_.bytes_above += frame.payload.size();
        }
        progress_.bytes_read.store(bytes_before + reader.offset(), std::memory_order_relaxed);
        progress_.records.store(scan_.records, std::memory_order_relaxed);
    }
    if (!end) return disk_refusal("cannot read", at_byte(segment.listed.name, reader.offset()), end.error());
    scan_.tail = ScannedTail{segment.listed.name, segment.bytes,     header,        *end, reader.offset(), reader.offset(),
                             reader.digest(),     reader.last_lsn(), segment.cipher};
    if (*end != wal::ReadEnd::sealed && segments_left_ > 0) {
        // The next one was begun after this one's end frame was on the disk.
        scan_.found.damage = Damage::durable;
        return stop(at_byte(segment.listed.name, reader.offset()) + ": LSN " + std::to_string(value(reader.last_lsn()) + 1) +
                    " or the end frame cannot be read");
    }
    if (segments_left_ == 0) {
        if (auto done = look_at_tail(segment, reader); !done) return done.error();
    }
    scan_.durable = later(scan_.durable, reader.durable());
    scan_.now_max = std::max(scan_.now_max, reader.now_max());
    return true;
}

LogResult<void> Scanner::look_at_tail(const Open& segment, wal::SegmentReader& reader) {
    ScannedTail& tail = *scan_.tail;
    if (tail.end == wal::ReadEnd::clean || tail.end == wal::ReadEnd::sealed)
        return {};  // what follows an end frame is void for ever
    auto looked = reader.look_on(tail.end_offset);
    if (!looked) return disk_refusal("cannot read", tail.name, looked.error());
    const auto until = reader.end_of_bytes(tail.end_offset);
    if (!until) return disk_refusal("cannot read", tail.name, until.error());
    tail.bytes_until = *until;
    const Lsn unreadable = next(tail.last);
    const bool was_durable = value(unreadable) <= value(reader.durable());
    scan_.found.damage = was_durable ? Damage::durable : Damage::above_durable;
    scan_.problem =
        at_byte(segment.listed.name, tail.end_offset) + ": LSN " + std::to_string(value(unreadable)) + " cannot be read";
    if (was_durable) scan_.problem += ", but LSN " + std::to_string(value(reader.durable())) + " was durable";
    return {};
}

}  // namespace

boost::system::result<Scan, Refusal> scan_log(FileSystem& fs, const Listing& listing, const ScanFrom& from, ReplayPool& pool,
                                              RecoveryProgress& progress) {
    return Scanner(fs, from, pool, progress).run(listing);
}

}  // namespace storage
