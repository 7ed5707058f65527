// SPDX-License-Identifier: MIT
// The words of a tool: options, each with a value or without, and the rest. Unknown options are refused by name.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace server {

struct ToolOption {
    std::string_view name;  // --key-file
    bool has_value = false;
};

class ToolArgs {
public:
    // `words_min` to `words_max` words that are no options; `--` ends the options. --help needs nothing else.
    static ToolArgs parse(std::span<const std::string_view> args, std::span<const ToolOption> options, std::size_t words_min,
                          std::size_t words_max);

    const std::string& error() const { return error_; }  // empty: all is well
    bool help() const { return help_; }
    bool has(std::string_view option) const { return options_.contains(option); }
    std::optional<std::string> value(std::string_view option) const;
    const std::vector<std::string>& words() const { return words_; }

private:
    void take(std::span<const std::string_view> args, std::span<const ToolOption> options);

    std::string error_;
    bool help_ = false;
    std::map<std::string, std::string, std::less<>> options_;
    std::vector<std::string> words_;
};

}  // namespace server
