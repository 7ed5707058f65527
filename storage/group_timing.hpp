// SPDX-License-Identifier: MIT
// When to start the next group of `appendfsync always`. A flush that starts the moment the last one ended takes only the
// clients that were quick and splits the rest into a second group: with a slow disk everybody then waits for two flushes.
// So after a release of n records the committer waits until about 0.9 n new ones have come, if that takes clearly less
// time than a flush; else it goes at once. Pure arithmetic; one thread.
#pragma once

#include <cstdint>

#include "storage/types.hpp"

namespace storage {

class GroupTiming {
public:
    // A group of `records` was released at `now_ns` after a flush of `sync_ns`; `appended` counts those that wait already.
    void released(Lsn appended, std::uint64_t records, std::uint64_t sync_ns, std::uint64_t now_ns);

    struct Wait {
        Lsn target{};                  // wait for this LSN to be appended
        std::uint64_t timeout_ns = 0;  // 0: go at once
    };
    Wait next(std::uint64_t now_ns) const;
    // How that went.
    void waited(bool reached, std::uint64_t now_ns);

    std::uint64_t return_ns() const { return return_ns_; }
    std::uint64_t sync_ns() const { return sync_ns_; }

private:
    std::uint64_t limit_ns() const;

    Lsn target_{};
    std::uint64_t released_at_ns_ = 0;
    std::uint64_t sync_ns_ = 0;    // smoothed: a flush
    std::uint64_t return_ns_ = 0;  // smoothed: from a release until nine tenths are back
    std::uint64_t groups_ = 0;
};

}  // namespace storage
