// SPDX-License-Identifier: MIT
// How far a long look has come, on stderr: a bar on a terminal, plain lines every few seconds elsewhere, nothing when it is
// quick.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "storage/recovery_scan.hpp"

namespace server {

// Runs from here until it is destroyed; the figures must outlive it.
class ProgressLine {
public:
    ProgressLine(std::string what, const storage::RecoveryProgress& progress);
    ~ProgressLine();
    ProgressLine(const ProgressLine&) = delete;
    ProgressLine& operator=(const ProgressLine&) = delete;

private:
    void run();
    bool wait_ms(int milliseconds);  // false: it is over
    std::string bar() const;
    std::string line() const;

    const std::string what_;
    const storage::RecoveryProgress& progress_;
    const bool terminal_;
    std::mutex mutex_;
    std::condition_variable over_changed_;
    bool over_ = false;  // guarded by mutex_
    std::thread thread_;
};

}  // namespace server
