// SPDX-License-Identifier: MIT
// The handlers of the server family; the table is in server_commands.cpp.
#pragma once

#include "src/command.hpp"

namespace server::commands::server_family {

void db_size(CommandContext& ctx);
void flush_db(CommandContext& ctx);
void flush_all(CommandContext& ctx);
void time(CommandContext& ctx);
void role(CommandContext& ctx);
void lolwut(CommandContext& ctx);
void info(CommandContext& ctx);

void save(CommandContext& ctx);  // server_commands_save.cpp
void background_save(CommandContext& ctx);
void background_rewrite(CommandContext& ctx);
void last_save(CommandContext& ctx);
void shutdown(CommandContext& ctx);

void config_get(CommandContext& ctx);  // server_commands_config.cpp
void config_set(CommandContext& ctx);
void config_reset_stat(CommandContext& ctx);

void command_all(CommandContext& ctx);  // server_commands_command.cpp
void command_count(CommandContext& ctx);
void command_docs(CommandContext& ctx);
void command_get_keys(CommandContext& ctx);
void command_get_keys_and_flags(CommandContext& ctx);
void command_info(CommandContext& ctx);
void command_list(CommandContext& ctx);

}  // namespace server::commands::server_family
