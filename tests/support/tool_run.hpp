// SPDX-License-Identifier: MIT
// One of the binary's tools, run to its end.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace support {

struct ToolRun {
    int exit_code = -1;  // or 128 + signal
    std::string out, err;
};

// `run_as`: setuid in the child, for tests as root. `standard_input` is a file's; `out_to` is opened instead
// of a file of its own. Fails the test when it takes more than a
// minute.
ToolRun run_tool(const std::vector<std::string>& args, std::optional<uid_t> run_as = {}, const std::string& standard_input = "",
                 const std::string& out_to = "");

}  // namespace support
