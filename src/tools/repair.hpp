// SPDX-License-Identifier: MIT
// tokmesh repair DIR [--apply [--empty]] [--key-file FILE [--migrate]]: says what would be lost and moved, and with --apply does
// it.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "storage/repair_plan.hpp"

namespace server {

int run_repair(std::span<const std::string_view> args);

std::string plan_text(const std::string& path, const storage::RepairPlan& plan, bool apply);

}  // namespace server
