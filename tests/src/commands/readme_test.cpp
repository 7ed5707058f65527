// SPDX-License-Identifier: MIT
// The page of commands names every command that there is.
#include <catch2/catch.hpp>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "src/args.hpp"
#include "src/command.hpp"

namespace {

std::set<std::string> words_of(const std::string& path) {
    std::ifstream file(path);
    REQUIRE(file);
    std::set<std::string> words;
    std::string word;
    while (file >> word) {
        while (!word.empty() && (word.front() == '(' || word.front() == '`')) word.erase(0, 1);
        while (!word.empty() && (word.back() == ')' || word.back() == '`' || word.back() == ':')) word.pop_back();
        words.insert(word);
    }
    return words;
}

}  // namespace

TEST_CASE("src/commands/README.md names every command", "[repository]") {
    const auto words = words_of(TOKMESH_SOURCE_DIR "/src/commands/README.md");
    for (const server::CommandSpec* spec : server::all_commands()) {
        INFO("add " << server::upper_case(spec->name) << " to src/commands/README.md");
        CHECK(words.contains(server::upper_case(spec->name)));
        for (const server::CommandSpec& sub : spec->subs) {
            INFO("its subcommand " << server::upper_case(sub.name));
            CHECK(words.contains(server::upper_case(sub.name.substr(sub.name.find('|') + 1))));
        }
    }
}
