// SPDX-License-Identifier: MIT
#include "src/tools/inspect.hpp"

#include <array>
#include <iostream>

#include "src/tools/opened_directory.hpp"
#include "src/tools/progress_line.hpp"
#include "src/tools/tool.hpp"
#include "src/tools/tool_args.hpp"

namespace server {

namespace {

constexpr std::array options = {ToolOption{"--json"}, ToolOption{"--key-file", true}};

constexpr std::string_view help =
    "Usage: tokmesh inspect DIR [--json] [--key-file FILE]\n"
    "\n"
    "Says what is in a data directory: segments of the log, snapshots, LSNs, sizes, the key ids that are needed, and\n"
    "the first bad byte if there is one. Shows no token, no key and nothing of a user. Changes nothing.\n"
    "\n"
    "  --json           one JSON object\n"
    "  --key-file FILE  keys as in encryption-key-file; without them, sealed files show what needs no key\n"
    "\n"
    "Exit code: 0, or 2 when it could not look (no such directory, in use, unreadable).\n";

int could_not(const std::string& why) {
    std::cerr << "tokmesh inspect: " << why << '\n';
    return tool_no_answer;
}

}  // namespace

int run_inspect(std::span<const std::string_view> args) {
    const ToolArgs parsed = ToolArgs::parse(args, options, 1, 1);
    if (parsed.help()) {
        std::cout << help;
        return tool_sound;
    }
    if (!parsed.error().empty()) return could_not(parsed.error() + "; see tokmesh inspect --help");
    const std::string& path = parsed.words()[0];
    const auto directory = open_directory(path, ToolAccess::read, {parsed.value("--key-file"), true});
    if (!directory) return could_not(directory.error().text);
    storage::RecoveryProgress progress;
    const auto survey = [&] {
        const ProgressLine line("reading", progress);
        return storage::survey_directory(*directory->fs, directory->encryption, storage::Depth::stored, progress);
    }();
    if (!survey) return could_not(path + ": " + survey.error().text);
    std::cout << (parsed.has("--json") ? inspect_json(path, *survey) : inspect_text(path, *survey));
    std::cout.flush();
    return std::cout.good() ? tool_sound : could_not("cannot write the answer");
}

}  // namespace server
