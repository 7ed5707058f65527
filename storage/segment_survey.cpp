// SPDX-License-Identifier: MIT
#include "storage/segment_survey.hpp"

#include <algorithm>
#include <utility>

#include "storage/effect.hpp"

namespace storage {

namespace {

class SegmentSurveyor {
public:
    SegmentSurveyor(FileSystem& fs, const Listing::Segment& listed, const Encryption& encryption, Depth depth,
                    RecoveryProgress& progress)
        : fs_(fs), encryption_(encryption), depth_(depth), progress_(progress) {
        facts_.name = listed.name;
        facts_.named = listed.first;
    }

    LogResult<SegmentFacts> run();

private:
    LogResult<void> read_header();
    LogResult<void> read_frames();
    LogResult<void> look_at_rest(wal::SegmentReader& reader);
    void take(const wal::Frame& frame, bool opened);
    void take_records(const wal::Frame& frame);
    static void add_run(std::vector<LsnRun>& runs, Lsn first, Lsn last);
    void bad(std::uint64_t offset, std::string what) {
        ++facts_.bad_places;
        if (facts_.bad.size() < bad_places_kept) facts_.bad.push_back({offset, std::move(what)});
    }
    Refusal cannot_read(const boost::system::error_code& error) const { return disk_refusal("cannot read", facts_.name, error); }

    FileSystem& fs_;
    const Encryption& encryption_;
    const Depth depth_;
    RecoveryProgress& progress_;
    std::unique_ptr<File> file_;
    std::shared_ptr<const FileCipher> cipher_;
    SegmentFacts facts_;
};

LogResult<SegmentFacts> SegmentSurveyor::run() {
    auto file = fs_.open_read(facts_.name);
    if (!file) return disk_refusal("cannot open", facts_.name, file.error());
    file_ = std::move(*file);
    const auto bytes = file_->size();
    if (!bytes) return cannot_read(bytes.error());
    facts_.bytes = *bytes;
    file_->advise(Advice::will_read_all);
    const std::uint64_t read_before = progress_.bytes_read.load(std::memory_order_relaxed);
    if (auto done = read_header(); !done) return done.error();
    if (facts_.header) {
        if (auto done = read_frames(); !done) return done.error();
    }
    progress_.bytes_read.store(read_before + facts_.bytes, std::memory_order_relaxed);
    return std::move(facts_);
}

LogResult<void> SegmentSurveyor::read_header() {
    wal::HeaderBlock block{};
    const auto got = pread_full(*file_, block, 0);
    if (!got) return cannot_read(got.error());
    auto decoded = wal::decode_header(std::span(block).first(*got));
    if (!decoded.header) {
        facts_.header_fault = decoded.fault;
        const bool newer = decoded.fault == HeaderFault::newer;
        bad(0, newer ? "a format of a newer version" : "the header is damaged");
        return {};
    }
    facts_.header = std::move(*decoded.header);
    facts_.last = facts_.header->predecessor_last;
    if (facts_.header->first_lsn != facts_.named)
        bad(0, "by its header it holds the log from LSN " + std::to_string(value(facts_.header->first_lsn)));
    CheckedSeal seal = check_seal(encryption_, FilePurpose::wal, facts_.name, facts_.header->seal, facts_.header->salt, block);
    facts_.seal = seal.state;
    facts_.seal_problem = std::move(seal.problem);
    cipher_ = std::move(seal.cipher);
    if (facts_.seal == SealState::readable) facts_.token_secret = token_secret_from(facts_.header->token_secret, cipher_.get());
    if (facts_.seal == SealState::forged) bad(0, "the header is not the one that was signed with its key");
    return {};
}

LogResult<void> SegmentSurveyor::read_frames() {
    const std::uint64_t read_before = progress_.bytes_read.load(std::memory_order_relaxed);
    const bool opened = cipher_ || !facts_.header->seal.sealed();
    wal::SegmentReader reader(*file_, facts_.bytes, *facts_.header, cipher_,
                              opened ? wal::Payloads::opened : wal::Payloads::as_stored);
    wal::Frame frame;
    for (bool first_part = true;; first_part = false) {
        auto end = reader.next(frame);
        for (; end && *end == wal::ReadEnd::none; end = reader.next(frame)) {
            take(frame, opened);
            progress_.bytes_read.store(read_before + reader.offset(), std::memory_order_relaxed);
        }
        if (!end) return cannot_read(end.error());
        if (first_part) {
            facts_.end = *end;
            facts_.end_offset = facts_.bytes_until = reader.offset();
            facts_.last = reader.last_lsn();
        }
        if (*end == wal::ReadEnd::clean || *end == wal::ReadEnd::sealed) break;
        bad(reader.offset(), *end == wal::ReadEnd::torn ? "no sound frame" : "a frame that does not belong here");
        const auto more = reader.resume();
        if (!more) return cannot_read(more.error());
        if (*more != wal::ReadEnd::none) break;
    }
    if (facts_.bad_places > 0) {
        if (auto done = look_at_rest(reader); !done) return done;
    }
    facts_.durable = reader.durable();
    facts_.now_max = reader.now_max();
    return {};
}

LogResult<void> SegmentSurveyor::look_at_rest(wal::SegmentReader& reader) {
    if (auto looked = reader.look_on(facts_.end_offset); !looked) return cannot_read(looked.error());
    const auto until = reader.end_of_bytes(facts_.end_offset);
    if (!until) return cannot_read(until.error());
    facts_.bytes_until = *until;
    return {};
}

void SegmentSurveyor::take(const wal::Frame& frame, bool opened) {
    facts_.records += frame.header.entry_count;
    if (opened && depth_ == Depth::records) return take_records(frame);
    add_run(facts_.runs, frame.header.first_lsn, frame.header.last_lsn());
}

void SegmentSurveyor::take_records(const wal::Frame& frame) {
    const auto any = [](std::string_view) { return true; };
    const auto nothing = [](const Effect&) {};
    wal::Entries entries(frame.payload);
    std::span<const std::byte> record;
    Lsn begin = frame.header.first_lsn, lsn = begin;
    for (; entries.next(record); lsn = next(lsn)) {
        if (read_record(record, any, nothing)) continue;
        if (facts_.undecodable.size() < bad_places_kept) facts_.undecodable.push_back(lsn);
        bad(frame.offset, "LSN " + std::to_string(value(lsn)) + " is sound, but no record that this version knows");
        add_run(facts_.unknown, lsn, lsn);
        if (lsn != begin) add_run(facts_.runs, begin, Lsn{value(lsn) - 1});
        begin = next(lsn);
    }
    if (lsn != begin) add_run(facts_.runs, begin, Lsn{value(lsn) - 1});
}

void SegmentSurveyor::add_run(std::vector<LsnRun>& runs, Lsn first, Lsn last) {
    if (!runs.empty() && next(runs.back().last) == first)
        runs.back().last = last;
    else
        runs.push_back({first, last});
}

}  // namespace

LogResult<SegmentFacts> survey_segment(FileSystem& fs, const Listing::Segment& listed, const Encryption& encryption, Depth depth,
                                       RecoveryProgress& progress) {
    return SegmentSurveyor(fs, listed, encryption, depth, progress).run();
}

}  // namespace storage
