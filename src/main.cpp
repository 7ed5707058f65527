// SPDX-License-Identifier: MIT
// tokmesh: arguments -> settings -> Server::run(), or one of the tools. Start reading here; src/README.md says where to go on.
#include <cstdio>
#include <iostream>
#include <span>
#include <string_view>
#include <vector>

#include "src/command_line.hpp"
#include "src/server.hpp"
#include "src/settings.hpp"

int main(int argc, char** argv) {
    using server::CommandLine;
    const std::vector<std::string_view> args(argv + 1, argv + argc);
    const CommandLine line = server::parse_command_line(args);
    switch (line.action) {
        case CommandLine::Action::version: std::puts("TokMesh server v=" TOKMESH_VERSION " bits=64"); return 0;
        case CommandLine::Action::help: std::cout << server::usage_text(); return 0;
        case CommandLine::Action::refuse: std::cerr << "tokmesh: " << line.error << '\n'; return 1;
        case CommandLine::Action::tool: return server::run_tool(*line.tool, std::span(args).subspan(1));
        case CommandLine::Action::serve: break;
    }
    server::Settings settings;
    if (const auto why = server::load_settings(settings, line.sources, std::cin)) {
        std::cerr << "tokmesh: " << *why << '\n';
        return 1;
    }
    return server::Server(settings).run();
}
