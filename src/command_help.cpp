// SPDX-License-Identifier: MIT
// See command_help.hpp. Lines are simple strings, as Redis sends them.
#include "src/command_help.hpp"

#include <string>

namespace server {
namespace {

std::string upper(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c & ~0x20);
    return out;
}

}  // namespace

void write_help(CommandContext& ctx) {
    const CommandSpec& spec = *find_command(ctx.args[0]);
    ctx.reply.array(1 + 2 * spec.subs.size());
    ctx.reply.simple(upper(spec.name) + " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
    for (const CommandSpec& sub : spec.subs) {
        std::string line = upper(sub.name.substr(spec.name.size() + 1));
        if (!sub.syntax.empty()) line.append(" ").append(sub.syntax);
        ctx.reply.simple(line);
        ctx.reply.simple("    " + std::string(sub.summary) + ".");
    }
}

}  // namespace server
