// SPDX-License-Identifier: MIT
// tokmesh inspect DIR [--json] [--key-file FILE]: the facts of a data directory. No token, hash, key or user in it.
#pragma once

#include <string>

#include "src/tools/tool.hpp"
#include "storage/survey.hpp"

namespace server {

extern const Tool inspect_tool;

std::string inspect_text(const std::string& path, const storage::Survey& survey);
std::string inspect_json(const std::string& path, const storage::Survey& survey);  // one object on one line

}  // namespace server
