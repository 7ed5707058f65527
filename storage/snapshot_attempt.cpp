// SPDX-License-Identifier: MIT
#include "storage/snapshot_attempt.hpp"

#include <algorithm>
#include <utility>

#include "storage/effect.hpp"
#include "storage/log_range.hpp"
#include "storage/snapshot_load.hpp"

namespace storage {

namespace {

constexpr std::uint64_t turn_ns = 100'000;         // what a turn may take of an io thread's time, in slices of some 10 us
constexpr std::uint64_t stint_ns = 200'000;        // what the snapshot's own thread reads back before it rests
constexpr std::uint64_t rest_most_ns = 1'000'000;  // a busy machine does not stretch it without end
constexpr std::uint64_t look_again_ns = 10'000'000;

Slot first_slot(std::uint32_t shard, std::uint32_t shards) { return static_cast<Slot>(slot_count / shards * shard); }
Slot last_slot(std::uint32_t shard, std::uint32_t shards) { return static_cast<Slot>(slot_count / shards * (shard + 1) - 1); }

bool takes_something_out(std::span<const std::byte> record) {
    bool found = false;
    (void)read_record(
        record, [](std::string_view) { return true; },
        [&](const Effect& effect) {
            found = found || std::holds_alternative<RemoveSession>(effect) || std::holds_alternative<RemoveString>(effect) ||
                    std::holds_alternative<Flush>(effect);
        });
    return found;
}

Refusal given_up_refusal() { return {"given up: the server stops, or the log needs the disk"}; }

Refusal failed(const std::string& what, const boost::system::error_code& error) { return {what + ": " + error.message()}; }

}  // namespace

SnapshotAttempt::SnapshotAttempt(const Parts& parts, const snapshot::Header& header, SnapshotWriter::Compress compress)
    : parts_(parts),
      begun_at_(header.begun_at),
      above_(header.base_last),
      writer_(parts_.files, seal_new_file(header, parts_.encryption, parts_.token_secret), compress) {}

LogResult<snapshot::Footer> SnapshotAttempt::run(UnixMs now) {
    if (auto done = writer_.begin(); !done) return failed("cannot begin a snapshot", done.error());
    if (auto done = copy_removals(); !done) return done.error();
    if (auto done = copy_records(); !done) return done.error();
    footer_.last = parts_.journal.appended();
    footer_.now = std::max(now, parts_.clock.unix_ms());  // of S1: records changed since the beginning
    if (auto done = wait_until_durable(footer_.last); !done) return done.error();
    if (auto done = copy_log(); !done) return done.error();
    const auto footer = writer_.finish(footer_);
    if (!footer) return failed("cannot write the snapshot", footer.error());
    // Read once as a start would: what cannot be loaded gets no name, and no log is removed for its sake.
    bool stopped = false;  // a reason to stop may be gone again, but not all was read then
    std::uint64_t begun = parts_.clock.monotonic_ns();
    const auto stop = [&] {
        if (const std::uint64_t ended = parts_.clock.monotonic_ns(); ended - begun >= stint_ns) {
            rest_after(begun, ended);
            begun = parts_.clock.monotonic_ns();
        }
        return stopped = stopped || parts_.abandon();
    };
    const SnapshotCheck check{.stop = stop};
    if (const auto sound = verify_snapshot(parts_.files, snapshot_part_name, parts_.encryption, check); !sound)
        return Refusal{"what was written does not read back: " + sound.error().text};
    if (stopped) return given_up_refusal();
    if (auto done = writer_.publish(footer->last); !done) return failed("cannot name the snapshot", done.error());
    return *footer;
}

LogResult<void> SnapshotAttempt::given_up() const {
    if (parts_.abandon()) return given_up_refusal();
    return {};
}

void SnapshotAttempt::begin_turn(Turn& turn) {
    turn.done.store(false, std::memory_order_relaxed);
    turn.asked_ns = parts_.clock.monotonic_ns();
    parts_.run_turn([this, &turn] {
        turn.ended_ns = parts_.clock.monotonic_ns();
        const std::uint64_t until = turn.ended_ns + turn_ns;
        do {
            more_ = parts_.store.copy_slice(walk_, above_, turn.part);
            turn.ended_ns = parts_.clock.monotonic_ns();
        } while (more_ && turn.part.bytes.size() < snapshot::block_payload_target && turn.ended_ns < until);
        turn.done.store(true, std::memory_order_release);
        turn.done.notify_one();
    });
}

// From its end on twice as long as the work took with its waits: less than a third of an io thread, or of a processor for the
// snapshot's own. A turn that waited in the queue of a busy io thread takes next to nothing of it.
void SnapshotAttempt::rest_after(std::uint64_t begun_ns, std::uint64_t ended_ns) {
    if (!parts_.rest) return;
    const std::uint64_t until = ended_ns + std::clamp(2 * (ended_ns - begun_ns), 2 * turn_ns, rest_most_ns);
    if (const std::uint64_t now = parts_.clock.monotonic_ns(); now < until) parts_.rest(until - now);
}

LogResult<void> SnapshotAttempt::copy_records() {
    std::array<Turn, 2> turns;
    std::size_t filling = 0;
    LogResult<void> done;
    begin_turn(turns[filling]);
    for (bool more = true; more;) {
        Turn& turn = turns[filling];
        turn.done.wait(false, std::memory_order_acquire);
        rest_after(turn.asked_ns, turn.ended_ns);  // its wait in the io thread's queue is counted
        more = more_ && done.has_value();
        const bool full = turn.part.bytes.size() >= snapshot::block_payload_target || !more;
        if (full) filling ^= 1;
        if (more) begin_turn(turns[filling]);  // the next turn runs while this part is written
        if (full && done) done = write_part(turn.part);
    }
    return done;
}

LogResult<void> SnapshotAttempt::add(const snapshot::BlockHeader& block, std::string_view payload) {
    const std::uint64_t begun = parts_.clock.monotonic_ns();
    if (auto done = writer_.add(block, payload); !done) return failed("cannot write the snapshot", done.error());
    rest_after(begun, parts_.clock.monotonic_ns());
    return given_up();
}

LogResult<void> SnapshotAttempt::write_part(Store::SnapshotPart& part) {
    const std::uint32_t shards = parts_.store.shard_count();
    snapshot::BlockHeader block{.kind = snapshot::BlockKind::records, .entries = part.entries};
    block.first_slot = first_slot(part.first_shard, shards);
    block.last_slot = last_slot(part.last_shard, shards);
    if (auto done = add(block, part.bytes); !done) return done;
    footer_.sessions += part.sessions;
    footer_.strings += part.strings;
    footer_.dead += part.dead;
    std::string kept = std::move(part.bytes);  // its memory
    part = {};
    kept.clear();
    part.bytes = std::move(kept);
    return {};
}

LogResult<void> SnapshotAttempt::wait_until_durable(Lsn lsn) {
    for (;;) {
        if (auto going_on = given_up(); !going_on) return going_on;
        parts_.request_sync();
        if (parts_.journal.wait_for_durable(lsn, look_again_ns)) return {};
    }
}

// The records of the log since the base that take something out, whole; what they put in is copied again, or taken out later.
LogResult<void> SnapshotAttempt::copy_removals() {
    if (value(above_) == 0) return {};
    if (auto done = wait_until_durable(begun_at_); !done) return done;
    std::string payload;
    snapshot::BlockHeader block{.kind = snapshot::BlockKind::removals};
    const auto write = [&]() -> LogResult<void> {
        if (auto done = add(block, payload); !done) return done;
        payload.clear();
        block.entries = 0;
        return {};
    };
    auto done = read_log_range(parts_.files, parts_.encryption, above_, begun_at_,
                               [&](Lsn first, std::uint32_t, std::span<const std::byte> entries) -> LogResult<void> {
                                   wal::Entries all(entries);
                                   std::span<const std::byte> record;
                                   for (Lsn lsn = first; all.next(record); lsn = next(lsn)) {
                                       if (!takes_something_out(record)) continue;
                                       snapshot::Removals::add(payload, lsn, record);
                                       ++block.entries;
                                   }
                                   return payload.size() < snapshot::block_payload_target ? LogResult<void>() : write();
                               });
    return done ? write() : done;
}

LogResult<void> SnapshotAttempt::copy_log() {
    return read_log_range(parts_.files, parts_.encryption, begun_at_, footer_.last,
                          [&](Lsn first, std::uint32_t count, std::span<const std::byte> entries) -> LogResult<void> {
                              snapshot::BlockHeader block{.kind = snapshot::BlockKind::log, .entries = count};
                              block.first_lsn = first;
                              const std::string_view payload(reinterpret_cast<const char*>(entries.data()), entries.size());
                              return add(block, payload);
                          });
}

}  // namespace storage
