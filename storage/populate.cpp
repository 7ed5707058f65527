// SPDX-License-Identifier: MIT
#include "storage/populate.hpp"

#include <sys/mman.h>

#include <cerrno>
#include <cstdint>

namespace storage {

namespace {

constexpr std::uintptr_t page_bytes = 4096;

}  // namespace

void populate(void* memory, std::size_t bytes) {
    if (bytes < page_bytes) return;  // its page may be there, for what stands beside it
    const auto first = reinterpret_cast<std::uintptr_t>(memory) / page_bytes * page_bytes;
    const auto end = (reinterpret_cast<std::uintptr_t>(memory) + bytes + page_bytes - 1) / page_bytes * page_bytes;
    const int error = errno;
    ::madvise(reinterpret_cast<void*>(first), end - first, MADV_POPULATE_WRITE);
    errno = error;
}

}  // namespace storage
