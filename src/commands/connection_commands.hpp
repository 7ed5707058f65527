// SPDX-License-Identifier: MIT
// The handlers of the connection family; the table is in connection_commands.cpp.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "src/command.hpp"

namespace server::commands::connection {

void ping(CommandContext& ctx);
void echo(CommandContext& ctx);
void select(CommandContext& ctx);
void quit(CommandContext& ctx);
void reset(CommandContext& ctx);
void no_cluster(CommandContext& ctx);  // READONLY, READWRITE

void auth(CommandContext& ctx);  // connection_commands_auth.cpp
void hello(CommandContext& ctx);

void client_id(CommandContext& ctx);  // connection_commands_client.cpp
void client_info(CommandContext& ctx);
void client_get_name(CommandContext& ctx);
void client_set_name(CommandContext& ctx);
void client_set_info(CommandContext& ctx);
void client_no_evict(CommandContext& ctx);
void client_no_touch(CommandContext& ctx);
void client_reply(CommandContext& ctx);
void client_tracking(CommandContext& ctx);
void client_tracking_info(CommandContext& ctx);
void client_caching(CommandContext& ctx);
void client_get_redir(CommandContext& ctx);

void client_list(CommandContext& ctx);  // connection_commands_others.cpp
void client_kill(CommandContext& ctx);
void client_pause(CommandContext& ctx);
void client_unpause(CommandContext& ctx);
void client_unblock(CommandContext& ctx);

// CLIENT SETNAME and HELLO SETNAME. False: the name has a character that CLIENT LIST could not show.
bool set_client_name(CommandContext& ctx, std::string_view name);

}  // namespace server::commands::connection
