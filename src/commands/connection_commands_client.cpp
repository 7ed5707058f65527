// SPDX-License-Identifier: MIT
// CLIENT subcommands about the connection itself.
#include <algorithm>

#include "src/args.hpp"
#include "src/client.hpp"
#include "src/commands/connection_commands.hpp"
#include "src/server_state.hpp"

namespace server::commands::connection {
namespace {

// What CLIENT LIST can show in one word.
bool printable(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= '!' && c <= '~'; });
}

std::optional<bool> on_or_off(std::string_view word) {
    if (is_word(word, "ON")) return true;
    if (is_word(word, "OFF")) return false;
    return std::nullopt;
}

}  // namespace

bool set_client_name(CommandContext& ctx, std::string_view name) {
    if (!printable(name)) {
        ctx.reply.error("ERR Client names cannot contain spaces, newlines or special characters.");
        return false;
    }
    ctx.client.set_name(name);
    return true;
}

void client_id(CommandContext& ctx) { ctx.reply.integer(static_cast<std::int64_t>(ctx.client.id())); }

void client_info(CommandContext& ctx) { ctx.reply.verbatim("txt", ctx.client.describe(ctx.server.monotonic_ms()) + "\n"); }

void client_get_name(CommandContext& ctx) {
    const std::string name = ctx.client.name();
    if (name.empty()) return ctx.reply.null();
    ctx.reply.bulk(name);
}

void client_set_name(CommandContext& ctx) {
    if (set_client_name(ctx, ctx.args[2])) ctx.reply.ok();
}

void client_set_info(CommandContext& ctx) {
    const bool name = is_word(ctx.args[2], "LIB-NAME");
    if (!name && !is_word(ctx.args[2], "LIB-VER"))
        return ctx.reply.error("ERR Unrecognized option '" + std::string(ctx.args[2].substr(0, 128)) + "'");
    if (!printable(ctx.args[3]))
        return ctx.reply.error("ERR " + lower_case(ctx.args[2]) + " cannot contain spaces, newlines or special characters.");
    if (name) {
        ctx.client.set_lib_name(ctx.args[3]);
    } else {
        ctx.client.set_lib_version(ctx.args[3]);
    }
    ctx.reply.ok();
}

void client_no_evict(CommandContext& ctx) {
    const auto on = on_or_off(ctx.args[2]);
    if (!on) return ctx.reply.error(words::syntax_error);
    ctx.client.set_no_evict(*on);
    ctx.reply.ok();
}

void client_no_touch(CommandContext& ctx) {
    const auto on = on_or_off(ctx.args[2]);
    if (!on) return ctx.reply.error(words::syntax_error);
    ctx.client.set_no_touch(*on);
    ctx.reply.ok();
}

void client_reply(CommandContext& ctx) {
    const std::string_view mode = ctx.args[2];
    if (is_word(mode, "ON")) {
        ctx.client.reply_mode = ReplyMode::on;
        ctx.reply.ok();
    } else if (is_word(mode, "OFF")) {
        ctx.client.reply_mode = ReplyMode::off;
    } else if (is_word(mode, "SKIP")) {
        if (ctx.client.reply_mode != ReplyMode::off) ctx.client.reply_mode = ReplyMode::skip_next;
    } else {
        ctx.reply.error(words::syntax_error);
    }
}

void client_tracking(CommandContext& ctx) {
    const auto on = on_or_off(ctx.args[2]);
    if (!on) return ctx.reply.error(words::syntax_error);
    if (*on) return ctx.reply.error("ERR client tracking is not supported by this version");
    ctx.reply.ok();
}

void client_tracking_info(CommandContext& ctx) {
    ctx.reply.map(3);
    ctx.reply.bulk("flags");
    ctx.reply.set(1);
    ctx.reply.bulk("off");
    ctx.reply.bulk("redirect");
    ctx.reply.integer(-1);
    ctx.reply.bulk("prefixes");
    ctx.reply.array(0);
}

void client_caching(CommandContext& ctx) {
    ctx.reply.error(
        "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled");
}

void client_get_redir(CommandContext& ctx) { ctx.reply.integer(-1); }

}  // namespace server::commands::connection
