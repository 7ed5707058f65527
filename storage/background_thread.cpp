// SPDX-License-Identifier: MIT
#include "storage/background_thread.hpp"

#include <sys/resource.h>

namespace storage {

// On Linux a thread has a niceness of its own. What the kernel says to it changes nothing: the work is the same.
void leave_processors_to_others(Niceness niceness) { (void)::setpriority(PRIO_PROCESS, 0, static_cast<int>(niceness)); }

void let_others_run() { std::this_thread::yield(); }

BackgroundThread::BackgroundThread() : thread_([this] { loop(); }) {}

BackgroundThread::~BackgroundThread() {
    job_ = nullptr;
    asked_.release();
    thread_.join();
}

void BackgroundThread::run(FunctionRef<void()> job) {
    job_ = &job;
    asked_.release();
    done_.acquire();
}

void BackgroundThread::loop() {
    leave_processors_to_others(Niceness::most);
    for (;;) {
        asked_.acquire();
        if (job_ == nullptr) return;
        (*job_)();
        done_.release();
    }
}

}  // namespace storage
