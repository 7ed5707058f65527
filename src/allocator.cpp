// SPDX-License-Identifier: MIT
#include "src/allocator.hpp"

#include <cstddef>

extern "C" {
// jemalloc(3), "MALLCTL NAMESPACE". Weak: absent where another allocator is linked.
int mallctl(const char* name, void* old_value, std::size_t* old_size, void* new_value, std::size_t new_size)
    __attribute__((weak));
// Read by jemalloc before main(). The default is 10 s: at a million sessions 10 to 27 bytes of each, left by growing indexes.
extern const char* const malloc_conf;
const char* const malloc_conf = "dirty_decay_ms:1000";
}

namespace server {
namespace {

template <class T>
bool read(const char* name, T& to) {
    std::size_t size = sizeof to;
    return mallctl(name, &to, &size, nullptr, 0) == 0 && size == sizeof to;
}

}  // namespace

void give_back_freed_memory() {
    if (mallctl != nullptr) (void)mallctl("arena.4096.decay", nullptr, nullptr, nullptr, 0);  // MALLCTL_ARENAS_ALL
}

std::optional<AllocatorFigures> allocator_figures() {
    if (mallctl == nullptr) return std::nullopt;
    std::uint64_t epoch = 1;
    (void)mallctl("epoch", nullptr, nullptr, &epoch, sizeof epoch);  // statistics are as of this call
    std::size_t allocated = 0, active = 0, resident = 0;
    if (!read("stats.allocated", allocated) || !read("stats.active", active) || !read("stats.resident", resident))
        return std::nullopt;
    return AllocatorFigures{allocated, active, resident};
}

}  // namespace server
