// SPDX-License-Identifier: MIT
// What COMMAND says about a command beyond its row: tips for proxies and clusters, and what it does to which key. The words are
// those of redis-server 7.0.15; most commands need no entry.
#pragma once

#include <string_view>
#include <vector>

#include "src/command.hpp"

namespace server::commands::server_family {

std::string_view tips_of(const CommandSpec& spec);  // words between spaces

// One a key specification, words between spaces: as a rule one for all keys; two where the second key is another matter.
std::vector<std::string_view> key_flags_of(const CommandSpec& spec);
// The same for one call of a command: GET makes SET a reader too. `place` counts the keys from 0.
std::string_view key_flags_of_call(const CommandSpec& spec, Args call, std::size_t place);

}  // namespace server::commands::server_family
