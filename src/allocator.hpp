// SPDX-License-Identifier: MIT
// jemalloc, which the released binary is linked with; builds with sanitizers are not, and nothing here does anything then.
// MALLOC_CONF in the environment goes before the settings that are built in. Any thread.
#pragma once

#include <cstdint>
#include <optional>

namespace server {

// Pages that were freed a second ago or longer go back to the system. By itself the allocator looks only when it is used, so
// what a growing index or a burst of clients left would stay for as long as nothing happens. Some microseconds; at each tick.
void give_back_freed_memory();

struct AllocatorFigures {
    std::uint64_t allocated_bytes = 0;  // asked for
    std::uint64_t active_bytes = 0;     // in pages that hold some of it
    std::uint64_t resident_bytes = 0;   // these, its own data, and freed pages that the system has not yet
};
std::optional<AllocatorFigures> allocator_figures();

}  // namespace server
