// SPDX-License-Identifier: MIT
#include "storage/background_thread.hpp"

#include <sys/resource.h>

#include <thread>

namespace storage {

namespace {

constexpr int niceness = 19;

}  // namespace

// On Linux a thread has a niceness of its own. What the kernel says to it changes nothing: the work is the same.
void leave_processors_to_others() { (void)::setpriority(PRIO_PROCESS, 0, niceness); }

void let_others_run() { std::this_thread::yield(); }

}  // namespace storage
