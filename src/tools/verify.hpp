// SPDX-License-Identifier: MIT
// tokmesh verify DIR [--key-file FILE [--migrate]]: reads everything; the exit code says whether it is sound.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "storage/health.hpp"

namespace server {

int run_verify(std::span<const std::string_view> args);

std::string verify_text(const std::string& path, const storage::Health& health);

}  // namespace server
