// SPDX-License-Identifier: MIT
// SESS.DEL, DELBYTOKEN, DELUSER. Each is one atomic log record, so each has a bound; a text that is no id or token is nothing
// that could be there.
#include <vector>

#include "resp/reply_writer.hpp"
#include "src/commands/session_commands.hpp"

namespace server::commands::session {

namespace {

void answer(CommandContext& ctx, const storage::Result<std::uint64_t>& removed) {
    if (removed.has_error()) return ctx.fail(removed.error());
    ctx.reply.integer(static_cast<std::int64_t>(*removed));
}

bool too_many(CommandContext& ctx, std::string_view name) {
    if (ctx.args.size() - 1 <= session_limits::removals_max) return false;
    ctx.reply.error("TM-ARG-1001 " + std::string(name) + ": allowed 1..1000 in one command");
    return true;
}

}  // namespace

void remove(CommandContext& ctx) {
    if (too_many(ctx, "id")) return;
    std::vector<storage::SessionId> ids;
    ids.reserve(ctx.args.size() - 1);
    for (const auto text : ctx.args.subspan(1))
        if (const auto id = storage::SessionId::parse(text)) ids.push_back(*id);
    if (ids.empty()) return ctx.reply.integer(0);
    answer(ctx, ctx.store.remove_sessions(ctx.op, ids));
}

void remove_by_token(CommandContext& ctx) {
    if (too_many(ctx, "token")) return;
    std::vector<std::string_view> tokens;
    tokens.reserve(ctx.args.size() - 1);
    for (const auto token : ctx.args.subspan(1))
        if (is_token_form(token)) tokens.push_back(token);
    if (tokens.empty()) return ctx.reply.integer(0);
    answer(ctx, ctx.store.remove_by_tokens(ctx.op, tokens));
}

void remove_user(CommandContext& ctx) {
    constexpr std::array<std::string_view, 1> option_words{"EXCEPT"};
    ArgReader reader(ctx.args, 2);
    std::optional<storage::SessionId> except;
    while (reader.more())
        if (reader.option(option_words) == 0) except = read_session_id(reader, "EXCEPT");
    if (reader.failed()) return ctx.reply.error(reader.error());
    answer(ctx, ctx.store.remove_user(ctx.op, ctx.args[1], except));
}

}  // namespace server::commands::session
