// SPDX-License-Identifier: MIT
// A disk in memory that forgets. What was not synced is lost at a power cut, sector by sector and entry by entry, in any
// order; a call can be made to fail, to write short or to be the last one before the cut; fsync can lie.
//
// Every call that changes something is a step, counted from 1. Thread-safe.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "storage/file_system.hpp"

namespace test {

class MemoryDisk {
public:
    static constexpr std::size_t sector_bytes = 512;

    // A file system on this disk; the disk must outlive it. Handles of before a power cut answer EIO after it.
    std::unique_ptr<storage::FileSystem> mount();

    // ---- power ----
    std::uint64_t steps() const;
    void cut_power_at(std::uint64_t step);  // that call is half done at best; it and all later ones answer EIO
    bool power_is_cut() const;
    void power_on(std::uint64_t seed);  // keeps a random part of what was not synced, and answers again; also ends all locks

    // ---- faults ----
    enum class Call { create, pwrite, pread, fdatasync, truncate, rename, unlink, make_directory, sync_directory };
    struct Fault {
        Call call;
        std::uint64_t after = 0;  // calls of this kind that still succeed
        int error = 0;            // errno; 0 with short_bytes: a short write only
        std::optional<std::size_t> short_bytes = std::nullopt;
        bool once = true;
    };
    void fail(Fault fault);
    void clear_faults();
    void lie_about_sync(bool lie);
    void hold_syncs(bool hold);  // fdatasync waits meanwhile, like a disk that hangs
    std::uint64_t syncs_held() const;
    void set_capacity(std::optional<std::uint64_t> bytes);  // ENOSPC beyond
    std::uint64_t calls(Call call) const;

    // ---- for damage ----
    std::vector<std::string> names() const;  // files, with their directories
    bool has(const std::string& name) const;
    std::vector<std::byte> bytes(const std::string& name) const;
    std::uint64_t bytes_of_all() const;  // at one moment: files come and go beside a running server
    void set_bytes(const std::string& name, std::vector<std::byte> bytes);  // as if it had always been so
    void remove(const std::string& name);
    void rename(const std::string& from, const std::string& to);
    // A fingerprint of all names and bytes: equal when nothing was created, changed or removed.
    std::uint64_t fingerprint() const;

private:
    struct Inode {
        std::uint64_t number = 0;
        std::vector<std::byte> bytes, durable;
        std::set<std::size_t> dirty;  // sectors that may differ from `durable`
    };
    struct Change {  // of names
        enum class Kind { link, unlink, move, directory } kind;
        std::string from, to;
        std::shared_ptr<Inode> inode;
    };
    class Handle;
    class Mounted;
    class Lock;
    static std::string directory_of(const std::string& name);  // "" is the root
    using Entries = std::map<std::string, std::shared_ptr<Inode>>;

    // All under mutex_. Nothing, or the errno that the call must answer.
    int begin(Call call, bool& is_cut);
    int take_fault(Call call, std::optional<std::size_t>& short_bytes);
    void change(Change change);
    void apply(const Change& change, Entries& entries, std::set<std::string>& directories) const;
    void forget(Inode& inode, std::mt19937_64& random);

    mutable std::mutex mutex_;
    std::condition_variable let_go_;
    Entries entries_, durable_entries_;
    std::set<std::string> directories_, durable_directories_;
    std::vector<Change> changes_;  // of names, not synced
    std::vector<Fault> faults_;
    std::map<Call, std::uint64_t> calls_;
    bool locked_ = false;
    std::uint64_t readers_ = 0;  // locks for reading
    std::uint64_t life_ = 1;     // one more per power cut
    std::uint64_t steps_ = 0;
    std::uint64_t cut_at_ = 0;
    bool cut_ = false;
    bool lying_ = false;
    bool holding_ = false;
    std::uint64_t held_ = 0;
    std::uint64_t used_bytes() const;  // with the lock held
    std::optional<std::uint64_t> capacity_;
    std::uint64_t next_inode_ = 1;
};

}  // namespace test
