// SPDX-License-Identifier: MIT
// The operator's keys: read at start, read again when asked to (SIGHUP, CONFIG SET encryption-reload yes).
#pragma once

#include <optional>
#include <string>

#include "src/info.hpp"
#include "src/server_state.hpp"
#include "src/settings.hpp"
#include "storage/log_options.hpp"

namespace server {

// As encryption-* say; null keys without a key file. Nothing on the disk is touched. An error text, or nothing.
std::optional<std::string> load_keys(const Values& values, storage::Encryption& to);

// Any thread. Logs and counts what came of it; an error text, or nothing. The keys stay as they were after an error.
std::optional<std::string> reload_keys(ServerState& state);

void info_encryption(InfoLines& line, const InfoSource& from);  // part of info_persistence

}  // namespace server
