// SPDX-License-Identifier: MIT
#include "tests/support/fuzz_dictionary.hpp"

#include <cctype>
#include <set>
#include <string_view>

#include "src/command_table.hpp"

namespace support {

namespace {

// Runs of capitals in a syntax are the words of options: "[MATCH pattern] [COUNT count]".
void add_options(std::string_view syntax, std::set<std::string>& words) {
    std::string word;
    for (std::size_t i = 0; i <= syntax.size(); ++i) {
        const char c = i < syntax.size() ? syntax[i] : ' ';
        if (std::isupper(static_cast<unsigned char>(c)) != 0) {
            word += c;
        } else {
            if (word.size() > 1) words.insert(word);
            word.clear();
        }
    }
}

}  // namespace

std::string fuzz_dictionary() {
    std::set<std::string> words;
    server::each_command_row([&](const server::CommandSpec& spec, std::uint32_t) {
        const std::size_t bar = spec.name.find('|');
        words.emplace(bar == std::string_view::npos ? spec.name : spec.name.substr(bar + 1));
        add_options(spec.syntax, words);
    });
    // As an inline word, and as it stands in a request.
    std::string lines = "\"\\x0d\\x0a\"\n";
    for (const std::string& word : words) {
        lines += '"' + word + "\"\n";
        lines += "\"$" + std::to_string(word.size()) + "\\x0d\\x0a" + word + "\\x0d\\x0a\"\n";
    }
    for (int arguments = 1; arguments <= 9; ++arguments) lines += "\"*" + std::to_string(arguments) + "\\x0d\\x0a\"\n";
    return lines;
}

}  // namespace support
