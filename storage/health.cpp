// SPDX-License-Identifier: MIT
#include "storage/health.hpp"

#include <algorithm>
#include <utility>

#include "storage/effect.hpp"
#include "storage/log_chains.hpp"

namespace storage {

namespace {

// Takes what decodes, keeps nothing.
class DecodeOnly final : public ReplaySink {
public:
    bool replay(unsigned, Lsn, std::span<const std::byte> record) override {
        return read_record(
            record, [](std::string_view) { return true; }, [](const Effect&) {});
    }
};

std::string lsn_text(Lsn lsn) { return std::to_string(value(lsn)); }

class Examiner {
public:
    Examiner(Health& health, const Encryption& encryption) : health_(health), survey_(health.survey), keys_(encryption.keys) {}

    void run() {
        look_at_snapshots();
        look_at_segments();
        look_at_links();
        look_at_outlook();
        look_at_pair();
        look_at_owners();
        look_at_seals();
        for (const NamedBytes& leftover : survey_.leftovers)
            note(printable(leftover.name) + " was never finished or is on its way out; a start removes it");
    }

private:
    void damage(std::string text) { health_.findings.push_back({true, std::move(text)}); }
    void note(std::string text) { health_.findings.push_back({false, std::move(text)}); }

    void look_at_snapshots() {
        for (const SnapshotFacts& snapshot : survey_.snapshots) {
            if (snapshot.fault) damage(snapshot.fault->text);
            if (!snapshot.chain_fault.empty()) damage(snapshot.name + ": " + snapshot.chain_fault);
        }
    }

    void look_at_segments() {
        const bool crash = survey_.ends_in_crash();
        for (std::size_t i = 0; i < survey_.segments.size(); ++i) {
            const SegmentFacts& segment = survey_.segments[i];
            if (crash && i + 1 == survey_.segments.size()) {
                note(segment.name + ": " + std::to_string(segment.bytes_until - segment.end_offset) + " bytes after LSN " +
                     lsn_text(segment.last) + " are what a crash left; a start sets them aside");
                continue;
            }
            for (const BadPlace& bad : segment.bad)
                damage(segment.name + " at byte " + std::to_string(bad.offset) + ": " + bad.what);
            if (segment.bad_places > segment.bad.size())
                damage(segment.name + ": " + std::to_string(segment.bad_places - segment.bad.size()) + " bad places more");
            if (lacks_end(survey_, i))
                damage(segment.name + " at byte " + std::to_string(segment.end_offset) + ": the end frame is missing");
        }
    }

    void look_at_links() {
        for (std::size_t i = 1; i < survey_.segments.size(); ++i) {
            const SegmentFacts &before = survey_.segments[i - 1], &after = survey_.segments[i];
            if (!legible(before) || !legible(after)) continue;
            const Lsn wanted = after.header->predecessor_last;
            switch (link_of(before, after)) {
                case Link::follows: break;
                case Link::begun_anew:
                    note(after.name + " was begun upon a snapshot: the log has no LSN " + lsn_text(next(before.last)) + " to " +
                         lsn_text(wanted));
                    break;
                case Link::broken:
                    if (!sound(survey_, i - 1)) break;  // which is said already
                    damage(after.name + " does not follow " + before.name +
                           (wanted > before.last
                                ? ": LSN " + lsn_text(next(before.last)) + " to " + lsn_text(wanted) + " are missing"
                                : ": it was written after another one"));
            }
        }
    }

    void look_at_outlook() {
        const Outlook& outlook = health_.outlook;
        if (!outlook.starts()) damage("a start refuses: " + outlook.problem);
        if (outlook.starts() && value(outlook.snapshot_last) != 0 && !survey_.segments.empty() &&
            survey_.segments.back().last < outlook.snapshot_last)
            note("the log ends at LSN " + lsn_text(survey_.segments.back().last) + ", below " + outlook.snapshot +
                 ", which is the state");
    }

    // Could the older one of the pair stand in for the one that a start loads?
    void look_at_pair() {
        if (!health_.outlook.starts() || value(health_.outlook.snapshot_last) == 0) return;
        const SnapshotFacts* older = nullptr;
        bool chain_begun = false;  // the newest chain's full snapshot was passed
        for (auto each = survey_.snapshots.rbegin(); each != survey_.snapshots.rend() && older == nullptr; ++each) {
            if (!each->usable()) continue;
            if (chain_begun) older = &*each;
            chain_begun = chain_begun || each->header->full();
        }
        if (older == nullptr) return;
        if (reach(survey_, older->named).last < health_.outlook.last)
            note("the log does not reach down to " + older->name + ": it could not stand in for " + health_.outlook.snapshot);
    }

    // A start reads the newest only, and would one day load the other in its place.
    void look_at_owners() {
        const SnapshotFacts* newest = nullptr;
        for (auto each = survey_.snapshots.rbegin(); each != survey_.snapshots.rend(); ++each) {
            if (!each->usable()) continue;
            if (newest == nullptr) newest = &*each;
            if (each->header->directory_id != newest->header->directory_id)
                damage(each->name + " belongs to another data directory than " + newest->name);
        }
    }

    // Whoever can write the directory could have written a plain file.
    void look_at_seals() {
        if (!keys_) return;
        const auto look = [&](const auto& file) {
            if (file.header && !file.header->seal.sealed()) note(file.name + " is not sealed: no key says who wrote it");
        };
        for (const SnapshotFacts& snapshot : survey_.snapshots) look(snapshot);
        for (const SegmentFacts& segment : survey_.segments) look(segment);
    }

    Health& health_;
    const Survey& survey_;
    const std::shared_ptr<KeyRing>& keys_;
};

}  // namespace

bool Health::sound() const {
    return outlook.starts() && std::none_of(findings.begin(), findings.end(), [](const Finding& f) { return f.damage; });
}

LogResult<Judged> judge_without_store(FileSystem& fs, const Listing& listing, const RecoveryOptions& options,
                                      RecoveryProgress& progress) {
    DecodeOnly sink;
    return judge_log(fs, listing, options, sink, progress);
}

RecoveryOptions recovery_options(const Survey& survey, const Encryption& encryption) {
    RecoveryOptions options;
    options.encryption = encryption;
    for (auto each = survey.snapshots.rbegin(); each != survey.snapshots.rend(); ++each) {
        if (each->usable()) {
            options.snapshot.name = each->name;
            options.snapshot.last = each->footer->last;
            options.snapshot.epoch = each->header->epoch;
            options.snapshot.directory_id = each->header->directory_id;
            options.snapshot.token_secret = each->token_secret;
            options.snapshot.now = each->footer->now;
            break;
        }
        if (options.snapshot_problem.empty())
            options.snapshot_problem = each->fault ? each->fault->text : each->name + ": " + each->chain_fault;
        options.damaged_snapshots.push_back(each->name);
    }
    return options;
}

LogResult<Health> check_health(FileSystem& fs, const Encryption& encryption, RecoveryProgress& progress) {
    auto survey = survey_directory(fs, encryption, Depth::records, progress);
    if (!survey) return survey.error();
    if (const std::string closed = survey->closed(); !closed.empty()) return Refusal{closed};
    Health health;
    health.survey = std::move(*survey);
    const RecoveryOptions options = recovery_options(health.survey, encryption);
    const auto judged = judge_without_store(fs, health.survey.listing, options, progress);
    if (!judged) return judged.error();
    Outlook& outlook = health.outlook;
    outlook.verdict = judged->verdict;
    if (!outlook.starts()) outlook.problem = reason(judged->verdict) + ": " + why_refused(*judged, options);
    outlook.snapshot = options.snapshot.name;
    outlook.snapshot_last = options.snapshot.last;
    outlook.last = later(judged->scan.last(), options.snapshot.last);
    Examiner(health, encryption).run();
    return health;
}

}  // namespace storage
