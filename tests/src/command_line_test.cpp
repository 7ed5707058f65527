// SPDX-License-Identifier: MIT
#include "src/command_line.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

using server::CommandLine;
using Action = CommandLine::Action;

namespace {

CommandLine parse(const std::vector<std::string_view>& args) { return server::parse_command_line(args); }

}  // namespace

TEST_CASE("serve is the default and takes a file first") {
    CHECK(parse({}).action == Action::serve);
    CHECK(parse({"serve"}).action == Action::serve);
    CHECK(parse({"serve", "a.conf"}).sources.file == "a.conf");
    CHECK(parse({"/etc/a.conf", "--port", "1"}).sources.file == "/etc/a.conf");
    CHECK(parse({"--port", "1"}).sources.options.size() == 1);
}

TEST_CASE("an option takes all words up to the next one") {
    const auto line = parse({"serve", "--client-output-buffer-limit", "normal", "0", "0", "0", "--save", "", "-", "--port", "7"});
    REQUIRE(line.action == Action::serve);
    REQUIRE(line.sources.options.size() == 3);
    CHECK(line.sources.options[0].second == "normal 0 0 0");
    CHECK(line.sources.options[1] == std::pair<std::string, std::string>("save", ""));
    CHECK(line.sources.options[2].second == "7");
    CHECK(line.sources.standard_input);
}

TEST_CASE("what makes no sense is refused by name") {
    CHECK(parse({"swerve"}).error == "unknown subcommand 'swerve'; see tokmesh --help");
    CHECK(parse({"serve", "--port"}).error == "command line: '--port' has no value");
    CHECK(parse({"serve", "-x"}).error == "command line: unexpected '-x'; see tokmesh --help");
    CHECK(parse({"serve", "a.conf", "b.conf"}).action == Action::refuse);
}

TEST_CASE("a tool gets all words behind its name") {
    for (const server::Tool* tool : server::tools()) {
        CHECK(parse({tool->name, "--help"}).action == Action::tool);
        CHECK(parse({tool->name, "--help"}).tool->name == tool->name);
        CHECK(server::usage_text().find("  " + std::string(tool->name) + " ") != std::string::npos);
    }
    CHECK(server::find_tool("serve") == nullptr);
}

TEST_CASE("version and help") {
    CHECK(parse({"--version"}).action == Action::version);
    CHECK(parse({"-v"}).action == Action::version);
    CHECK(parse({"--help"}).action == Action::help);
    CHECK(parse({"serve", "--help"}).action == Action::help);
}
