// SPDX-License-Identifier: MIT
// The handlers of the key family: plain strings and sessions alike, with the answers of Redis 7.0. The table is in
// key_commands.cpp.
#pragma once

#include "src/command.hpp"

namespace server::commands::key {

void remove(CommandContext& ctx);  // key_commands.cpp: DEL, UNLINK
void exists(CommandContext& ctx);
void touch(CommandContext& ctx);
void type(CommandContext& ctx);
void rename(CommandContext& ctx);
void renamenx(CommandContext& ctx);
void copy(CommandContext& ctx);
void random(CommandContext& ctx);

void ttl(CommandContext& ctx);  // key_commands_expire.cpp
void pttl(CommandContext& ctx);
void expiretime(CommandContext& ctx);
void pexpiretime(CommandContext& ctx);
void expire(CommandContext& ctx);
void pexpire(CommandContext& ctx);
void expireat(CommandContext& ctx);
void pexpireat(CommandContext& ctx);
void persist(CommandContext& ctx);

void scan(CommandContext& ctx);  // key_commands_scan.cpp
void keys(CommandContext& ctx);

void object_encoding(CommandContext& ctx);  // key_commands_object.cpp
void object_refcount(CommandContext& ctx);
void object_idletime(CommandContext& ctx);
void object_freq(CommandContext& ctx);
void object_help(CommandContext& ctx);

std::string_view kind_name(storage::KeyKind kind);  // "string", "session", "none"

}  // namespace server::commands::key
