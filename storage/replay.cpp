// SPDX-License-Identifier: MIT
#include "storage/replay.hpp"

#include "storage/wal_format.hpp"

namespace storage {

namespace {

constexpr std::size_t chunk_bytes = 512U << 10;
constexpr std::size_t queue_chunks_max = 16;  // a worker may be this far behind the reader

}  // namespace

struct ReplayPool::Chunk {
    struct Part {
        Lsn first;
        std::size_t offset, bytes;
    };
    std::vector<std::byte> bytes;
    std::vector<Part> parts;
};

ReplayPool::ReplayPool(ReplaySink& sink) : sink_(sink), queues_(sink.workers()) {}

ReplayPool::~ReplayPool() { finish(); }

void ReplayPool::add(Lsn first, std::span<const std::byte> payload) {
    if (!filling_) {
        filling_ = std::make_shared<Chunk>();
        if (!threads_.empty()) filling_->bytes.reserve(chunk_bytes);  // the first chunk may be all there is, and short
    }
    filling_->parts.push_back({first, filling_->bytes.size(), payload.size()});
    filling_->bytes.insert(filling_->bytes.end(), payload.begin(), payload.end());
    if (filling_->bytes.size() >= chunk_bytes) hand_out();
}

void ReplayPool::hand_out() {
    const std::shared_ptr<const Chunk> chunk = std::move(filling_);
    filling_.reset();
    if (!chunk) return;
    for (auto i = static_cast<unsigned>(threads_.size()); i < queues_.size(); ++i) threads_.emplace_back([this, i] { run(i); });
    std::unique_lock lock(mutex_);
    for (auto& queue : queues_) {
        moved_.wait(lock, [&] { return failed_ || queue.size() < queue_chunks_max; });
        queue.push_back(chunk);
    }
    moved_.notify_all();
}

std::optional<Lsn> ReplayPool::finish() {
    if (threads_.empty()) return replay_here();
    hand_out();
    {
        std::lock_guard lock(mutex_);
        closed_ = true;
    }
    moved_.notify_all();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    return failed_;
}

std::optional<Lsn> ReplayPool::replay_here() {
    const std::shared_ptr<const Chunk> chunk = std::move(filling_);
    filling_.reset();
    for (unsigned i = 0; chunk && i < queues_.size(); ++i) note(replay(i, *chunk));
    return failed_;
}

void ReplayPool::note(std::optional<Lsn> failed) {
    if (failed && (!failed_ || value(*failed) < value(*failed_))) failed_ = failed;
}

void ReplayPool::run(unsigned index) {
    for (;;) {
        std::shared_ptr<const Chunk> chunk;
        {
            std::unique_lock lock(mutex_);
            auto& queue = queues_[index];
            moved_.wait(lock, [&] { return closed_ || !queue.empty(); });
            if (queue.empty()) return;
            chunk = std::move(queue.front());
            queue.pop_front();
            if (failed_) continue;  // the start is refused anyway: only empty the queue
        }
        moved_.notify_all();
        const auto failed = replay(index, *chunk);
        if (!failed) continue;
        {
            std::lock_guard lock(mutex_);
            note(failed);
        }
        moved_.notify_all();  // from here on nobody makes room, so the reader must not wait for it
    }
}

std::optional<Lsn> ReplayPool::replay(unsigned worker, const Chunk& chunk) {
    for (const Chunk::Part& part : chunk.parts) {
        wal::Entries entries(std::span(chunk.bytes).subspan(part.offset, part.bytes));
        std::span<const std::byte> record;
        for (Lsn lsn = part.first; entries.next(record); lsn = next(lsn))
            if (!sink_.replay(worker, lsn, record)) return lsn;
    }
    return std::nullopt;
}

void finish_replay(ReplaySink& sink, UnixMs now) {
    std::vector<std::thread> threads;
    for (unsigned i = 1; i < sink.workers(); ++i) threads.emplace_back([&sink, i, now] { sink.finish(i, now); });
    sink.finish(0, now);
    for (std::thread& thread : threads) thread.join();
}

}  // namespace storage
