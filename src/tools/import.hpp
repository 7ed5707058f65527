// SPDX-License-Identifier: MIT
// tokmesh import DIR [--in FILE] [--key-file FILE]
// tokmesh import DIR [--revoked-since EXPORT] [--revoked-users FILE] [--dry-run] [--key-file FILE]
#pragma once

#include <span>
#include <string_view>

namespace server {

int run_import(std::span<const std::string_view> args);

}  // namespace server
