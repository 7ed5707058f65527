// SPDX-License-Identifier: MIT
// The subcommands beside `serve`: tools for a data directory that no server uses. The table is in tool.cpp; a new one needs a row
// there, nothing else.
#pragma once

#include <span>
#include <string_view>

namespace server {

// What every tool answers with.
enum ToolExit : int {
    tool_sound = 0,      // done, and nothing is wrong
    tool_damaged = 1,    // looked, and something is wrong
    tool_no_answer = 2,  // could not look: usage, no such directory, in use, no key
};

struct Tool {
    std::string_view name;     // the subcommand
    std::string_view summary;  // its line in tokmesh --help
    // All words behind the name. Answers on stdout, says what went wrong on stderr, returns the exit code.
    int (*run)(std::span<const std::string_view> args);
};

std::span<const Tool> tools();
const Tool* find_tool(std::string_view name);  // null: there is none

}  // namespace server
