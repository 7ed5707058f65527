// SPDX-License-Identifier: MIT
// The handlers of plain strings, with the answers and the order of errors of Redis 7.0. The table is in string_commands.cpp.
// A name of a session is WRONGTYPE for all of them, except that GET shows the session as JSON and MGET null.
#pragma once

#include "src/command.hpp"

namespace server::commands::string {

void get(CommandContext& ctx);  // string_commands_get.cpp
void getex(CommandContext& ctx);
void getdel(CommandContext& ctx);
void mget(CommandContext& ctx);
void strlen(CommandContext& ctx);
void getrange(CommandContext& ctx);

void set(CommandContext& ctx);  // string_commands_set.cpp
void setex(CommandContext& ctx);
void psetex(CommandContext& ctx);
void setnx(CommandContext& ctx);
void getset(CommandContext& ctx);
void mset(CommandContext& ctx);
void msetnx(CommandContext& ctx);

void append(CommandContext& ctx);  // string_commands_change.cpp
void setrange(CommandContext& ctx);
void incr(CommandContext& ctx);
void decr(CommandContext& ctx);
void incrby(CommandContext& ctx);
void decrby(CommandContext& ctx);
void incrbyfloat(CommandContext& ctx);

// How EX, PX, EXAT and PXAT count.
struct ExpireUnit {
    bool relative = true, seconds = true;
};
// The moment that `text` means; nullopt: the words of the error are in `error`.
std::optional<storage::UnixMs> read_expire(const CommandContext& ctx, std::string_view text, ExpireUnit unit, std::string& error);
// The option word at args[i], if it is one of EX PX EXAT PXAT with a value behind it.
std::optional<ExpireUnit> expire_option(Args args, std::size_t i);

}  // namespace server::commands::string
