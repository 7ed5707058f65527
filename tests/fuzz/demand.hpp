// SPDX-License-Identifier: MIT
// What a fuzz target asserts, in every build type.
#pragma once

#include <cstdlib>

namespace fuzz {

inline void demand(bool condition) {
    if (!condition) std::abort();
}

}  // namespace fuzz
