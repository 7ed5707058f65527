// SPDX-License-Identifier: MIT
// FileSystem on a real directory, by openat(2) and friends: a directory that is renamed meanwhile stays the same one.
#pragma once

#include <string>

#include "storage/file_system.hpp"

namespace storage {

// Opens `path`; with `create`, makes its last component first (0700) if it is absent. A directory that was made so and is
// still empty at the end goes again.
Result<std::unique_ptr<FileSystem>> open_posix_file_system(const std::string& path, bool create);

}  // namespace storage
