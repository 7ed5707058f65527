// SPDX-License-Identifier: MIT
#include "src/tools/tool_args.hpp"

#include <algorithm>

namespace server {

ToolArgs ToolArgs::parse(std::span<const std::string_view> args, std::span<const ToolOption> options, std::size_t words_min,
                         std::size_t words_max) {
    ToolArgs parsed;
    parsed.take(args, options);
    if (parsed.help_ || !parsed.error_.empty()) return parsed;
    if (parsed.words_.size() < words_min) parsed.error_ = "an argument is missing";
    if (parsed.words_.size() > words_max) parsed.error_ = "unexpected '" + parsed.words_[words_max] + "'";
    return parsed;
}

void ToolArgs::take(std::span<const std::string_view> args, std::span<const ToolOption> options) {
    bool only_words = false;
    for (std::size_t i = 0; i < args.size(); ++i) {
        const std::string_view word = args[i];
        if (only_words || !word.starts_with('-') || word == "-") {
            words_.emplace_back(word);
            continue;
        }
        if (word == "--") {
            only_words = true;
            continue;
        }
        if (word == "--help" || word == "-h") {
            help_ = true;
            return;
        }
        const std::string_view name = word.substr(0, word.find('='));
        const auto option =
            std::find_if(options.begin(), options.end(), [&](const ToolOption& each) { return each.name == name; });
        if (option == options.end()) {
            error_ = "unknown option '" + std::string(name) + "'";
            return;
        }
        const bool joined = name.size() < word.size();
        if (option->has_value && !joined && i + 1 == args.size()) error_ = "'" + std::string(name) + "' needs a value";
        if (!option->has_value && joined) error_ = "'" + std::string(name) + "' takes no value";
        if (options_.contains(name)) error_ = "'" + std::string(name) + "' is given twice";
        if (!error_.empty()) return;
        std::string_view value;
        if (option->has_value) value = joined ? word.substr(name.size() + 1) : args[++i];
        options_.emplace(name, value);
    }
}

std::optional<std::string> ToolArgs::value(std::string_view option) const {
    const auto found = options_.find(option);
    return found == options_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace server
