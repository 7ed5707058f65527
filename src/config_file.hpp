// SPDX-License-Identifier: MIT
// Settings from a file in redis.conf syntax, from standard input and from the command line, in this order; later ones win.
#pragma once

#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/settings.hpp"

namespace server {

struct SettingSources {
    std::optional<std::string> file;
    bool standard_input = false;
    std::vector<std::pair<std::string, std::string>> options;  // name without "--", value
};

// Nothing, or one line for stderr: "<file>:<line>: why". `standard_input` is read only if asked for.
std::optional<std::string> load_settings(Settings& settings, const SettingSources& sources, std::istream& standard_input);

// One file's text. `name` stands in messages and is where relative includes start from.
std::optional<std::string> load_settings_text(Settings& settings, const std::string& name, std::string_view text, int depth = 0);

}  // namespace server
