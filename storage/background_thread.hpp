// SPDX-License-Identifier: MIT
// How a thread gives way to those that answer clients.
#pragma once

#include <cstdint>
#include <semaphore>
#include <thread>

#include "storage/function_ref.hpp"

namespace storage {

// How little of a processor that others want a thread gets: a quarter, or a seventieth.
enum class Niceness : std::uint8_t { some = 5, most = 19 };

// For the calling thread, which may become nicer later but never less nice.
void leave_processors_to_others(Niceness niceness);

// A thread that becomes ready beside a running one may have to wait for the tick, up to 4 ms away, or for this. To be called
// after some 100 us of work; where nobody waits it costs half a microsecond.
void let_others_run();

// What the scheduler says of the calling thread since it began: how long it ran, and how long it was ready and did not run.
// Zeros where the kernel does not say.
struct ProcessorTime {
    std::uint64_t ran_ns = 0, waited_ns = 0;
};
ProcessorTime processor_time_of_this_thread();

// A thread of its own for the nicest work of a thread that is less nice, because none can have its old priority back. One user.
class BackgroundThread {
public:
    BackgroundThread();
    ~BackgroundThread();
    BackgroundThread(const BackgroundThread&) = delete;
    BackgroundThread& operator=(const BackgroundThread&) = delete;

    void run(FunctionRef<void()> job);  // there; returns when it is done

private:
    void loop();

    const FunctionRef<void()>* job_ = nullptr;  // null: end
    std::binary_semaphore asked_{0}, done_{0};
    std::thread thread_;
};

}  // namespace storage
