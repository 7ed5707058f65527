// SPDX-License-Identifier: MIT
// The subcommands beside `serve`: tools for a data directory that no server uses. The table is in tool.cpp; a new one needs a
// `const Tool` in a file of its name and a row there, nothing else.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "src/tools/tool_args.hpp"

namespace server {

// What every tool answers with; export and import have words of their own for the same numbers (transfer_words.hpp).
enum ToolExit : int {
    tool_sound = 0,      // done, and nothing is wrong
    tool_damaged = 1,    // looked, and something is wrong
    tool_no_answer = 2,  // could not look: usage, no such directory, in use, no key
};

struct Tool {
    std::string_view name;     // the subcommand
    std::string_view summary;  // its line in tokmesh --help
    std::string_view help;     // what TOOL --help prints
    std::span<const ToolOption> options;
    // One word, the directory, and options of the list above. Answers on stdout, says what went wrong on stderr, returns the
    // exit code.
    int (*run)(const ToolArgs& args);
};

std::span<const Tool* const> tools();
const Tool* find_tool(std::string_view name);  // null: there is none

// `args`: all words behind the name. Answers --help and refuses what is no option; the exit code.
int run_tool(const Tool& tool, std::span<const std::string_view> args);

// "tokmesh TOOL: line" on stderr.
void tool_says(std::string_view tool, const std::string& line);
// The same as the last word; `code` again.
int tool_failed(std::string_view tool, const std::string& why, int code = tool_no_answer);
// The same for options that make no sense together: points to --help, tool_no_answer.
int tool_misused(std::string_view tool, const std::string& why);

}  // namespace server
