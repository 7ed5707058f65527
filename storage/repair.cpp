// SPDX-License-Identifier: MIT
#include "storage/repair.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "storage/lost_directory.hpp"
#include "storage/repair_state.hpp"
#include "storage/snapshot_attempt.hpp"

namespace storage {

namespace {

class Repair {
public:
    Repair(FileSystem& fs, const RepairPlan& plan, const Survey& survey, const Encryption& encryption, Clock& clock,
           RandomSource& random, RecoveryProgress& progress)
        : fs_(fs), plan_(plan), survey_(survey), encryption_(encryption), clock_(clock), random_(random), progress_(progress) {}

    LogResult<Repaired> run() {
        if (plan_.writes_snapshot) {
            if (auto done = keep_namesake(); !done) return done.error();
            if (auto done = write_snapshot(); !done) return done.error();
        }
        for (const bool snapshots : {true, false})
            if (auto done = move(snapshots); !done) return done.error();
        return std::move(repaired_);
    }

private:
    LogResult<void> keep_namesake();
    LogResult<void> need_lost_directory();
    LogResult<void> move(bool snapshots);
    LogResult<void> write_snapshot();

    FileSystem& fs_;
    const RepairPlan& plan_;
    const Survey& survey_;
    const Encryption& encryption_;
    Clock& clock_;
    RandomSource& random_;
    RecoveryProgress& progress_;
    Repaired repaired_;
};

LogResult<void> Repair::need_lost_directory() {
    if (!repaired_.lost_directory.empty()) return {};
    auto made = make_lost_directory(fs_, clock_.unix_ms());
    if (!made) return made.error();
    repaired_.lost_directory = std::move(*made);
    return {};
}

// A damaged snapshot of the name that the new one gets: that name must be there at every moment, so it cannot be moved.
LogResult<void> Repair::keep_namesake() {
    const std::string name = snapshot_name(plan_.last);
    const bool there = std::any_of(plan_.moved.begin(), plan_.moved.end(), [&](const auto& file) { return file.name == name; });
    if (!there) return {};
    if (auto done = need_lost_directory(); !done) return done;
    return copy_to_lost(fs_, repaired_.lost_directory, name);
}

LogResult<void> Repair::move(bool snapshots) {
    for (const MovedFile& file : plan_.moved) {
        if (parse_snapshot_name(file.name).has_value() != snapshots || file.name == repaired_.snapshot) continue;
        if (auto done = need_lost_directory(); !done) return done;
        if (auto done = move_to_lost(fs_, repaired_.lost_directory, file.name); !done) return done;
    }
    return {};
}

LogResult<void> Repair::write_snapshot() {
    Settings settings;
    settings.session_dead_max = std::numeric_limits<std::uint64_t>::max();  // how many are remembered is the server's to say
    Journal journal({.last = plan_.last});
    journal.recovered(plan_.last);
    Store store({.now = plan_.now_max}, journal, random_, settings);
    if (auto done = load_state(fs_, plan_, survey_, encryption_, store, progress_); !done) return done;
    snapshot::Header header;
    header.directory_id = plan_.directory_id;
    header.epoch = plan_.epoch;
    header.begun_at = plan_.last;
    header.created_at = clock_.unix_ms();
    random_.fill(header.salt);
    SnapshotAttempt attempt({fs_, journal, [] {}, encryption_, plan_.token_secret, store, clock_,
                             [](const std::function<void()>& turn) { turn(); }, [] { return false; }},
                            header, {});
    const auto footer = attempt.run(plan_.now_max);
    if (!footer) return footer.error();
    repaired_.snapshot = snapshot_name(footer->last);
    repaired_.records = footer->records();
    return {};
}

}  // namespace

LogResult<Repaired> apply_repair(FileSystem& fs, const RepairPlan& plan, const Survey& survey, const Encryption& encryption,
                                 Clock& clock, RandomSource& random, RecoveryProgress& progress) {
    return Repair(fs, plan, survey, encryption, clock, random, progress).run();
}

}  // namespace storage
