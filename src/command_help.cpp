// SPDX-License-Identifier: MIT
// See command_help.hpp. Lines are simple strings, as Redis sends them.
#include "src/command_help.hpp"

#include <string>

#include "src/args.hpp"

namespace server {
void write_help(CommandContext& ctx) {
    const CommandSpec& spec = *find_command(ctx.args[0]);
    ctx.reply.array(1 + 2 * spec.subs.size());
    ctx.reply.simple(upper_case(spec.name) + " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
    for (const CommandSpec& sub : spec.subs) {
        std::string line = upper_case(sub.name.substr(spec.name.size() + 1));
        if (!sub.syntax.empty()) line.append(" ").append(sub.syntax);
        ctx.reply.simple(line);
        ctx.reply.simple("    " + std::string(sub.summary) + ".");
    }
}

}  // namespace server
