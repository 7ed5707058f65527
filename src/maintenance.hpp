// SPDX-License-Identifier: MIT
// What an io thread does at every tick (hz) beside its connections: takes back expired records of its share of the shards, and,
// on thread 0, frees what FLUSH left, gives freed pages back to the system and samples rates for INFO. Never waits, never holds
// more than a slice.
#pragma once

#include <array>
#include <cstdint>

#include "src/executor.hpp"
#include "src/server_state.hpp"

namespace server {

class Maintenance {
public:
    Maintenance(ServerState& state, Executor& executor, std::uint32_t thread, std::uint32_t thread_count)
        : state_(state), executor_(executor), thread_(thread), thread_count_(thread_count) {}

    bool tick();  // true: there is more to do at once

private:
    bool expire();  // false: its time ran out before the records did
    void sample();

    // A ring of samples, as Redis averages instantaneous_ops_per_sec.
    struct Rate {
        static constexpr std::size_t samples = 16;
        std::uint64_t per_second(std::uint64_t total, std::uint64_t now_ns);
        std::array<std::uint64_t, samples> rates{};
        std::size_t next = 0;
        std::uint64_t last_total = 0, last_ns = 0;
    };

    ServerState& state_;
    Executor& executor_;
    const std::uint32_t thread_, thread_count_;
    std::uint32_t next_shard_ = 0;  // where the last tick ran out of time, counted in this thread's shards
    Rate ops_, input_, output_;
};

}  // namespace server
