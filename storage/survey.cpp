// SPDX-License-Identifier: MIT
#include "storage/survey.hpp"

#include <algorithm>
#include <utility>

namespace storage {

namespace {

LogResult<std::uint64_t> size_of(FileSystem& fs, const std::string& name) {
    const auto file = fs.open_read(name);
    if (!file) return disk_refusal("cannot open", name, file.error());
    const auto bytes = (*file)->size();
    if (!bytes) return disk_refusal("cannot read", name, bytes.error());
    return *bytes;
}

// Of what a start only takes away. One that cannot be opened, a link or a directory, is no reason not to look at the data: 0.
std::vector<NamedBytes> sizes_of(FileSystem& fs, const std::vector<std::string>& names) {
    std::vector<NamedBytes> sizes;
    for (const std::string& name : names) {
        const auto bytes = size_of(fs, name);
        sizes.push_back({name, bytes ? *bytes : 0});
    }
    return sizes;
}

}  // namespace

std::string printable(std::string_view name) {
    std::string line(name);
    std::replace_if(
        line.begin(), line.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
    return line;
}

Lsn Survey::durable() const {
    Lsn durable{};
    for (const SegmentFacts& segment : segments) durable = later(durable, segment.durable);
    return durable;
}

Lsn Survey::last() const {
    Lsn last{};
    for (const SegmentFacts& segment : segments)
        for (const LsnRun& run : segment.runs) last = later(last, run.last);
    for (const SnapshotFacts& snapshot : snapshots)
        if (!snapshot.damaged()) last = later(last, snapshot.named);
    return last;
}

bool Survey::ends_in_crash() const {
    if (segments.empty()) return false;
    const SegmentFacts& tail = segments.back();
    const bool torn = tail.end == wal::ReadEnd::torn || tail.end == wal::ReadEnd::corrupt;
    const bool front_sound = tail.header && tail.header->first_lsn == tail.named && tail.seal != SealState::forged;
    const bool read_on = tail.undecodable.empty() || value(tail.undecodable.front()) > value(tail.last);
    return torn && front_sound && read_on && value(next(tail.last)) > value(durable());
}

std::optional<FirstBad> Survey::first_bad() const {
    for (const SnapshotFacts& snapshot : snapshots) {
        if (!snapshot.damaged()) continue;
        if (snapshot.fault) {
            const std::string& text = snapshot.fault->text;
            const auto colon = text.find(": ");
            return FirstBad{snapshot.name, snapshot.fault->offset, colon == text.npos ? text : text.substr(colon + 2), false};
        }
        return FirstBad{snapshot.name, 0, snapshot.chain_fault, false};
    }
    for (const SegmentFacts& segment : segments) {
        if (segment.bad.empty()) continue;
        const bool crash = &segment == &segments.back() && ends_in_crash();
        return FirstBad{segment.name, segment.bad.front().offset, segment.bad.front().what, crash};
    }
    return std::nullopt;
}

std::set<std::string> Survey::key_ids() const {
    std::set<std::string> ids;
    for (const SegmentFacts& segment : segments)
        if (segment.header) ids.insert(segment.header->seal.key_id);
    for (const SnapshotFacts& snapshot : snapshots)
        if (snapshot.header) ids.insert(snapshot.header->seal.key_id);
    ids.erase("");
    return ids;
}

std::uint64_t Survey::bytes() const {
    std::uint64_t bytes = 0;
    for (const SegmentFacts& segment : segments) bytes += segment.bytes;
    for (const SnapshotFacts& snapshot : snapshots) bytes += snapshot.bytes;
    for (const auto* files : {&spares, &leftovers})
        for (const NamedBytes& file : *files) bytes += file.bytes;
    return bytes;
}

std::string Survey::closed() const {
    for (const SnapshotFacts& snapshot : snapshots)
        if (snapshot.fault && snapshot.fault->kind != SnapshotFault::Kind::damaged) return snapshot.fault->text;
    for (const SegmentFacts& segment : segments) {
        if (!segment.header && segment.header_fault == HeaderFault::newer)
            return segment.name + " has a format of a newer version";
        if (segment.seal != SealState::readable && segment.seal != SealState::forged) return segment.seal_problem;
    }
    return {};
}

LogResult<Survey> survey_directory(FileSystem& fs, const Encryption& encryption, Depth depth, RecoveryProgress& progress) {
    auto listing = list_data(fs);
    if (!listing) return disk_refusal("cannot list", "the directory", listing.error());
    Survey survey;
    survey.listing = std::move(*listing);
    std::uint64_t total = 0;
    const auto count = [&](const auto& listed) -> LogResult<void> {
        for (const auto& each : listed) {
            const auto bytes = size_of(fs, each.name);
            if (!bytes) return bytes.error();
            total += *bytes;
        }
        return {};
    };
    if (auto done = count(survey.listing.snapshots); !done) return done.error();
    if (auto done = count(survey.listing.segments); !done) return done.error();
    progress.bytes_total.store(total, std::memory_order_relaxed);
    auto snapshots = survey_snapshots(fs, survey.listing.snapshots, encryption, depth, progress);
    if (!snapshots) return snapshots.error();
    survey.snapshots = std::move(*snapshots);
    for (const Listing::Segment& listed : survey.listing.segments) {
        auto segment = survey_segment(fs, listed, encryption, depth, progress);
        if (!segment) return segment.error();
        survey.segments.push_back(std::move(*segment));
    }
    survey.spares = sizes_of(fs, survey.listing.spares);
    survey.leftovers = sizes_of(fs, survey.listing.leftovers);
    return survey;
}

}  // namespace storage
