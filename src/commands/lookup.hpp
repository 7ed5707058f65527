// SPDX-License-Identifier: MIT
// keyspace_hits and keyspace_misses of INFO: what the reading commands found.
#pragma once

#include "src/client.hpp"
#include "src/command.hpp"
#include "src/counters.hpp"

namespace server::commands {

inline void count_lookup(CommandContext& ctx, bool found) {
    Counters& counters = ctx.client.counters();
    (found ? counters.keyspace_hits : counters.keyspace_misses).add();
}

}  // namespace server::commands
