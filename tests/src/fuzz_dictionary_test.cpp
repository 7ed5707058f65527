// SPDX-License-Identifier: MIT
// The fuzzers' dictionary follows from the command table: a new row is in it without an edit.
#include "tests/support/fuzz_dictionary.hpp"

#include <catch2/catch.hpp>

#include "src/command_table.hpp"

TEST_CASE("the fuzz dictionary knows every command, subcommand and option") {
    const std::string dictionary = support::fuzz_dictionary();
    server::each_command_row([&](const server::CommandSpec& spec, std::uint32_t) {
        const std::string name(spec.name.substr(spec.name.find('|') + 1));
        INFO(spec.name);
        CHECK(dictionary.find("\n\"" + name + "\"\n") != std::string::npos);
        CHECK(dictionary.find("\"$" + std::to_string(name.size()) + "\\x0d\\x0a" + name + "\\x0d\\x0a\"") != std::string::npos);
    });
    for (const char* option : {"CREATEDAFTER", "KEEPTTL", "IFVERSION", "FILTERBY"}) {
        INFO(option);
        CHECK(dictionary.find("\n\"" + std::string(option) + "\"\n") != std::string::npos);
    }
}
