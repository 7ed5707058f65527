// SPDX-License-Identifier: MIT
// The second form of tokmesh import: what a restored backup revived ends again.
#pragma once

#include <optional>
#include <string>

#include "src/tools/opened_directory.hpp"
#include "storage/wal.hpp"

namespace server {

struct RevokeFiles {
    std::optional<std::string> since, users;
};

// One line that says what was done, or would be.
storage::LogResult<std::string> end_revoked(const std::string& path, const RevokeFiles& files, const ToolKeys& keys,
                                            bool dry_run);

}  // namespace server
