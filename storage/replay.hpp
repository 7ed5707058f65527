// SPDX-License-Identifier: MIT
// Hands the log's records to several workers while one thread reads and verifies. Every worker is given every record, in LSN
// order, and takes the effects of its own shards; so nothing is routed and nothing is locked. What is one chunk in all, half a
// megabyte, is replayed by the caller: threads are not worth their start then.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "storage/types.hpp"

namespace storage {

// What recovery replays into: a Store through StoreReplay (store_replay.hpp), a list of records in tests.
class ReplaySink {
public:
    virtual ~ReplaySink() = default;
    virtual unsigned workers() const { return 1; }
    // One thread at a time for a worker. False: the record does not decode, and the start is refused.
    virtual bool replay(unsigned worker, Lsn lsn, std::span<const std::byte> record) = 0;
    // After the last record, the same. `now` is never before any time the log has seen.
    virtual void finish(unsigned /*worker*/, UnixMs /*now*/) {}
};

class ReplayPool {
public:
    explicit ReplayPool(ReplaySink& sink);
    ~ReplayPool();  // finishes
    ReplayPool(const ReplayPool&) = delete;
    ReplayPool& operator=(const ReplayPool&) = delete;

    // One frame's payload of entries, copied. Blocks while the workers are far behind.
    void add(Lsn first, std::span<const std::byte> payload);
    // Waits until all is replayed. The first LSN that a worker could not take, if any.
    std::optional<Lsn> finish();

private:
    struct Chunk;

    void run(unsigned index);
    std::optional<Lsn> replay(unsigned worker, const Chunk& chunk);  // the first LSN that was not taken
    void hand_out();
    std::optional<Lsn> replay_here();
    void note(std::optional<Lsn> failed);  // under mutex_, or without threads

    ReplaySink& sink_;
    std::shared_ptr<Chunk> filling_;
    std::vector<std::thread> threads_;
    std::mutex mutex_;
    std::condition_variable moved_;
    // guarded by mutex_
    std::vector<std::deque<std::shared_ptr<const Chunk>>> queues_;  // one a worker
    bool closed_ = false;
    std::optional<Lsn> failed_;
};

void finish_replay(ReplaySink& sink, UnixMs now);  // sink.finish on as many threads as it has workers

}  // namespace storage
