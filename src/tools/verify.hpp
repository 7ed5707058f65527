// SPDX-License-Identifier: MIT
// tokmesh verify DIR [--key-file FILE [--migrate]]: reads everything; the exit code says whether it is sound.
#pragma once

#include <string>

#include "src/tools/tool.hpp"
#include "storage/health.hpp"

namespace server {

extern const Tool verify_tool;

std::string verify_text(const std::string& path, const storage::Health& health);

}  // namespace server
