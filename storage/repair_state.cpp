// SPDX-License-Identifier: MIT
#include "storage/repair_state.hpp"

#include <algorithm>
#include <thread>
#include <utility>

#include "storage/seal_check.hpp"
#include "storage/snapshot_load.hpp"
#include "storage/store_replay.hpp"

namespace storage {

namespace {

// Hands the records (base_last, last] to the pool, each once. The plan has seen that they are there.
class StateReader {
public:
    StateReader(FileSystem& fs, const RepairPlan& plan, const Encryption& encryption, ReplayPool& pool)
        : fs_(fs), encryption_(encryption), pool_(pool), last_(plan.base_last), until_(plan.last) {}

    LogResult<void> run(std::span<const SegmentFacts> segments) {
        for (const SegmentFacts& segment : segments) {
            if (last_ >= until_) break;
            const bool needed = std::any_of(segment.runs.begin(), segment.runs.end(), [&](const LsnRun& run) {
                return value(run.first) <= value(last_) + 1 && run.last > last_;
            });
            if (!needed) continue;
            if (auto done = read(segment); !done) return done;
        }
        if (last_ != until_)
            return Refusal{"LSN " + std::to_string(value(last_) + 1) + " was there when the plan was made, and is not now"};
        return {};
    }

private:
    LogResult<void> read(const SegmentFacts& segment);
    void take(const wal::Frame& frame);

    FileSystem& fs_;
    const Encryption& encryption_;
    ReplayPool& pool_;
    Lsn last_;
    const Lsn until_;
};

LogResult<void> StateReader::read(const SegmentFacts& segment) {
    const auto file = fs_.open_read(segment.name);
    if (!file) return disk_refusal("cannot open", segment.name, file.error());
    wal::HeaderBlock block{};
    const auto got = pread_full(**file, block, 0);
    if (!got) return disk_refusal("cannot read", segment.name, got.error());
    CheckedSeal seal = check_seal(encryption_, FilePurpose::wal, segment.name, segment.header->seal, segment.header->salt, block);
    if (seal.state != SealState::readable) return Refusal{seal.problem};
    wal::SegmentReader reader(**file, segment.bytes, *segment.header, std::move(seal.cipher));
    wal::Frame frame;
    for (;;) {
        auto end = reader.next(frame);
        for (; end && *end == wal::ReadEnd::none; end = reader.next(frame)) take(frame);
        if (end && (*end == wal::ReadEnd::torn || *end == wal::ReadEnd::corrupt)) end = reader.resume();
        if (!end) return disk_refusal("cannot read", segment.name, end.error());
        if (*end != wal::ReadEnd::none || last_ >= until_) return {};
    }
}

// What of the frame is the next records, up to the last that is wanted.
void StateReader::take(const wal::Frame& frame) {
    if (frame.header.first_lsn > next(last_) || frame.header.last_lsn() <= last_) return;
    wal::Entries entries(frame.payload);
    std::span<const std::byte> record;
    std::size_t at = 0, begin = 0;
    const Lsn first = next(last_);
    for (Lsn lsn = frame.header.first_lsn; lsn <= until_ && entries.next(record); lsn = next(lsn)) {
        at += wal::entry_length_bytes + record.size();
        lsn < first ? void(begin = at) : void(last_ = lsn);
    }
    if (last_ >= first) pool_.add(first, frame.payload.subspan(begin, at - begin));
}

}  // namespace

LogResult<void> load_state(FileSystem& fs, const RepairPlan& plan, const Survey& survey, const Encryption& encryption,
                           Store& store, RecoveryProgress& progress) {
    const unsigned threads = std::max(1U, std::thread::hardware_concurrency());
    if (!plan.base.empty()) {
        const auto loaded = load_snapshot(fs, plan.base, encryption, store, threads, progress.bytes_read);
        if (!loaded) return Refusal{loaded.error().text};
    }
    StoreReplay sink(store, threads);
    ReplayPool pool(sink);
    const auto of_plan = std::span(survey.segments).subspan(plan.log.begin, plan.log.end - plan.log.begin);
    auto read = StateReader(fs, plan, encryption, pool).run(of_plan);
    const auto failed = pool.finish();
    if (!read) return read;
    if (failed) return Refusal{"LSN " + std::to_string(value(*failed)) + " does not decode"};
    finish_replay(sink, plan.now_max);
    return {};
}

}  // namespace storage
