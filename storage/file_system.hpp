// SPDX-License-Identifier: MIT
// The disk as an argument: the few calls that the log makes, rooted at the data directory. Names are relative to it and
// hold at most one '/' (files inside lost-<time>/). Errors are values with the system's codes; nothing throws.
// Implementations: posix_file_system.hpp, and tests/support/memory_disk.hpp, which forgets what was not synced.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/error.hpp"

namespace storage {

// Which file it is, whatever its name.
struct FileIdentity {
    std::uint64_t device = 0, inode = 0;
    friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

enum class Advice { will_read_all, drop_from_cache };

// An open file; closed by its destructor. Calls on one File may come from several threads (pwrite beside fdatasync).
class File {
public:
    virtual ~File() = default;
    virtual Result<std::size_t> pread(std::span<std::byte> to,
                                      std::uint64_t offset) = 0;  // short only at the end or when interrupted
    virtual Result<std::size_t> pwrite(std::span<const std::byte> from, std::uint64_t offset) = 0;  // may be short
    virtual Result<std::uint64_t> size() = 0;
    virtual Result<void> fdatasync() = 0;
    virtual Result<void> truncate(std::uint64_t size) = 0;
    virtual void advise(Advice advice) = 0;
    virtual Result<FileIdentity> identity() = 0;
};

// Held until destroyed, or until the process ends however it ends.
class FileLock {
public:
    virtual ~FileLock() = default;
};

class FileSystem {
public:
    virtual ~FileSystem() = default;
    virtual Result<std::unique_ptr<File>> create(const std::string& name) = 0;  // must not exist; 0600
    virtual Result<std::unique_ptr<File>> open_read(const std::string& name) = 0;
    virtual Result<std::unique_ptr<File>> open_write(const std::string& name) = 0;    // must exist; reads and writes
    virtual Result<void> rename(const std::string& from, const std::string& to) = 0;  // replaces `to`
    virtual Result<void> unlink(const std::string& name) = 0;
    virtual Result<void> make_directory(const std::string& name) = 0;  // 0700, one level below the root
    virtual Result<std::vector<std::string>> list() = 0;               // names in the root, any order
    virtual Result<void> sync_directory(const std::string& name) = 0;  // "" is the root
    virtual Result<std::unique_ptr<FileLock>> lock() = 0;              // of the root; EWOULDBLOCK: another process has it
    // The same for who only reads: any number of them, and nobody who has lock(). The directory may be a read-only one.
    virtual Result<std::unique_ptr<FileLock>> lock_for_reading() = 0;
    virtual Result<FileIdentity> identity_of(const std::string& name) = 0;
    virtual bool root_intact() = 0;  // the root still has the path it was opened by
};

// Writes all of `from`: short writes and EINTR go on with the same bytes. The one place that does so.
Result<void> pwrite_all(File& file, std::span<const std::byte> from, std::uint64_t offset);
// Fills `to` as far as the file goes and says how much that was.
Result<std::size_t> pread_full(File& file, std::span<std::byte> to, std::uint64_t offset);
// Appends `bytes` of zeros by real writes from `offset` on, so that later writes there need no new block.
Result<void> write_zeros(File& file, std::uint64_t offset, std::uint64_t bytes);

}  // namespace storage
