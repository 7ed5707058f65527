// SPDX-License-Identifier: MIT
// tokmesh export DIR [--out FILE] [--key-file FILE] [--db N]
#pragma once

#include <span>
#include <string_view>

namespace server {

int run_export(std::span<const std::string_view> args);

}  // namespace server
