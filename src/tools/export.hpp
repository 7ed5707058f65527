// SPDX-License-Identifier: MIT
// tokmesh export DIR [--out FILE] [--key-file FILE] [--db N]
#pragma once

#include "src/tools/tool.hpp"

namespace server {

extern const Tool export_tool;

}  // namespace server
