// SPDX-License-Identifier: MIT
// The arguments of the program. An option takes all words up to the next one, as redis-server has it: --save "" or
// --client-output-buffer-limit normal 0 0 0.
#include "src/command_line.hpp"

#include <algorithm>
#include <filesystem>

namespace server {
namespace {

constexpr std::size_t tool_name_columns = 12;

CommandLine refuse(std::string why) {
    CommandLine line;
    line.action = CommandLine::Action::refuse;
    line.error = std::move(why);
    return line;
}

CommandLine only(CommandLine::Action action) {
    CommandLine line;
    line.action = action;
    return line;
}

bool any_of(std::string_view word, std::initializer_list<std::string_view> words) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

bool looks_like_file(std::string_view word) {
    std::error_code error;
    return word.find_first_of("/.") != std::string_view::npos || std::filesystem::is_regular_file(word, error);
}

}  // namespace

CommandLine parse_command_line(std::span<const std::string_view> args) {
    if (!args.empty() && any_of(args[0], {"--version", "-v", "version"})) return only(CommandLine::Action::version);
    if (!args.empty() && any_of(args[0], {"--help", "-h", "help"})) return only(CommandLine::Action::help);
    if (const Tool* tool = args.empty() ? nullptr : find_tool(args[0])) {
        CommandLine line = only(CommandLine::Action::tool);
        line.tool = tool;
        return line;
    }
    if (!args.empty() && args[0] == "serve") {
        args = args.subspan(1);
        if (!args.empty() && any_of(args[0], {"--help", "-h"})) return only(CommandLine::Action::help);
    } else if (!args.empty() && !args[0].starts_with('-') && !looks_like_file(args[0])) {
        return refuse("unknown subcommand '" + std::string(args[0]) + "'; see tokmesh --help");
    }
    CommandLine line;
    SettingSources& sources = line.sources;
    for (std::size_t i = 0; i < args.size(); ++i) {
        const std::string_view word = args[i];
        if (word == "-") {
            sources.standard_input = true;
        } else if (word.starts_with("--") && word.size() > 2) {
            std::string value;
            std::size_t words = 0;
            for (; i + 1 < args.size() && !args[i + 1].starts_with("--") && args[i + 1] != "-"; ++i, ++words)
                value += (words == 0 ? "" : " ") + std::string(args[i + 1]);
            if (words == 0) return refuse("command line: '" + std::string(word) + "' has no value");
            sources.options.emplace_back(word.substr(2), std::move(value));
        } else if (i == 0 && !word.starts_with('-')) {
            sources.file = std::string(word);
        } else {
            return refuse("command line: unexpected '" + std::string(word) + "'; see tokmesh --help");
        }
    }
    return line;
}

std::string usage_text() {
    std::string text =
        "Usage: tokmesh [serve] [FILE] [-] [--setting value ...]\n"
        "       tokmesh --version | --help\n"
        "       tokmesh TOOL ... | TOOL --help\n"
        "\n"
        "FILE has the syntax of redis.conf; - reads more of the same from standard input; every setting of\n"
        "conf/tokmesh.conf can be given as --setting value. Later ones win.\n"
        "\n"
        "Tools, for a data directory that no server uses:\n";
    for (const Tool* tool : tools()) {
        text += "  ";
        text += tool->name;
        text.append(tool->name.size() < tool_name_columns ? tool_name_columns - tool->name.size() : 1, ' ');
        text += tool->summary;
        text += '\n';
    }
    text +=
        "\n"
        "Examples:\n"
        "  tokmesh                                   the defaults: port 6379, data in the current directory\n"
        "  tokmesh serve /etc/tokmesh/tokmesh.conf --port 7000 --appendfsync always\n"
        "  echo 'requirepass secret' | tokmesh serve - --dir /var/lib/tokmesh\n"
        "  tokmesh inspect /var/lib/tokmesh\n";
    return text;
}

}  // namespace server
