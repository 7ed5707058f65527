// SPDX-License-Identifier: MIT
// The records that the formats are compared on. Several of each kind, so that no branch predictor learns one by heart.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "storage/effect.hpp"

namespace bench {

struct Samples {
    Samples() = default;
    Samples(const Samples&) = delete;  // the effects would look into the other's texts
    Samples& operator=(const Samples&) = delete;

    std::string name;
    std::deque<std::string> texts;  // what the effects look into; a deque, so that they stay where they are
    std::vector<storage::Effect> effects;
};

std::deque<Samples> all_samples();

bool same(const storage::Effect& a, const storage::Effect& b);  // in every field; of the kinds in all_samples()

}  // namespace bench
