// SPDX-License-Identifier: MIT
// tokmesh repair DIR [--apply [--empty]] [--key-file FILE [--migrate]]: says what would be lost and moved, and with --apply does
// it.
#pragma once

#include <string>

#include "src/tools/tool.hpp"
#include "storage/repair_plan.hpp"

namespace server {

extern const Tool repair_tool;

std::string plan_text(const std::string& path, const storage::RepairPlan& plan, bool apply);

}  // namespace server
