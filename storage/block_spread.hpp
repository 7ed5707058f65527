// SPDX-License-Identifier: MIT
// Hands a snapshot's blocks out to several threads so that each works in a part of the file of its own. Blocks stand in the order
// of their slots: two neighbours want the lock of the same shard, and threads that took one after the other would run in turn.
// Whoever has done its part helps where most is left, from the end. Any thread.
#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "storage/snapshot_reader.hpp"

namespace storage {

class BlockSpread {
public:
    using Block = SnapshotReader::Block;
    using Source = std::function<SnapshotResult<std::optional<Block>>()>;  // the next one of the file; nothing: there is none

    static constexpr std::size_t window_blocks = 4096;  // that are known at once: a gibibyte of ordinary ones

    BlockSpread(Source source, unsigned threads);

    // A block for this thread, numbered from 0; nothing: none is left. Each is handed out once.
    SnapshotResult<std::optional<Block>> next(unsigned thread);

private:
    struct Part {
        std::size_t begin = 0, end = 0;  // of window_, what is left of it
        std::size_t left() const { return end - begin; }
    };
    std::optional<SnapshotFault> refill();

    const Source source_;
    std::mutex mutex_;
    // guarded by mutex_
    std::vector<Block> window_;
    std::vector<Part> parts_;  // one a thread
};

}  // namespace storage
