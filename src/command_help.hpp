// SPDX-License-Identifier: MIT
// The HELP subcommand of a container command, from its row: one line with the arguments and one with the summary each.
#pragma once

#include "src/command.hpp"

namespace server {

void write_help(CommandContext& ctx);  // of the command that ctx.args[0] names

}  // namespace server
