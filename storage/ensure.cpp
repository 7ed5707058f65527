// SPDX-License-Identifier: MIT
#include "storage/ensure.hpp"

#include <cstdio>
#include <cstdlib>

namespace storage {

void broken_invariant(const char* condition, const char* file, int line) noexcept {
    std::fprintf(stderr, "tokmesh: broken invariant: %s (%s:%d)\n", condition, file, line);
    std::abort();
}

}  // namespace storage
