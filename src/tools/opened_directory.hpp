// SPDX-License-Identifier: MIT
// A data directory that a tool has for itself, and the keys that the operator gave with --key-file.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "storage/file_system.hpp"
#include "storage/log_options.hpp"
#include "storage/wal.hpp"

namespace server {

enum class ToolAccess {
    read,    // beside other readers; works where nothing can be written
    change,  // alone
    make,    // alone, in one that may be absent: it is made, and goes again if nothing is put into it
};

struct OpenedDirectory {
    std::string path;
    std::unique_ptr<storage::FileSystem> fs;
    std::unique_ptr<storage::FileLock> lock;
    // Plain files are read whether there are keys or not: whether a start would is a matter of its settings.
    storage::Encryption encryption;
};

// An error: one line that says why it cannot be used; nothing is made or changed then.
storage::LogResult<OpenedDirectory> open_directory(const std::string& path, ToolAccess access,
                                                   const std::optional<std::string>& key_file);

}  // namespace server
