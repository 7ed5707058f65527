// SPDX-License-Identifier: MIT
#include "src/tools/tool.hpp"

#include <algorithm>
#include <array>

#include "src/tools/export.hpp"
#include "src/tools/import.hpp"
#include "src/tools/inspect.hpp"
#include "src/tools/repair.hpp"
#include "src/tools/verify.hpp"

namespace server {

namespace {

constexpr std::array table = {
    Tool{"inspect", "Says what is in a data directory, and where the first bad byte stands", run_inspect},
    Tool{"verify", "Reads all of it and says by its exit code whether it is sound", run_verify},
    Tool{"repair", "Says what can be saved of a damaged one and what is lost; with --apply makes it start", run_repair},
    Tool{"export", "Writes all that a data directory holds as JSON lines", run_export},
    Tool{"import", "Makes a data directory from an export, or ends what a restored backup revived", run_import},
};

}  // namespace

std::span<const Tool> tools() { return table; }

const Tool* find_tool(std::string_view name) {
    const auto found = std::find_if(table.begin(), table.end(), [&](const Tool& tool) { return tool.name == name; });
    return found == table.end() ? nullptr : &*found;
}

}  // namespace server
