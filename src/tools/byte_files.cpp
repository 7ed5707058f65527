// SPDX-License-Identifier: MIT
#include "src/tools/byte_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <utility>

namespace server {

namespace {

constexpr std::size_t read_step_bytes = 64U << 10;

boost::system::error_code last_error() { return {errno, boost::system::system_category()}; }

storage::Result<void> sync_directory_of(const std::string& path) {
    const std::filesystem::path parent = std::filesystem::path(path).parent_path();
    const int number = ::open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (number < 0) return last_error();
    const bool done = ::fsync(number) == 0;
    const auto error = last_error();
    ::close(number);
    return done ? storage::Result<void>() : error;
}

}  // namespace

storage::LogResult<InputFile> InputFile::open(const std::optional<std::string>& path) {
    if (!path) return InputFile(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0), "standard input");
    InputFile file(::open(path->c_str(), O_RDONLY | O_CLOEXEC), *path);
    struct stat about {};
    if (file.number_ < 0 || ::fstat(file.number_, &about) != 0) return storage::disk_refusal("cannot open", *path, last_error());
    if (S_ISREG(about.st_mode)) file.bytes_ = static_cast<std::uint64_t>(about.st_size);
    return file;
}

InputFile::InputFile(InputFile&& other) noexcept
    : number_(std::exchange(other.number_, -1)), name_(std::move(other.name_)), bytes_(other.bytes_) {}

InputFile::~InputFile() {
    if (number_ >= 0) ::close(number_);
}

storage::Result<std::size_t> InputFile::read(std::span<char> to) {
    for (;;) {
        const ssize_t got = ::read(number_, to.data(), to.size());
        if (got >= 0) return static_cast<std::size_t>(got);
        if (errno != EINTR) return last_error();
    }
}

storage::LogResult<std::string> InputFile::read_all(std::size_t bytes_max) {
    std::string all;
    for (;;) {
        const std::size_t before = all.size();
        all.resize(before + read_step_bytes);
        const auto got = read(std::span(all).subspan(before));
        if (!got) return storage::disk_refusal("cannot read", name_, got.error());
        all.resize(before + *got);
        if (*got == 0) return storage::LogResult<std::string>(boost::system::in_place_value, std::move(all));
        if (all.size() > bytes_max)
            return storage::Refusal{name_ + " is larger than " + std::to_string(bytes_max) + " bytes, the most that is read"};
    }
}

storage::LogResult<OutputFile> OutputFile::create(const std::optional<std::string>& path) {
    if (!path) return OutputFile(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0), path);
    OutputFile file(::open(path->c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600), path);
    if (file.number_ >= 0) return file;
    const auto error = last_error();
    if (error.value() == EEXIST) return storage::Refusal{*path + " is there already, and is not written over"};
    return storage::disk_refusal("cannot make", *path, error);
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : number_(std::exchange(other.number_, -1)), path_(std::move(other.path_)), finished_(other.finished_) {}

OutputFile::~OutputFile() {
    if (number_ < 0) return;
    ::close(number_);
    if (path_ && !finished_) ::unlink(path_->c_str());
}

storage::Result<void> OutputFile::write(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t done = ::write(number_, bytes.data(), bytes.size());
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return last_error();
        bytes.remove_prefix(static_cast<std::size_t>(done));
    }
    return {};
}

storage::LogResult<void> OutputFile::finish() {
    if (path_) {
        auto done = ::fsync(number_) == 0 ? storage::Result<void>() : storage::Result<void>(last_error());
        if (done) done = sync_directory_of(*path_);
        if (!done) return storage::disk_refusal("cannot sync", *path_, done.error());
    }
    finished_ = true;
    return {};
}

}  // namespace server
