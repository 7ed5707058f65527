// SPDX-License-Identifier: MIT
// tokmesh import DIR [--in FILE] [--key-file FILE]
// tokmesh import DIR [--revoked-since EXPORT] [--revoked-users FILE] [--dry-run] [--key-file FILE]
#pragma once

#include "src/tools/tool.hpp"

namespace server {

extern const Tool import_tool;

}  // namespace server
