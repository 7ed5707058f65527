// SPDX-License-Identifier: MIT
#include "storage/posix_file_system.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace storage {

namespace {

boost::system::error_code last_error() { return {errno, boost::system::system_category()}; }

class Descriptor {
public:
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&&) = delete;
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    int get() const { return fd_; }

private:
    int fd_;
};

FileIdentity identity_from(const struct stat& s) { return {s.st_dev, s.st_ino}; }

class PosixFile final : public File {
public:
    explicit PosixFile(Descriptor fd) : fd_(std::move(fd)) {}

    Result<std::size_t> pread(std::span<std::byte> to, std::uint64_t offset) override {
        const ssize_t n = ::pread(fd_.get(), to.data(), to.size(), static_cast<off_t>(offset));
        if (n < 0) return last_error();
        return static_cast<std::size_t>(n);
    }
    Result<std::size_t> pwrite(std::span<const std::byte> from, std::uint64_t offset) override {
        const ssize_t n = ::pwrite(fd_.get(), from.data(), from.size(), static_cast<off_t>(offset));
        if (n < 0) return last_error();
        return static_cast<std::size_t>(n);
    }
    Result<std::uint64_t> size() override {
        struct stat s {};
        if (::fstat(fd_.get(), &s) != 0) return last_error();
        return static_cast<std::uint64_t>(s.st_size);
    }
    Result<void> fdatasync() override {
        if (::fdatasync(fd_.get()) != 0) return last_error();
        return {};
    }
    Result<void> truncate(std::uint64_t size) override {
        if (::ftruncate(fd_.get(), static_cast<off_t>(size)) != 0) return last_error();
        return {};
    }
    void advise(Advice advice) override {
        // Only a hint: what the kernel answers changes nothing.
        ::posix_fadvise(fd_.get(), 0, 0, advice == Advice::will_read_all ? POSIX_FADV_SEQUENTIAL : POSIX_FADV_DONTNEED);
    }
    Result<FileIdentity> identity() override {
        struct stat s {};
        if (::fstat(fd_.get(), &s) != 0) return last_error();
        return identity_from(s);
    }

private:
    Descriptor fd_;
};

class PosixLock final : public FileLock {
public:
    explicit PosixLock(Descriptor fd) : fd_(std::move(fd)) {}

private:
    Descriptor fd_;
};

class PosixFileSystem final : public FileSystem {
public:
    PosixFileSystem(std::string path, int directory, bool made) : path_(std::move(path)), directory_(directory), made_(made) {}
    ~PosixFileSystem() override {
        if (made_) ::rmdir(path_.c_str());  // succeeds only if nothing was put into it
    }
    PosixFileSystem(const PosixFileSystem&) = delete;
    PosixFileSystem& operator=(const PosixFileSystem&) = delete;

    Result<std::unique_ptr<File>> create(const std::string& name) override { return open(name, O_RDWR | O_CREAT | O_EXCL); }
    Result<std::unique_ptr<File>> open_read(const std::string& name) override { return open(name, O_RDONLY); }
    Result<std::unique_ptr<File>> open_write(const std::string& name) override { return open(name, O_RDWR); }

    Result<void> rename(const std::string& from, const std::string& to) override {
        if (::renameat(directory_.get(), from.c_str(), directory_.get(), to.c_str()) != 0) return last_error();
        return {};
    }
    Result<void> unlink(const std::string& name) override {
        if (::unlinkat(directory_.get(), name.c_str(), 0) != 0) return last_error();
        return {};
    }
    Result<void> make_directory(const std::string& name) override {
        if (::mkdirat(directory_.get(), name.c_str(), 0700) != 0) return last_error();
        return {};
    }

    Result<std::vector<std::string>> list() override {
        const int again = ::openat(directory_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (again < 0) return last_error();
        DIR* entries = ::fdopendir(again);
        if (entries == nullptr) {
            const auto error = last_error();
            ::close(again);
            return error;
        }
        std::vector<std::string> names;
        boost::system::error_code error;
        for (;;) {
            errno = 0;
            const dirent* entry = ::readdir(entries);  // NOLINT(concurrency-mt-unsafe): this stream is ours alone
            if (entry == nullptr) {
                error = last_error();  // none at the end
                break;
            }
            const std::string name = entry->d_name;
            if (name != "." && name != "..") names.push_back(name);
        }
        ::closedir(entries);
        if (error) return error;
        return names;
    }

    Result<void> sync_directory(const std::string& name) override {
        if (name.empty()) return sync_descriptor(directory_.get());
        const Descriptor below(::openat(directory_.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (below.get() < 0) return last_error();
        return sync_descriptor(below.get());
    }

    // The lock belongs to what directory_ opened and ends with the last descriptor of it, so after the rmdir of the destructor.
    Result<std::unique_ptr<FileLock>> lock() override {
        // What may only be read can be locked too, and is no place for a log.
        if (::faccessat(directory_.get(), ".", W_OK | X_OK, AT_EACCESS) != 0) return last_error();
        return take_lock(LOCK_EX);
    }
    Result<std::unique_ptr<FileLock>> lock_for_reading() override { return take_lock(LOCK_SH); }

    Result<FileIdentity> identity_of(const std::string& name) override {
        struct stat s {};
        if (::fstatat(directory_.get(), name.c_str(), &s, AT_SYMLINK_NOFOLLOW) != 0) return last_error();
        return identity_from(s);
    }

    bool root_intact() override {
        struct stat by_name {
        }, by_descriptor{};
        return ::stat(path_.c_str(), &by_name) == 0 && ::fstat(directory_.get(), &by_descriptor) == 0 &&
               identity_from(by_name) == identity_from(by_descriptor);
    }

private:
    Result<std::unique_ptr<FileLock>> take_lock(int kind) {
        if (::flock(directory_.get(), kind | LOCK_NB) != 0) return last_error();
        Descriptor fd(::fcntl(directory_.get(), F_DUPFD_CLOEXEC, 0));
        if (fd.get() < 0) return last_error();
        // Another start may have made the directory, been refused and taken it away between our open and our lock.
        if (!root_intact()) return boost::system::error_code(ENOENT, boost::system::system_category());
        return std::unique_ptr<FileLock>(std::make_unique<PosixLock>(std::move(fd)));
    }
    Result<std::unique_ptr<File>> open(const std::string& name, int flags) {
        // A FIFO under a name of ours must not hold us up; what is no regular file is refused, and for those it means nothing.
        Descriptor fd(::openat(directory_.get(), name.c_str(), flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
        if (fd.get() < 0) return last_error();
        struct stat s {};
        if (::fstat(fd.get(), &s) != 0) return last_error();
        if (!S_ISREG(s.st_mode))
            return boost::system::error_code(S_ISDIR(s.st_mode) ? EISDIR : EINVAL, boost::system::system_category());
        return std::unique_ptr<File>(std::make_unique<PosixFile>(std::move(fd)));
    }
    static Result<void> sync_descriptor(int fd) {
        if (::fsync(fd) != 0) return last_error();
        return {};
    }

    std::string path_;
    Descriptor directory_;
    const bool made_;
};

// A new directory's name lasts when the folder that holds it is synced. One that may not be read is synced with all of its disk.
Result<void> sync_parent(int directory) {
    const Descriptor parent(::openat(directory, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (parent.get() < 0 ? ::syncfs(directory) != 0 : ::fsync(parent.get()) != 0) return last_error();
    return {};
}

}  // namespace

Result<std::unique_ptr<FileSystem>> open_posix_file_system(const std::string& path, bool create) {
    const bool made = create && ::mkdir(path.c_str(), 0700) == 0;
    if (create && !made && errno != EEXIST) return last_error();
    const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return last_error();
    auto opened = std::make_unique<PosixFileSystem>(path, fd, made);
    if (made)
        if (auto done = sync_parent(fd); !done) return done.error();
    return std::unique_ptr<FileSystem>(std::move(opened));
}

}  // namespace storage
