// SPDX-License-Identifier: MIT
#include "storage/log_chains.hpp"

#include <algorithm>

namespace storage {

Link link_of(const SegmentFacts& before, const SegmentFacts& after) {
    const wal::SegmentHeader& header = *after.header;
    if (before.header->directory_id != header.directory_id) return Link::broken;
    if (header.predecessor_last == before.last && header.predecessor_length == before.end_offset) return Link::follows;
    if (header.predecessor_last > before.last && header.predecessor_length == 0) return Link::begun_anew;
    return Link::broken;
}

bool legible(const SegmentFacts& segment) {
    return segment.header && segment.header->first_lsn == segment.named && segment.seal == SealState::readable;
}

bool sound(const Survey& survey, std::size_t segment) {
    const SegmentFacts& facts = survey.segments[segment];
    if (!legible(facts)) return false;
    return facts.whole() || (segment + 1 == survey.segments.size() && survey.ends_in_crash());
}

bool lacks_end(const Survey& survey, std::size_t segment) {
    const SegmentFacts& facts = survey.segments[segment];
    return segment + 1 < survey.segments.size() && facts.whole() && !facts.sealed_end();
}

std::vector<SegmentChain> chains_of(const Survey& survey) {
    std::vector<SegmentChain> chains;
    bool open = false;  // the last one can go on
    for (std::size_t i = 0; i < survey.segments.size(); ++i) {
        if (!sound(survey, i)) {
            open = false;
            continue;
        }
        if (open && link_of(survey.segments[i - 1], survey.segments[i]) != Link::broken)
            chains.back().end = i + 1;
        else
            chains.push_back({i, i + 1});
        open = !lacks_end(survey, i);
    }
    return chains;
}

namespace {

// May the records of `after` be read behind those of `before`, of which `last` was the last?
bool goes_on(const SegmentFacts& before, const SegmentFacts& after, Lsn last) {
    const wal::SegmentHeader& header = *after.header;
    if (header.predecessor_last != last || header.epoch < before.header->epoch) return false;
    if (header.directory_id != before.header->directory_id) return false;
    return !before.whole() || !before.sealed_end() || header.predecessor_length == before.end_offset;
}

}  // namespace

Reach reach(const Survey& survey, Lsn covered) {
    const auto& segments = survey.segments;
    const auto behind =
        std::find_if(segments.begin(), segments.end(), [&](const auto& s) { return value(s.named) > value(covered) + 1; });
    if (behind == segments.begin()) return {covered, {}};
    auto at = std::prev(behind);
    Reach found{covered, {static_cast<std::size_t>(at - segments.begin()), 0}};
    for (; at != segments.end() && legible(*at); ++at) {
        if (at >= behind && !goes_on(*std::prev(at), *at, found.last)) break;
        for (const LsnRun& run : at->runs)
            if (value(run.first) <= value(found.last) + 1) found.last = later(found.last, run.last);
    }
    found.segments.end = static_cast<std::size_t>(at - segments.begin());
    return found;
}

}  // namespace storage
