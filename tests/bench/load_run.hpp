// SPDX-License-Identifier: MIT
// Load on a server, from one thread. Closed loop: each connection sends its next batch when the last one is answered, as fast
// as the server lets it. Open loop: batches are due at fixed times, spread over the connections, whatever the server does, and
// latency counts from when a batch was due, so that a stall is charged for all that it delayed. What was due is sent also when
// the time is over, so that in the end all that was due is answered, or lost.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "storage/latency_histogram.hpp"
#include "tests/bench/load_connection.hpp"
#include "tests/bench/load_request.hpp"

namespace bench {

struct Load {
    std::uint16_t port = 0;
    unsigned connections = 50;
    unsigned pipeline = 1;       // requests of a batch
    std::uint64_t requests = 0;  // stop after so many, rounded up to whole batches; 0: no limit
    double seconds = 0;          // stop after so long; 0: no limit
    double rate = 0;             // requests a second of an open loop; 0: closed
    double window_seconds = 0;   // 0: figures of the whole alone
    Greeting greeting;
};

struct LoadFigures {
    std::uint64_t due = 0;  // requests that should have been answered; in a closed loop: that were sent
    std::uint64_t answered = 0, errors = 0;
    std::string first_error;
    double seconds = 0;
    double own_cpu_seconds = 0;         // of this thread: near `seconds` in a closed loop, it was what limited
    storage::LatencyHistogram latency;  // of batches, in nanoseconds
};

using OnWindow = std::function<void(const LoadFigures&)>;  // of each window when it is over; `due` is what was sent in it

// Throws std::system_error (sockets) and std::runtime_error (the server closed a connection). Where nothing at all is answered
// for a minute although it should be, it returns without the rest.
void run_load(const Load& load, RequestTemplate& request, LoadFigures& figures, const OnWindow& on_window = {});

}  // namespace bench
