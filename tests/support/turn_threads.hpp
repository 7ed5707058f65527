// SPDX-License-Identifier: MIT
// Threads that run what is posted to them, like the io threads of the server.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace test {

class TurnThreads {
public:
    explicit TurnThreads(unsigned threads = 2) {
        for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
    }
    ~TurnThreads() {
        {
            const std::lock_guard lock(mutex_);
            ended_ = true;
        }
        woken_.notify_all();
        for (std::thread& thread : threads_) thread.join();
    }
    TurnThreads(const TurnThreads&) = delete;
    TurnThreads& operator=(const TurnThreads&) = delete;

    void post(std::function<void()> turn) {
        {
            const std::lock_guard lock(mutex_);
            waiting_.push_back(std::move(turn));
        }
        woken_.notify_one();
    }

private:
    void run() {
        for (;;) {
            std::function<void()> turn;
            {
                std::unique_lock lock(mutex_);
                woken_.wait(lock, [this] { return ended_ || !waiting_.empty(); });
                if (waiting_.empty()) return;
                turn = std::move(waiting_.front());
                waiting_.pop_front();
            }
            turn();
        }
    }

    std::mutex mutex_;
    std::condition_variable woken_;
    std::deque<std::function<void()>> waiting_;  // guarded by mutex_
    bool ended_ = false;                         // guarded by mutex_
    std::vector<std::thread> threads_;
};

}  // namespace test
