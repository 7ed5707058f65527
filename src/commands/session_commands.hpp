// SPDX-License-Identifier: MIT
// The handlers of SESS.*, one function a command; the table is in session_commands.cpp. What each answers: commands.md.
#pragma once

#include <array>
#include <string_view>

#include "src/args.hpp"
#include "src/command.hpp"
#include "src/session_options.hpp"

namespace server::commands::session {

void create(CommandContext& ctx);  // session_commands_create.cpp
void update(CommandContext& ctx);  // session_commands_change.cpp
void touch(CommandContext& ctx);
void renew(CommandContext& ctx);
void rotate(CommandContext& ctx);
void get(CommandContext& ctx);  // session_commands_read.cpp
void get_by_token(CommandContext& ctx);
void validate(CommandContext& ctx);
void list_user(CommandContext& ctx);
void count_user(CommandContext& ctx);
void count(CommandContext& ctx);
void remove(CommandContext& ctx);  // session_commands_remove.cpp
void remove_by_token(CommandContext& ctx);
void remove_user(CommandContext& ctx);
void list(CommandContext& ctx);   // ../session_list.cpp
void stats(CommandContext& ctx);  // session_commands.cpp
void help(CommandContext& ctx);

inline constexpr std::string_view malformed_token =
    "TM-TOKN-4000 malformed token: allowed 16..1024 bytes without control characters";

// TTL, PX, EXAT and PXAT of one command, of which one may stand.
class ExpiryChoice {
public:
    void read(ArgReader& reader, ExpiryWord word, const TtlLimits& limits) {
        if (at_) reader.exclude("TTL, PX, EXAT and PXAT");
        at_ = read_expiry(reader, word, limits);
    }
    const std::optional<storage::UnixMs>& at() const { return at_; }

private:
    std::optional<storage::UnixMs> at_;
};

}  // namespace server::commands::session
