// SPDX-License-Identifier: MIT
#include "storage/lost_directory.hpp"

#include <cerrno>
#include <span>
#include <vector>

#include "storage/data_directory.hpp"

namespace storage {

namespace {

constexpr int lost_directories_max = 1000;  // of one second
constexpr std::size_t moved_piece_bytes = 1U << 20;

Result<void> copy(File& from, File& to) {
    std::vector<std::byte> piece(moved_piece_bytes);
    for (std::uint64_t at = 0;;) {
        const auto got = pread_full(from, piece, at);
        if (!got) return got.error();
        if (*got == 0) return to.fdatasync();
        if (auto done = pwrite_all(to, std::span(piece).first(*got), at); !done) return done;
        at += *got;
    }
}

}  // namespace

LogResult<std::string> make_lost_directory(FileSystem& fs, UnixMs now) {
    const std::string base = lost_name(now);
    for (int i = 1; i <= lost_directories_max; ++i) {
        const std::string name = i == 1 ? base : base + "-" + std::to_string(i);
        const auto made = fs.make_directory(name);
        if (made) return LogResult<std::string>(boost::system::in_place_value, name);
        if (made.error() != boost::system::error_code(EEXIST, boost::system::system_category()))
            return disk_refusal("cannot make", name, made.error());
    }
    return Refusal{"too many directories " + base};
}

LogResult<void> move_to_lost(FileSystem& fs, const std::string& directory, const std::string& name) {
    auto done = fs.rename(name, directory + "/" + name);
    if (done) done = fs.sync_directory(directory);
    if (done) done = fs.sync_directory("");
    if (!done) return disk_refusal("cannot set aside", name, done.error());
    return {};
}

LogResult<void> copy_to_lost(FileSystem& fs, const std::string& directory, const std::string& name) {
    const auto from = fs.open_read(name);
    if (!from) return disk_refusal("cannot open", name, from.error());
    const auto to = fs.create(directory + "/" + name);
    auto done = to ? copy(**from, **to) : Result<void>(to.error());
    if (done) done = fs.sync_directory(directory);
    if (done) done = fs.sync_directory("");
    if (!done) return disk_refusal("cannot copy", name, done.error());
    return {};
}

}  // namespace storage
