// SPDX-License-Identifier: MIT
// tokmesh inspect DIR [--json] [--key-file FILE]: the facts of a data directory. No token, hash, key or user in it.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "storage/survey.hpp"

namespace server {

int run_inspect(std::span<const std::string_view> args);

std::string inspect_text(const std::string& path, const storage::Survey& survey);
std::string inspect_json(const std::string& path, const storage::Survey& survey);  // one object on one line

}  // namespace server
