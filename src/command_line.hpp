// SPDX-License-Identifier: MIT
// tokmesh [serve] [FILE] [-] [--setting value ...] | --version | --help
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "src/config_file.hpp"

namespace server {

struct CommandLine {
    enum class Action { serve, version, help, refuse };
    Action action = Action::serve;
    SettingSources sources;
    std::string error;  // with refuse
};

CommandLine parse_command_line(std::span<const std::string_view> args);  // without the program's name
std::string_view usage_text();

}  // namespace server
