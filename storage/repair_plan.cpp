// SPDX-License-Identifier: MIT
#include "storage/repair_plan.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <set>
#include <utility>

#include "storage/log_chains.hpp"

namespace storage {

namespace {

constexpr std::uint64_t unknown_epochs = 1U << 20;  // one a start: more than any directory has seen

std::string in_quotes(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
    return text;
}

class Planner {
public:
    Planner(FileSystem& fs, const Health& health, const Encryption& encryption, RecoveryProgress& progress)
        : fs_(fs), health_(health), survey_(health.survey), encryption_(encryption), progress_(progress) {}

    LogResult<RepairPlan> run() {
        if (health_.sound()) return std::move(plan_);
        plan_.needed = true;
        look_for_strangers();
        if (!plan_.impossible.empty()) return std::move(plan_);
        collect();
        choose_state();
        list_dropped();
        if (auto done = choose_segments(); !done) return done.error();
        list_moved();
        return std::move(plan_);
    }

private:
    void look_for_strangers();
    void collect();
    void choose_state();
    void list_dropped();
    void drop_what_no_header_bounds();
    void add_dropped(Lsn first, Lsn last, DroppedWhy why);
    LogResult<void> choose_segments();
    void lift_epoch();
    bool carries_epoch() const;
    LogResult<bool> starts_with(SegmentChain keep, Lsn covered);
    void list_moved();
    std::string why_moved(std::size_t segment) const;

    FileSystem& fs_;
    const Health& health_;
    const Survey& survey_;
    const Encryption& encryption_;
    RecoveryProgress& progress_;
    RepairPlan plan_;
    SegmentChain keep_;
};

// Which directory is meant is not for us to say.
void Planner::look_for_strangers() {
    std::vector<std::pair<Id, std::vector<std::string>>> owners;
    const auto add = [&](const Id& id, const std::string& name) {
        auto owner = std::find_if(owners.begin(), owners.end(), [&](const auto& each) { return each.first == id; });
        if (owner == owners.end()) owner = owners.insert(owners.end(), {id, {}});
        owner->second.push_back(name);
    };
    for (const SnapshotFacts& snapshot : survey_.snapshots)
        if (snapshot.usable()) add(snapshot.header->directory_id, snapshot.name);
    for (const SegmentFacts& segment : survey_.segments)
        if (legible(segment)) add(segment.header->directory_id, segment.name);
    if (owners.size() < 2) return;
    plan_.impossible = "files of two data directories: ";
    for (const auto& owner : owners) plan_.impossible += (&owner == owners.data() ? "" : " and ") + in_quotes(owner.second);
    plan_.impossible += "; move away what does not belong here";
}

void Planner::collect() {
    for (const SnapshotFacts& snapshot : survey_.snapshots) {
        plan_.highest = later(plan_.highest, snapshot.named);
        if (!snapshot.usable()) continue;
        plan_.epoch = std::max(plan_.epoch, snapshot.header->epoch);
        plan_.directory_id = snapshot.header->directory_id;
        plan_.token_secret = snapshot.token_secret;
        plan_.now_max = std::max(plan_.now_max, snapshot.footer->now);
    }
    for (const SegmentFacts& segment : survey_.segments) {
        plan_.highest = later(plan_.highest, segment.durable);
        if (value(segment.named) > 1) plan_.highest = later(plan_.highest, Lsn{value(segment.named) - 1});
        for (const LsnRun& run : segment.runs) plan_.highest = later(plan_.highest, run.last);
        if (!legible(segment)) continue;
        plan_.epoch = std::max(plan_.epoch, segment.header->epoch);
        plan_.directory_id = segment.header->directory_id;
        plan_.token_secret = segment.token_secret;
        plan_.now_max = std::max(plan_.now_max, segment.now_max);
    }
}

void Planner::choose_state() {
    if (health_.outlook.starts()) {
        plan_.base = health_.outlook.snapshot;
        plan_.base_last = health_.outlook.snapshot_last;
        plan_.last = health_.outlook.last;
        plan_.log = reach(survey_, plan_.base_last).segments;
        return;
    }
    const Reach from_nothing = reach(survey_, Lsn{});
    plan_.last = from_nothing.last;
    plan_.log = from_nothing.segments;
    for (const SnapshotFacts& snapshot : survey_.snapshots) {
        if (!snapshot.usable()) continue;
        const Reach reached = reach(survey_, snapshot.footer->last);
        if (reached.last < plan_.last) continue;  // of two that come as far, the newer one
        plan_.base = snapshot.name;
        plan_.base_last = snapshot.footer->last;
        plan_.last = reached.last;
        plan_.log = reached.segments;
    }
}

void Planner::add_dropped(Lsn first, Lsn last, DroppedWhy why) {
    if (first > last) return;
    auto& dropped = plan_.dropped;
    if (!dropped.empty() && dropped.back().why == why && next(dropped.back().last) == first)
        dropped.back().last = last;
    else
        dropped.push_back({first, last, why});
}

void Planner::list_dropped() {
    if (health_.outlook.starts()) return;  // what a crash left is none of it
    std::vector<DroppedLsns> there;
    for (const SegmentFacts& segment : survey_.segments) {
        for (const LsnRun& run : segment.runs) there.push_back({run.first, run.last, DroppedWhy::no_state});
        for (const LsnRun& run : segment.unknown) there.push_back({run.first, run.last, DroppedWhy::unknown});
    }
    std::sort(there.begin(), there.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    Lsn done = plan_.last;
    for (const DroppedLsns& run : there) {
        if (run.last <= done) continue;
        const Lsn first = later(run.first, next(done));
        add_dropped(next(done), Lsn{value(first) - 1}, DroppedWhy::unreadable);
        add_dropped(first, run.last, run.why);
        done = run.last;
    }
    add_dropped(next(done), plan_.highest, DroppedWhy::unreadable);
    drop_what_no_header_bounds();
}

// What a segment without a legible header held ends where the next one begins. Of the last one nothing says it.
void Planner::drop_what_no_header_bounds() {
    if (survey_.segments.empty() || legible(survey_.segments.back())) return;
    const Lsn above = next(later(plan_.last, plan_.highest));
    add_dropped(later(survey_.segments.back().named, above), Lsn{std::numeric_limits<std::uint64_t>::max()},
                DroppedWhy::unreadable);
}

// Would a start with these segments, and a state that covers so much, come to plan_.last and refuse nothing?
LogResult<bool> Planner::starts_with(SegmentChain keep, Lsn covered) {
    Listing listing;
    const auto& all = survey_.listing.segments;
    listing.segments.assign(all.begin() + static_cast<std::ptrdiff_t>(keep.begin),
                            all.begin() + static_cast<std::ptrdiff_t>(keep.end));
    RecoveryOptions options;
    options.encryption = encryption_;
    options.snapshot.last = covered;
    options.snapshot.directory_id = plan_.directory_id;
    const auto judged = judge_without_store(fs_, listing, options, progress_);
    if (!judged) return judged.error();
    const bool well = !refuses(judged->verdict) && later(judged->scan.last(), covered) == plan_.last;
    return {boost::system::in_place_value, well};
}

// New records must not share their (epoch, LSN) with dropped ones, and of those without a legible header nobody knows the epoch.
void Planner::lift_epoch() {
    if (plan_.dropped.empty()) return;
    const bool unknown = std::any_of(survey_.segments.begin(), survey_.segments.end(),
                                     [](const SegmentFacts& segment) { return !legible(segment); });
    if (unknown) plan_.epoch += unknown_epochs;
}

// Would the next start's epoch be above all that are dropped, by what is kept?
bool Planner::carries_epoch() const {
    if (plan_.dropped.empty()) return true;
    std::uint64_t kept = 0;
    for (const SnapshotFacts& snapshot : survey_.snapshots)
        if (snapshot.name == plan_.base) kept = snapshot.header->epoch;
    for (std::size_t i = keep_.begin; i < keep_.end; ++i) kept = std::max(kept, survey_.segments[i].header->epoch);
    return kept >= plan_.epoch;
}

LogResult<void> Planner::choose_segments() {
    std::vector<SegmentChain> chains = chains_of(survey_);
    while (!chains.empty() && survey_.segments[chains.back().end - 1].last > plan_.last) chains.pop_back();
    if (!chains.empty()) keep_ = chains.back();
    lift_epoch();
    const bool lost_above = !plan_.dropped.empty() && plan_.last > plan_.base_last;
    if (!lost_above && carries_epoch()) {
        const auto carried = starts_with(keep_, plan_.base_last);
        if (!carried) return carried.error();
        if (*carried) return {};
    }
    // Also where the base holds the same state: then the new one takes its name, and carries the epoch.
    plan_.writes_snapshot = plan_.last > plan_.base_last || (value(plan_.last) > 0 && !carries_epoch());
    const auto beside = starts_with(keep_, plan_.last);
    if (!beside) return beside.error();
    if (!*beside || value(plan_.last) == 0) keep_ = {};  // of no record nothing is kept: the next start makes a new directory
    return {};
}

std::string Planner::why_moved(std::size_t segment) const {
    const SegmentFacts& facts = survey_.segments[segment];
    if (!legible(facts)) return facts.bad.empty() ? "it cannot be read" : facts.bad.front().what;
    if (!sound(survey_, segment))
        return "damaged at byte " + std::to_string(facts.bad.empty() ? facts.end_offset : facts.bad.front().offset);
    if (lacks_end(survey_, segment)) return "its end frame is missing";
    if (facts.header->first_lsn > plan_.last) return "something before it is lost";
    return plan_.writes_snapshot ? "the new snapshot holds what it held" : "the log around it is broken";
}

void Planner::list_moved() {
    for (const SnapshotFacts& snapshot : survey_.snapshots)
        if (snapshot.damaged())
            plan_.moved.push_back({snapshot.name, snapshot.fault ? snapshot.fault->text : snapshot.chain_fault, snapshot.bytes});
    for (std::size_t i = survey_.segments.size(); i-- > 0;)
        if (i < keep_.begin || i >= keep_.end)
            plan_.moved.push_back({survey_.segments[i].name, why_moved(i), survey_.segments[i].bytes});
}

}  // namespace

std::uint64_t RepairPlan::moved_bytes() const {
    std::uint64_t bytes = 0;
    for (const MovedFile& file : moved) bytes += file.bytes;
    return bytes;
}

LogResult<RepairPlan> plan_repair(FileSystem& fs, const Health& health, const Encryption& encryption,
                                  RecoveryProgress& progress) {
    return Planner(fs, health, encryption, progress).run();
}

}  // namespace storage
