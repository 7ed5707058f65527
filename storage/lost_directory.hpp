// SPDX-License-Identifier: MIT
// lost-<UTC time>/ in the data directory: where what cannot be used goes, because an operator may want to look at it.
#pragma once

#include <string>

#include "storage/file_system.hpp"
#include "storage/wal.hpp"

namespace storage {

LogResult<std::string> make_lost_directory(FileSystem& fs, UnixMs now);  // its name; one of its own at each call
// The file itself, and durably: after a power cut it is in one place or the other.
LogResult<void> move_to_lost(FileSystem& fs, const std::string& directory, const std::string& name);
// Its bytes, durably; the file stays.
LogResult<void> copy_to_lost(FileSystem& fs, const std::string& directory, const std::string& name);

}  // namespace storage
