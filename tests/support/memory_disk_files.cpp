// SPDX-License-Identifier: MIT
// The memory disk as a FileSystem: what each call does to names and sectors.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "tests/support/memory_disk.hpp"

namespace test {

namespace {

using storage::Result;

boost::system::error_code system_error(int code) { return {code, boost::system::system_category()}; }

}  // namespace

class MemoryDisk::Handle final : public storage::File {
public:
    Handle(MemoryDisk& disk, std::shared_ptr<Inode> inode) : disk_(disk), inode_(std::move(inode)), life_(disk.life_) {}

    Result<std::size_t> pread(std::span<std::byte> to, std::uint64_t offset) override {
        std::lock_guard lock(disk_.mutex_);
        std::optional<std::size_t> short_bytes;
        if (dead()) return system_error(EIO);
        if (const int error = disk_.take_fault(Call::pread, short_bytes)) return system_error(error);
        const auto& bytes = inode_->bytes;
        if (offset >= bytes.size()) return std::size_t{0};
        const std::size_t count =
            std::min<std::size_t>(std::min(to.size(), short_bytes.value_or(to.size())), bytes.size() - offset);
        std::memcpy(to.data(), bytes.data() + offset, count);
        return count;
    }

    Result<std::size_t> pwrite(std::span<const std::byte> from, std::uint64_t offset) override {
        std::lock_guard lock(disk_.mutex_);
        bool is_cut = false;
        if (life_ != disk_.life_) return system_error(EIO);
        if (const int error = disk_.begin(Call::pwrite, is_cut)) return system_error(error);
        std::optional<std::size_t> short_bytes;
        if (!is_cut) {
            if (const int error = disk_.take_fault(Call::pwrite, short_bytes)) return system_error(error);
        }
        std::size_t count = std::min(from.size(), short_bytes.value_or(from.size()));
        if (disk_.capacity_ && offset + count > inode_->bytes.size()) {
            const std::uint64_t used = disk_.used_bytes();
            const std::uint64_t left = *disk_.capacity_ > used ? *disk_.capacity_ - used : 0;
            const std::uint64_t end = std::min<std::uint64_t>(offset + count, inode_->bytes.size() + left);
            if (end <= offset) return system_error(ENOSPC);
            count = static_cast<std::size_t>(end - offset);
        }
        if (offset + count > inode_->bytes.size()) resize(offset + count);
        std::memcpy(inode_->bytes.data() + offset, from.data(), count);
        for (std::size_t sector = offset / sector_bytes; count > 0 && sector <= (offset + count - 1) / sector_bytes; ++sector)
            inode_->dirty.insert(sector);
        if (is_cut) return system_error(EIO);
        return count;
    }

    Result<std::uint64_t> size() override {
        std::lock_guard lock(disk_.mutex_);
        if (dead()) return system_error(EIO);
        return std::uint64_t{inode_->bytes.size()};
    }

    Result<void> fdatasync() override {
        std::unique_lock lock(disk_.mutex_);
        ++disk_.held_;
        disk_.let_go_.wait(lock, [&] { return !disk_.holding_; });
        --disk_.held_;
        bool is_cut = false;
        if (life_ != disk_.life_) return system_error(EIO);
        if (const int error = disk_.begin(Call::fdatasync, is_cut)) return system_error(error);
        std::optional<std::size_t> ignored;
        if (is_cut) return system_error(EIO);
        if (const int error = disk_.take_fault(Call::fdatasync, ignored)) {
            inode_->dirty.clear();  // as Linux does: clean in the page cache, never on the disk
            return system_error(error);
        }
        if (disk_.lying_) return {};
        inode_->durable.resize(inode_->bytes.size());
        for (const std::size_t sector : inode_->dirty) copy_sector(sector, inode_->bytes, inode_->durable);
        inode_->dirty.clear();
        return {};
    }

    Result<void> truncate(std::uint64_t size) override {
        std::lock_guard lock(disk_.mutex_);
        bool is_cut = false;
        if (life_ != disk_.life_) return system_error(EIO);
        if (const int error = disk_.begin(Call::truncate, is_cut)) return system_error(error);
        std::optional<std::size_t> ignored;
        if (!is_cut) {
            if (const int error = disk_.take_fault(Call::truncate, ignored)) return system_error(error);
        }
        resize(size);
        if (is_cut) return system_error(EIO);
        return {};
    }

    void advise(storage::Advice advice) override {
        if (advice != storage::Advice::drop_from_cache) return;
        std::lock_guard lock(disk_.mutex_);
        if (dead()) return;
        for (std::size_t sector = 0; sector * sector_bytes < inode_->bytes.size(); ++sector)
            if (!inode_->dirty.contains(sector)) copy_sector(sector, inode_->durable, inode_->bytes);
    }

    Result<storage::FileIdentity> identity() override {
        std::lock_guard lock(disk_.mutex_);
        if (dead()) return system_error(EIO);
        return storage::FileIdentity{1, inode_->number};
    }

private:
    bool dead() const { return disk_.cut_ || life_ != disk_.life_; }
    // As far as `to` goes; zeros where `from` ends.
    static void copy_sector(std::size_t sector, const std::vector<std::byte>& from, std::vector<std::byte>& to) {
        for (std::size_t at = sector * sector_bytes; at < std::min(to.size(), (sector + 1) * sector_bytes); ++at)
            to[at] = at < from.size() ? from[at] : std::byte{0};
    }
    void resize(std::uint64_t size) {
        const std::size_t first = std::min<std::size_t>(size, inode_->bytes.size()) / sector_bytes;
        const std::size_t last = std::max<std::size_t>(size, inode_->bytes.size()) / sector_bytes;
        for (std::size_t sector = first; sector <= last; ++sector) inode_->dirty.insert(sector);
        inode_->bytes.resize(size);
    }

    MemoryDisk& disk_;
    std::shared_ptr<Inode> inode_;
    std::uint64_t life_;
};

class MemoryDisk::Lock final : public storage::FileLock {
public:
    Lock(MemoryDisk& disk, bool shared) : disk_(disk), life_(disk.life_), shared_(shared) {}
    ~Lock() override {
        std::lock_guard lock(disk_.mutex_);
        if (life_ != disk_.life_) return;
        shared_ ? void(--disk_.readers_) : void(disk_.locked_ = false);
    }

private:
    MemoryDisk& disk_;
    std::uint64_t life_;
    bool shared_;
};

class MemoryDisk::Mounted final : public storage::FileSystem {
public:
    explicit Mounted(MemoryDisk& disk) : disk_(disk), life_(disk.life_) {}

    Result<std::unique_ptr<storage::File>> create(const std::string& name) override {
        std::lock_guard lock(disk_.mutex_);
        bool is_cut = false;
        if (const int error = start(Call::create, is_cut)) return system_error(error);
        if (disk_.entries_.contains(name)) return system_error(EEXIST);
        const std::string directory = directory_of(name);
        if (!directory.empty() && !disk_.directories_.contains(directory)) return system_error(ENOENT);
        auto inode = std::make_shared<Inode>();
        inode->number = disk_.next_inode_++;
        disk_.change({Change::Kind::link, "", name, inode});
        if (is_cut) return system_error(EIO);
        return std::unique_ptr<storage::File>(std::make_unique<Handle>(disk_, inode));
    }

    Result<std::unique_ptr<storage::File>> open_read(const std::string& name) override { return open_write(name); }
    Result<std::unique_ptr<storage::File>> open_write(const std::string& name) override {
        std::lock_guard lock(disk_.mutex_);
        if (dead()) return system_error(EIO);
        const auto found = disk_.entries_.find(name);
        if (found == disk_.entries_.end()) return system_error(ENOENT);
        return std::unique_ptr<storage::File>(std::make_unique<Handle>(disk_, found->second));
    }

    Result<void> rename(const std::string& from, const std::string& to) override {
        std::lock_guard lock(disk_.mutex_);
        bool is_cut = false;
        if (const int error = start(Call::rename, is_cut)) return system_error(error);
        const auto found = disk_.entries_.find(from);
        if (found == disk_.entries_.end()) return system_error(ENOENT);
        disk_.change({Change::Kind::move, from, to, found->second});
        if (is_cut) return system_error(EIO);
        return {};
    }

    Result<void> unlink(const std::string& name) override {
        std::lock_guard lock(disk_.mutex_);
        bool is_cut = false;
        if (const int error = start(Call::unlink, is_cut)) return system_error(error);
        const auto found = disk_.entries_.find(name);
        if (found == disk_.entries_.end()) return system_error(ENOENT);
        disk_.change({Change::Kind::unlink, name, "", found->second});
        if (is_cut) return system_error(EIO);
        return {};
    }

    Result<void> make_directory(const std::string& name) override {
        std::lock_guard lock(disk_.mutex_);
        bool is_cut = false;
        if (const int error = start(Call::make_directory, is_cut)) return system_error(error);
        if (disk_.directories_.contains(name)) return system_error(EEXIST);
        disk_.change({Change::Kind::directory, "", name, nullptr});
        if (is_cut) return system_error(EIO);
        return {};
    }

    Result<std::vector<std::string>> list() override {
        std::lock_guard lock(disk_.mutex_);
        if (dead()) return system_error(EIO);
        std::vector<std::string> names(disk_.directories_.begin(), disk_.directories_.end());
        for (const auto& [name, inode] : disk_.entries_)
            if (directory_of(name).empty()) names.push_back(name);
        return names;
    }

    Result<void> sync_directory(const std::string& name) override {
        std::lock_guard lock(disk_.mutex_);
        bool is_cut = false;
        if (const int error = start(Call::sync_directory, is_cut)) return system_error(error);
        if (is_cut) return system_error(EIO);
        if (disk_.lying_) return {};
        std::vector<Change> left;
        for (const Change& change : disk_.changes_) {
            const bool here = (!change.from.empty() && directory_of(change.from) == name) ||
                              (!change.to.empty() && directory_of(change.to) == name);
            if (here) {
                disk_.apply(change, disk_.durable_entries_, disk_.durable_directories_);
            } else {
                left.push_back(change);
            }
        }
        disk_.changes_ = std::move(left);
        return {};
    }

    Result<std::unique_ptr<storage::FileLock>> lock() override {
        std::lock_guard lock(disk_.mutex_);
        if (dead()) return system_error(EIO);
        if (disk_.readers_ > 0 || std::exchange(disk_.locked_, true)) return system_error(EWOULDBLOCK);
        return std::unique_ptr<storage::FileLock>(std::make_unique<Lock>(disk_, false));
    }

    Result<std::unique_ptr<storage::FileLock>> lock_for_reading() override {
        std::lock_guard lock(disk_.mutex_);
        if (dead()) return system_error(EIO);
        if (disk_.locked_) return system_error(EWOULDBLOCK);
        ++disk_.readers_;
        return std::unique_ptr<storage::FileLock>(std::make_unique<Lock>(disk_, true));
    }

    Result<storage::FileIdentity> identity_of(const std::string& name) override {
        std::lock_guard lock(disk_.mutex_);
        if (dead()) return system_error(EIO);
        const auto found = disk_.entries_.find(name);
        if (found == disk_.entries_.end()) return system_error(ENOENT);
        return storage::FileIdentity{1, found->second->number};
    }

    bool root_intact() override { return true; }

private:
    bool dead() const { return disk_.cut_ || life_ != disk_.life_; }
    int start(Call call, bool& is_cut) {
        if (life_ != disk_.life_) return EIO;
        if (const int error = disk_.begin(call, is_cut)) return error;
        std::optional<std::size_t> ignored;
        return is_cut ? 0 : disk_.take_fault(call, ignored);
    }

    MemoryDisk& disk_;
    std::uint64_t life_;
};

std::unique_ptr<storage::FileSystem> MemoryDisk::mount() { return std::make_unique<Mounted>(*this); }

}  // namespace test
