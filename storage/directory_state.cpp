// SPDX-License-Identifier: MIT
#include "storage/directory_state.hpp"

#include <algorithm>
#include <utility>

#include "storage/data_directory.hpp"
#include "storage/recovery_snapshot.hpp"
#include "storage/slot.hpp"
#include "storage/snapshot_load.hpp"
#include "storage/store_replay.hpp"

namespace storage {

namespace {

constexpr unsigned replay_workers = 2;  // each has its own shards, so their number leaves the order alone

snapshot::Header header_of(const StateWriter::Origin& origin, RandomSource& random) {
    snapshot::Header header;
    random.fill(header.directory_id);
    random.fill(header.salt);
    header.epoch = 1;
    header.begun_at = origin.last;
    header.created_at = origin.created_at;
    return header;
}

void count(const SnapshotEntry& entry, snapshot::Footer& footer) {
    if (std::holds_alternative<PutSession>(entry.effect)) ++footer.sessions;
    if (std::holds_alternative<PutString>(entry.effect)) ++footer.strings;
    if (std::holds_alternative<PutDead>(entry.effect)) ++footer.dead;
}

void say_what_is_left_out(const RecoveryOptions& options, const Scan& scan) {
    if (!options.notice) return;
    for (const std::string& name : options.damaged_snapshots) options.notice(name + " is damaged and was passed over");
    if (scan.tail && scan.tail->bytes_until > scan.tail->end_offset)
        options.notice(std::to_string(scan.tail->bytes_until - scan.tail->end_offset) + " bytes of " + scan.tail->name +
                       " after LSN " + std::to_string(value(scan.tail->last)) +
                       " were left by a crash, promised to nobody, and are left out");
}

}  // namespace

LogResult<DirectoryState> read_state(FileSystem& fs, RecoveryOptions options, Store& store, RecoveryProgress& progress) {
    if (auto done = recover_snapshot(fs, options, store, 1, progress); !done) return done.error();
    const auto listing = list_data(fs);
    if (!listing) return disk_refusal("cannot list", options.directory_name, listing.error());
    StoreReplay sink(store, replay_workers);
    const auto judged = judge_log(fs, *listing, options, sink, progress);
    if (!judged) return judged.error();
    if (refuses(judged->verdict)) return refusal(judged->verdict, options.directory_name, why_refused(*judged, options));
    const Scan* scan = &judged->scan;
    say_what_is_left_out(options, *scan);
    DirectoryState state;
    state.empty = !scan->tail && value(options.snapshot.last) == 0;
    state.directory_id = scan->tail ? scan->directory_id : options.snapshot.directory_id;
    state.token_secret = scan->tail ? scan->token_secret : options.snapshot.token_secret;
    state.last = later(scan->last(), options.snapshot.last);
    state.now = std::max(scan->now_max, options.snapshot.now);
    return state;
}

bool is_over(const SnapshotEntry& entry, UnixMs now) {
    if (const auto* s = std::get_if<PutSession>(&entry.effect)) {
        const bool idle = s->idle_ms != 0 && s->last_active + s->idle_ms <= now;
        return idle || (s->expires_at != 0 && s->expires_at <= now);
    }
    if (const auto* s = std::get_if<PutString>(&entry.effect)) return s->expires_at != 0 && s->expires_at <= now;
    return std::get<PutDead>(entry.effect).until <= now;
}

void each_record(Store& store, FunctionRef<bool(const SnapshotEntry&)> visit) {
    Store::SnapshotWalk walk;
    Store::SnapshotPart part;
    SnapshotEntry entry;
    for (bool more = true; more;) {
        more = store.copy_slice(walk, Lsn{}, part);
        SnapshotEntries entries(part.bytes);
        while (entries.next(entry))
            if (!visit(entry)) return;
        part.bytes.clear();
        part.entries = 0;
    }
}

StateWriter::StateWriter(FileSystem& fs, const Origin& origin, RandomSource& random)
    : fs_(fs),
      origin_(origin),
      writer_(fs, seal_new_file(header_of(origin, random), origin.encryption, origin.token_secret), {}) {
    footer_.last = origin.last;
    footer_.now = origin.now;
    block_.first_slot = slot_count - 1;
}

LogResult<void> StateWriter::begin() {
    if (auto done = writer_.begin(); !done) return disk_refusal("cannot write into", origin_.directory_name, done.error());
    return {};
}

LogResult<void> StateWriter::add(const SnapshotEntry& entry) {
    pack(entry, payload_);
    count(entry, footer_);
    ++block_.entries;
    const Slot slot = slot_of(entry.route());
    block_.first_slot = std::min(block_.first_slot, slot);
    block_.last_slot = std::max(block_.last_slot, slot);
    return payload_.size() < snapshot::block_payload_target ? LogResult<void>() : write_block();
}

LogResult<void> StateWriter::write_block() {
    if (auto done = writer_.add(block_, payload_); !done)
        return disk_refusal("cannot write into", origin_.directory_name, done.error());
    payload_.clear();
    block_ = {.kind = snapshot::BlockKind::records};
    block_.first_slot = slot_count - 1;
    return {};
}

LogResult<std::string> StateWriter::publish() {
    if (auto done = write_block(); !done) return done.error();
    const auto footer = writer_.finish(footer_);
    if (!footer) return disk_refusal("cannot write into", origin_.directory_name, footer.error());
    if (const auto sound = verify_snapshot(fs_, snapshot_part_name, origin_.encryption, {}); !sound)
        return Refusal{origin_.directory_name + ": what was written does not read back: " + sound.error().text};
    if (auto done = writer_.publish(footer_.last); !done)
        return disk_refusal("cannot name the snapshot in", origin_.directory_name, done.error());
    return LogResult<std::string>(boost::system::in_place_value, snapshot_name(footer_.last));
}

}  // namespace storage
