// SPDX-License-Identifier: MIT
#include "storage/lost_directory.hpp"

#include <cerrno>

#include "storage/data_directory.hpp"

namespace storage {

namespace {

constexpr int lost_directories_max = 1000;  // of one second

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

}  // namespace storage
