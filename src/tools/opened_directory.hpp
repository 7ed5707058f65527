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

// What the operator said about keys: --key-file, and --migrate as encryption-migrate yes.
struct ToolKeys {
    std::optional<std::string> file;
    bool migrate = false;
};

struct OpenedDirectory {
    std::string path;
    std::unique_ptr<storage::FileSystem> fs;
    std::unique_ptr<storage::FileLock> lock;
    // With keys, plain files are refused as a start refuses them, unless --migrate: nothing says who wrote those.
    storage::Encryption encryption;
};

// An error: one line that says why it cannot be used; nothing is made or changed then.
storage::LogResult<OpenedDirectory> open_directory(const std::string& path, ToolAccess access, const ToolKeys& key_options);

}  // namespace server
