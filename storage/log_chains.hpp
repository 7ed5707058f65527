// SPDX-License-Identifier: MIT
// Which segments of a survey belong together. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "storage/survey.hpp"

namespace storage {

enum class Link {
    follows,     // the next record is the next one
    begun_anew,  // upon a snapshot that the log did not reach: what is between is in the snapshot
    broken,
};
// Precondition: both have a header.
Link link_of(const SegmentFacts& before, const SegmentFacts& after);

// Its header can be believed, and says what its name says.
bool legible(const SegmentFacts& segment);
// A start can read it to its end: nothing is bad, or it is the last one and a crash left the rest.
bool sound(const Survey& survey, std::size_t segment);
// It has no end frame, although another one follows.
bool lacks_end(const Survey& survey, std::size_t segment);

struct SegmentChain {
    std::size_t begin = 0, end = 0;  // of Survey::segments
};
// Sound segments, each linked to the one before it; ascending. A broken one belongs to none.
std::vector<SegmentChain> chains_of(const Survey& survey);

// How far records go on without a gap from the one after `covered`, past bad places that hold none of them, and in which
// segments.
struct Reach {
    Lsn last{};
    SegmentChain segments;
};
Reach reach(const Survey& survey, Lsn covered);

}  // namespace storage
