// SPDX-License-Identifier: MIT
#include "src/tools/inspect.hpp"

#include <array>
#include <iostream>

#include "src/tools/opened_directory.hpp"
#include "src/tools/progress_line.hpp"

namespace server {

namespace {

constexpr std::array inspect_options = {ToolOption{"--json"}, ToolOption{"--key-file", true}};

constexpr std::string_view inspect_help =
    "Usage: tokmesh inspect DIR [--json] [--key-file FILE]\n"
    "\n"
    "Says what is in a data directory: segments of the log, snapshots, LSNs, sizes, the key ids that are needed, and\n"
    "the first bad byte if there is one. Shows no token, no key and nothing of a user. Changes nothing.\n"
    "\n"
    "  --json           one JSON object\n"
    "  --key-file FILE  keys as in encryption-key-file; without them, sealed files show what needs no key\n"
    "\n"
    "Exit code: 0, or 2 when it could not look (no such directory, in use, unreadable).\n";

int run_inspect(const ToolArgs& args) {
    const std::string& path = args.words()[0];
    const auto directory = open_directory(path, ToolAccess::read, {args.value("--key-file"), true});
    if (!directory) return tool_failed("inspect", directory.error().text);
    storage::RecoveryProgress progress;
    const auto survey = [&] {
        const ProgressLine line("reading", progress);
        return storage::survey_directory(*directory->fs, directory->encryption, storage::Depth::stored, progress);
    }();
    if (!survey) return tool_failed("inspect", path + ": " + survey.error().text);
    std::cout << (args.has("--json") ? inspect_json(path, *survey) : inspect_text(path, *survey));
    std::cout.flush();
    return std::cout.good() ? tool_sound : tool_failed("inspect", "cannot write the answer");
}

}  // namespace

const Tool inspect_tool{"inspect", "Says what is in a data directory, and where the first bad byte stands", inspect_help,
                        inspect_options, run_inspect};

}  // namespace server
