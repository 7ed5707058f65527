// SPDX-License-Identifier: MIT
// Segments made ahead of time: files `spare-N` written full with zeros, so that a log write needs no new block and its
// fdatasync no new file size. The preparer's thread makes them, the committer's takes them, oldest first.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "storage/file_system.hpp"

namespace storage {

struct Spare {
    std::string name;
    std::shared_ptr<File> file;
    std::uint64_t bytes = 0;
};

// Where a rotation gets its next file from. Nothing: there will be none (stopping).
class SpareSource {
public:
    virtual ~SpareSource() = default;
    virtual std::optional<Spare> take() = 0;
};

class SparePool final : public SpareSource {
public:
    // Sizes double from `first_bytes` to `max_bytes`.
    SparePool(FileSystem& fs, std::uint64_t first_bytes, std::uint64_t max_bytes);

    // Adds one spare; returns the room it gives. On an error nothing stays behind. Blocks on the disk.
    Result<std::uint64_t> prepare();
    // From now on no spare has less room than this: grows those that have. Returns the room that came with it.
    Result<std::uint64_t> raise_room(std::uint64_t room_bytes);

    std::optional<Spare> take() override;  // waits until there is one or stop() was called
    void stop();

    std::uint64_t room_min() const;  // what every spare has at least, now and later
    std::uint64_t count() const;
    std::uint64_t bytes() const;

private:
    std::uint64_t next_bytes() const;

    FileSystem& fs_;
    const std::uint64_t first_bytes_, max_bytes_;
    mutable std::mutex mutex_;
    std::condition_variable arrived_;
    // guarded by mutex_
    std::deque<Spare> spares_;
    std::uint64_t double_bytes_;  // the size that doubling has reached
    std::uint64_t least_bytes_;
    std::uint64_t next_number_ = 1;
    bool stopping_ = false;
};

}  // namespace storage
