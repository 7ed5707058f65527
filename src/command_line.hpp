// SPDX-License-Identifier: MIT
// tokmesh [serve] [FILE] [-] [--setting value ...] | <tool> ... | --version | --help
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "src/config_file.hpp"
#include "src/tools/tool.hpp"

namespace server {

struct CommandLine {
    enum class Action { serve, tool, version, help, refuse };
    Action action = Action::serve;
    SettingSources sources;
    std::string error;           // with refuse
    const Tool* tool = nullptr;  // with tool, which gets all words behind its name
};

CommandLine parse_command_line(std::span<const std::string_view> args);  // without the program's name
std::string usage_text();

}  // namespace server
