// SPDX-License-Identifier: MIT
#include "storage/spare_pool.hpp"

#include <algorithm>
#include <cerrno>

#include "storage/data_directory.hpp"
#include "storage/wal_format.hpp"

namespace storage {

namespace {

constexpr std::uint64_t block_bytes = 4096;
constexpr std::uint64_t fill_step_bytes = 4U << 20;

constexpr std::uint64_t file_bytes_for(std::uint64_t room) {
    const std::uint64_t bytes = room + (wal::header_block_bytes + wal::end_frame_bytes_max);
    return (bytes + block_bytes - 1) / block_bytes * block_bytes;
}

// In steps, so that no sync of the log has to wait behind a whole segment of zeros.
Result<void> fill(File& file, std::uint64_t from, std::uint64_t to) {
    while (from < to) {
        const std::uint64_t step = std::min(fill_step_bytes, to - from);
        if (auto done = write_zeros(file, from, step); !done) return done;
        if (auto done = file.fdatasync(); !done) return done;
        from += step;
    }
    return {};
}

}  // namespace

SparePool::SparePool(FileSystem& fs, std::uint64_t first_bytes, std::uint64_t max_bytes)
    : fs_(fs),
      first_bytes_(std::max(first_bytes, file_bytes_for(wal::mark_frame_bytes_max))),
      max_bytes_(std::max(first_bytes_, max_bytes)),
      double_bytes_(first_bytes_),
      least_bytes_(double_bytes_) {}

std::uint64_t SparePool::next_bytes() const { return std::max(double_bytes_, least_bytes_); }

Result<std::uint64_t> SparePool::prepare() {
    Spare spare;
    {
        std::lock_guard lock(mutex_);
        spare.name = spare_name(next_number_++);
        spare.bytes = next_bytes();
    }
    auto file = fs_.create(spare.name);
    if (!file) return file.error();
    spare.file = std::move(*file);
    if (auto done = fill(*spare.file, 0, spare.bytes); !done) {
        (void)fs_.unlink(spare.name);  // a rest of it is cleaned up by the next start
        std::lock_guard lock(mutex_);
        double_bytes_ = std::max(first_bytes_, double_bytes_ / 2);  // a full disk may have room for a smaller one
        return done.error();
    }
    const std::uint64_t room = wal::capacity(spare.bytes);
    {
        std::lock_guard lock(mutex_);
        double_bytes_ = std::min(double_bytes_ * 2, max_bytes_);
        spares_.push_back(std::move(spare));
    }
    arrived_.notify_one();
    return room;
}

Result<std::uint64_t> SparePool::raise_room(std::uint64_t room_bytes) {
    const std::uint64_t least = file_bytes_for(room_bytes);
    std::deque<Spare> small;
    {
        std::lock_guard lock(mutex_);
        for (const Spare& spare : spares_)
            if (spare.bytes < least) small.push_back(spare);
    }
    std::uint64_t gained = 0;
    for (const Spare& spare : small) {
        if (auto done = fill(*spare.file, spare.bytes, least); !done) {
            (void)spare.file->truncate(spare.bytes);  // gives the blocks back, for what else needs the disk
            if (gained > 0) return gained;            // the next call will meet the error again
            return done.error();
        }
        std::lock_guard lock(mutex_);
        for (Spare& pooled : spares_) {  // unless it was taken meanwhile, at its old size
            if (pooled.name != spare.name) continue;
            pooled.bytes = least;
            gained += least - spare.bytes;
        }
    }
    std::lock_guard lock(mutex_);
    least_bytes_ = std::max(least_bytes_, least);
    return gained;
}

std::optional<Spare> SparePool::take() {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [&] { return stopping_ || !spares_.empty(); });
    if (spares_.empty()) return std::nullopt;
    Spare spare = std::move(spares_.front());
    spares_.pop_front();
    return spare;
}

void SparePool::stop() {
    {
        std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    arrived_.notify_all();
}

std::uint64_t SparePool::room_min() const {
    std::lock_guard lock(mutex_);
    return wal::capacity(least_bytes_);
}

std::uint64_t SparePool::count() const {
    std::lock_guard lock(mutex_);
    return spares_.size();
}

std::uint64_t SparePool::bytes() const {
    std::lock_guard lock(mutex_);
    std::uint64_t sum = 0;
    for (const Spare& spare : spares_) sum += spare.bytes;
    return sum;
}

}  // namespace storage
