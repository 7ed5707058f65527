// SPDX-License-Identifier: MIT
// CONFIG GET, SET and RESETSTAT over the rows of settings_table.cpp.
#include <map>
#include <string>
#include <vector>

#include "src/commands/server_commands.hpp"
#include "src/server_state.hpp"

namespace server::commands::server_family {

void config_get(CommandContext& ctx) {
    std::map<std::string_view, std::string> found;
    for (const std::string_view pattern : ctx.args.subspan(2)) {
        ctx.server.settings.each_matching(pattern, [&](const SettingRow& row, const std::string& text) {
            found[row.name] = row.secret && !text.empty() ? "<hidden>" : text;
        });
    }
    ctx.reply.map(found.size());
    for (const auto& [name, text] : found) {
        ctx.reply.bulk(name);
        ctx.reply.bulk(text);
    }
}

void config_set(CommandContext& ctx) {
    if (ctx.args.size() % 2 != 0) return ctx.reply.error("ERR syntax error");
    std::vector<Settings::Change> changes;
    for (std::size_t i = 2; i < ctx.args.size(); i += 2) changes.emplace_back(ctx.args[i], ctx.args[i + 1]);
    if (const auto why = ctx.server.settings.set_live(changes)) return ctx.reply.error("ERR " + *why);
    ctx.reply.ok();
}

void config_reset_stat(CommandContext& ctx) {
    ctx.server.each_counters([](Counters& counters) { counters.reset(); });
    ctx.server.connections_received = 0;
    ctx.server.connections_rejected = 0;
    ctx.server.connections_denied = 0;
    ctx.reply.ok();
}

}  // namespace server::commands::server_family
