// SPDX-License-Identifier: MIT
#include "storage/background_thread.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <charconv>

#include "storage/thread_name.hpp"

namespace storage {

// On Linux a thread has a niceness of its own. What the kernel says to it changes nothing: the work is the same.
void leave_processors_to_others(Niceness niceness) { (void)::setpriority(PRIO_PROCESS, 0, static_cast<int>(niceness)); }

void let_others_run() { std::this_thread::yield(); }

ProcessorTime processor_time_of_this_thread() {
    const int fd = ::open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return {};
    std::array<char, 96> text{};  // three numbers: ran, waited, slices
    const ssize_t bytes = ::read(fd, text.data(), text.size());
    ::close(fd);
    if (bytes <= 0) return {};
    ProcessorTime time;
    const char* end = text.data() + bytes;
    const auto ran = std::from_chars(text.data(), end, time.ran_ns);
    if (ran.ec != std::errc() || ran.ptr == end) return {};
    const auto waited = std::from_chars(ran.ptr + 1, end, time.waited_ns);
    return waited.ec == std::errc() ? time : ProcessorTime{};
}

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
    name_this_thread("tm-background");
    leave_processors_to_others(Niceness::most);
    for (;;) {
        asked_.acquire();
        if (job_ == nullptr) return;
        (*job_)();
        done_.release();
    }
}

}  // namespace storage
