// SPDX-License-Identifier: MIT
#include "src/tools/tool.hpp"

#include <algorithm>
#include <array>

#include "src/tools/inspect.hpp"

namespace server {

namespace {

constexpr std::array table = {
    Tool{"inspect", "Says what is in a data directory, and where the first bad byte stands", run_inspect},
};

}  // namespace

std::span<const Tool> tools() { return table; }

const Tool* find_tool(std::string_view name) {
    const auto found = std::find_if(table.begin(), table.end(), [&](const Tool& tool) { return tool.name == name; });
    return found == table.end() ? nullptr : &*found;
}

}  // namespace server
