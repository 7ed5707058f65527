// SPDX-License-Identifier: MIT
#include "storage/recovery.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "storage/data_directory.hpp"
#include "storage/lost_directory.hpp"
#include "storage/wal_segment_writer.hpp"

namespace storage {

namespace {

constexpr std::size_t set_aside_piece_bytes = 1U << 20;

bool is(const boost::system::error_code& error, int code) {
    return error == boost::system::error_code(code, boost::system::system_category());
}

std::string hex(const wal::Id& id) {
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const unsigned char byte : id) text.append({digits[byte >> 4U], digits[byte & 15U]});
    return text;
}

// All that touches the disk, after the verdict. The last segment first, because the next one's header repeats its end.
class Execution {
public:
    Execution(FileSystem& fs, const RecoveryOptions& options, const Scan& scan, RecoveryReport& report)
        : fs_(fs), options_(options), scan_(scan), report_(report) {}

    LogResult<void> end_tail();
    LogResult<void> set_snapshots_aside();
    void remove_spares(const Listing& listing);

private:
    LogResult<void> settle(File& file);
    LogResult<void> set_aside(File& file);
    Result<void> copy_void(File& from, File& to);
    LogResult<void> write_end(File& file);
    const ScannedTail& tail() const { return *scan_.tail; }
    void notice(const std::string& line) const {
        if (options_.notice) options_.notice(line);
    }

    FileSystem& fs_;
    const RecoveryOptions& options_;
    const Scan& scan_;
    RecoveryReport& report_;
};

LogResult<void> Execution::end_tail() {
    auto opened = fs_.open_write(tail().name);
    if (!opened) return disk_refusal("cannot open", tail().name, opened.error());
    File& file = **opened;
    if (auto done = settle(file); !done) return done;
    const bool whole = tail().bytes_until == tail().end_offset;
    if (tail().end == wal::ReadEnd::sealed || (tail().empty() && whole)) return {};
    if (!whole) {
        if (auto done = set_aside(file); !done) return done;
    }
    std::uint64_t length = tail().end_offset;
    if (!tail().empty()) {  // an empty one will be replaced by the next segment, which has the same name
        if (auto done = write_end(file); !done) return done;
        length += wal::end_frame_bytes(tail().header.seal.sealed());
    }
    // Only now: until here every byte that the decision was made from is still in its place.
    auto done = file.truncate(length);
    if (done) done = file.fdatasync();
    if (done) done = fs_.sync_directory("");
    if (!done) return disk_refusal("cannot end", tail().name, done.error());
    return {};
}

// What was read may have come from the page cache of a kernel that failed to write it, marks and end frames included. So: to
// the disk, out of the cache, and read once more.
LogResult<void> Execution::settle(File& file) {
    if (auto done = file.fdatasync(); !done) return disk_refusal("cannot sync", tail().name, done.error());
    file.advise(Advice::drop_from_cache);
    wal::SegmentReader reader(file, tail().file_bytes, tail().header, tail().cipher);
    wal::Frame frame;
    auto end = reader.next(frame);
    while (end && *end == wal::ReadEnd::none) end = reader.next(frame);
    if (!end) return disk_refusal("cannot read", tail().name, end.error());
    if (reader.last_lsn() != tail().last || reader.offset() != tail().end_offset || reader.digest() != tail().digest)
        return Refusal{options_.directory_name + ": " + tail().name +
                       " is not on the disk as the page cache had it, after a failed write; start again to go on from the disk"};
    return {};
}

Result<void> Execution::copy_void(File& from, File& to) {
    std::vector<std::byte> piece(set_aside_piece_bytes);
    for (std::uint64_t at = tail().end_offset; at < tail().bytes_until;) {
        const auto bytes = static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), tail().bytes_until - at));
        const auto got = pread_full(from, std::span(piece).first(bytes), at);
        if (!got) return got.error();
        if (*got == 0) break;
        if (auto done = pwrite_all(to, std::span(piece).first(*got), at - tail().end_offset); !done) return done;
        at += *got;
    }
    return to.fdatasync();
}

LogResult<void> Execution::set_aside(File& file) {
    const std::uint64_t bytes = tail().bytes_until - tail().end_offset;
    const std::string what = std::to_string(bytes) + " bytes of " + tail().name + " after LSN " +
                             std::to_string(value(tail().last)) + ", which no reply was given for or no sync had reached,";
    const auto directory = make_lost_directory(fs_, options_.now);
    if (!directory) {
        // They were promised to nobody: no reason to stay down on a full disk.
        notice(what + " are dropped and could not be kept: " + directory.error().text);
        return {};
    }
    const std::string name = *directory + "/" + tail().name + ".from-" + std::to_string(tail().end_offset);
    auto copy = fs_.create(name);
    auto done = copy ? copy_void(file, **copy) : Result<void>(copy.error());
    if (done) done = fs_.sync_directory(*directory);
    if (done) done = fs_.sync_directory("");
    if (!done && !is(done.error(), ENOSPC)) return disk_refusal("cannot write", name, done.error());
    if (!done) {
        notice(what + " are dropped and could not be kept: " + done.error().message());
        return {};
    }
    report_.set_aside_bytes += bytes;
    report_.set_aside_files += 1;
    notice(what + " were left by a crash and are set aside in " + *directory);
    return {};
}

// In the place of what is void, not behind a truncation: these blocks are there, so a full disk cannot stop it.
LogResult<void> Execution::write_end(File& file) {
    const auto frame = wal::encode_end(tail().last, std::max({options_.now, scan_.now_max, options_.snapshot.now}),
                                       tail().header.seed(), tail().digest, tail().end_offset, tail().cipher.get());
    auto done = pwrite_all(file, frame, tail().end_offset);
    if (done) done = file.fdatasync();
    if (!done) return disk_refusal("cannot end", tail().name, done.error());
    return {};
}

void Execution::remove_spares(const Listing& listing) {
    for (const auto* names : {&listing.spares, &listing.leftovers})
        for (const std::string& name : *names)
            if (auto done = fs_.unlink(name); !done) notice("cannot remove " + name + ": " + done.error().message());
}

// They would be tried again at every start, and an operator may want to look at them.
LogResult<void> Execution::set_snapshots_aside() {
    if (options_.damaged_snapshots.empty()) return {};
    const auto directory = make_lost_directory(fs_, options_.now);
    if (!directory) return directory.error();
    for (const std::string& name : options_.damaged_snapshots) {
        if (auto done = move_to_lost(fs_, *directory, name); !done) return done;
        notice(name + " is damaged and set aside in " + *directory);
    }
    report_.snapshots_damaged = options_.damaged_snapshots.size();
    return {};
}

// A snapshot has its name only when the log is durable up to its LSN. So whatever stands in for a damaged one must reach as far:
// anything less would be an older state that passes for the newest.
void require_what_damage_held(const RecoveryOptions& options, Scan& scan) {
    Lsn held{};
    for (const std::string& name : options.damaged_snapshots) held = later(held, parse_snapshot_name(name).value_or(Lsn{}));
    const Lsn found = later(scan.last(), options.snapshot.last);
    if (value(found) >= value(held)) return;
    scan.found.short_of_snapshot = true;
    if (decide(scan.found) != Verdict::refuse_short) return;  // the problem is another one
    if (!scan.problem.empty()) scan.problem += "; ";
    scan.problem +=
        "LSN " + std::to_string(value(found) + 1) + " to " + std::to_string(value(held)) + " are not in the log either";
}

WalStart start_after(const Scan& scan, const SnapshotInUse& snapshot, RandomSource& random) {
    WalStart start;
    start.epoch = std::max(scan.epoch, snapshot.epoch) + 1;
    start.last = later(scan.last(), snapshot.last);
    start.directory_id = scan.tail ? scan.directory_id : snapshot.directory_id;
    start.token_secret = scan.tail ? scan.token_secret : snapshot.token_secret;
    if (!scan.tail && value(snapshot.last) == 0) {
        random.fill(start.directory_id);
        random.fill(start.token_secret);
    }
    if (scan.last() != start.last || !scan.tail) return start;  // the log ends below the snapshot: nothing that follows it
    const ScannedTail& tail = *scan.tail;
    start.predecessor_length = tail.empty() ? tail.header.predecessor_length
                               : tail.end == wal::ReadEnd::sealed
                                   ? tail.end_offset
                                   : tail.end_offset + wal::end_frame_bytes(tail.header.seal.sealed());
    return start;
}

// All of them, also those that only the older snapshot of the pair needs, which were not read.
Result<LogFiles> kept_files(FileSystem& fs, const Scan& scan) {
    auto listing = list_data(fs);
    if (!listing) return listing.error();
    std::vector<Listing::Segment>& segments = listing->segments;
    if (scan.tail && scan.tail->empty()) std::erase_if(segments, [&](const auto& s) { return s.name == scan.tail->name; });
    return measure(fs, segments);
}

}  // namespace

std::string reason(Verdict verdict) {
    switch (verdict) {
        case Verdict::start:
        case Verdict::set_aside_and_start: return "nothing is wrong";
        case Verdict::refuse_in_use: return "in use by another process";
        case Verdict::refuse_newer: return "written by a newer version";
        case Verdict::refuse_key: return "encrypted, and no key given opens it";
        case Verdict::refuse_plain: return "not encrypted, although a key is configured";
        case Verdict::refuse_foreign: return "files of two data directories";
        case Verdict::refuse_gap: return "a part of the log is missing";
        case Verdict::refuse_damage: return "the log is damaged";
        case Verdict::refuse_short: return "a snapshot is damaged, and what is left is an older state";
        case Verdict::refuse_undecodable: return "the log holds a record that this version cannot apply";
    }
    return "unknown";
}

Refusal refusal(Verdict verdict, const std::string& directory_name, const std::string& problem) {
    std::string text = directory_name + ": " + reason(verdict);
    if (!problem.empty()) text += ": " + problem;
    if (verdict != Verdict::refuse_in_use) text += " (nothing was changed)";
    return {text};
}

LogResult<Judged> judge_log(FileSystem& fs, const Listing& listing, const RecoveryOptions& options, ReplaySink& sink,
                            RecoveryProgress& progress) {
    ReplayPool pool(sink);
    auto scan = scan_log(fs, listing, {options.snapshot.last, options.snapshot.directory_id, options.encryption}, pool, progress);
    const auto failed = pool.finish();
    if (!scan) return scan.error();
    if (failed) {
        scan->found.undecodable = true;
        if (scan->found.damage != Damage::durable) scan->problem = "LSN " + std::to_string(value(*failed));
    }
    require_what_damage_held(options, *scan);
    const Verdict verdict = decide(scan->found);
    return Judged{std::move(*scan), verdict};
}

std::string why_refused(const Judged& judged, const RecoveryOptions& options) {
    const std::string& snapshot = options.snapshot_problem;
    return snapshot.empty() ? judged.scan.problem : snapshot + "; " + judged.scan.problem;
}

LogResult<Recovered> recover_log(FileSystem& fs, const RecoveryOptions& options, ReplaySink& sink, RandomSource& random,
                                 RecoveryProgress& progress) {
    const auto listing = list_data(fs);
    if (!listing) return disk_refusal("cannot list", options.directory_name, listing.error());
    auto judged = judge_log(fs, *listing, options, sink, progress);
    if (!judged) return judged.error();
    if (refuses(judged->verdict)) return refusal(judged->verdict, options.directory_name, why_refused(*judged, options));
    const Scan* scan = &judged->scan;
    if (const Lsn last = later(scan->last(), options.snapshot.last); last > lsn_start_max)
        return Refusal{options.directory_name + ": its last LSN is " + std::to_string(value(last)) +
                       ", and a server goes on from " + std::to_string(value(lsn_start_max)) + " at most (nothing was changed)"};

    Recovered recovered;
    RecoveryReport& report = recovered.report;
    Execution execution(fs, options, *scan, report);
    if (scan->tail) {
        if (auto done = execution.end_tail(); !done) return done.error();
    }
    if (auto done = execution.set_snapshots_aside(); !done) return done.error();
    execution.remove_spares(*listing);
    recovered.start = start_after(*scan, options.snapshot, random);
    recovered.start.keys = options.encryption.keys;
    report.snapshot = options.snapshot;
    report.last = recovered.start.last;
    report.durable = scan->durable;
    report.epoch = scan->epoch;
    if (scan->tail || value(options.snapshot.last) != 0) report.directory_id = hex(recovered.start.directory_id);
    report.now_max = std::max(scan->now_max, options.snapshot.now);
    report.log_bytes_above = scan->bytes_above;
    report.segments = scan->segments;
    report.bytes = scan->bytes;
    report.records = scan->records;
    const auto kept = kept_files(fs, *scan);
    if (!kept) return disk_refusal("cannot look at the log's files of", options.directory_name, kept.error());
    recovered.kept = *kept;
    return recovered;
}

}  // namespace storage
