// SPDX-License-Identifier: MIT
#include "src/tools/tool.hpp"

#include <algorithm>
#include <array>
#include <iostream>

#include "src/tools/export.hpp"
#include "src/tools/import.hpp"
#include "src/tools/inspect.hpp"
#include "src/tools/repair.hpp"
#include "src/tools/verify.hpp"

namespace server {

namespace {

constexpr std::array all_tools = {&inspect_tool, &verify_tool, &repair_tool, &export_tool, &import_tool};

}  // namespace

std::span<const Tool* const> tools() { return all_tools; }

const Tool* find_tool(std::string_view name) {
    const auto found = std::find_if(all_tools.begin(), all_tools.end(), [&](const Tool* tool) { return tool->name == name; });
    return found == all_tools.end() ? nullptr : *found;
}

int run_tool(const Tool& tool, std::span<const std::string_view> args) {
    const ToolArgs parsed = ToolArgs::parse(args, tool.options, 1, 1);
    if (parsed.help()) {
        std::cout << tool.help;
        return tool_sound;
    }
    if (!parsed.error().empty()) return tool_misused(tool.name, parsed.error());
    return tool.run(parsed);
}

void tool_says(std::string_view tool, const std::string& line) { std::cerr << "tokmesh " << tool << ": " << line << '\n'; }

int tool_failed(std::string_view tool, const std::string& why, int code) {
    tool_says(tool, why);
    return code;
}

int tool_misused(std::string_view tool, const std::string& why) {
    return tool_failed(tool, why + "; see tokmesh " + std::string(tool) + " --help");
}

}  // namespace server
