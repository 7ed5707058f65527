// SPDX-License-Identifier: MIT
// CLIENT subcommands about other connections: LIST, KILL, PAUSE.
#include <algorithm>
#include <vector>

#include "src/args.hpp"
#include "src/client.hpp"
#include "src/commands/connection_commands.hpp"
#include "src/server_state.hpp"

namespace server::commands::connection {
namespace {

struct Filter {
    std::vector<std::uint64_t> ids;
    std::optional<std::string_view> addr, laddr, user;
    std::optional<std::int64_t> max_age_s;
    bool other_type = false;  // master, replica or pubsub: nobody here is one
    bool skip_me = true;

    bool matches(const Client& client, std::int64_t now_ms) const {
        if (other_type || client.traffic.close_asked.load(std::memory_order_relaxed)) return false;  // as gone
        if (!ids.empty() && std::find(ids.begin(), ids.end(), client.id()) == ids.end()) return false;
        if (addr && *addr != client.origin().addr) return false;
        if (laddr && *laddr != client.origin().laddr) return false;
        if (user && *user != client.user()) return false;
        return !max_age_s || (now_ms - client.origin().connected_at_ms) / 1000 >= *max_age_s;
    }
};

// False: an error was written.
bool read_type(CommandContext& ctx, std::string_view type, Filter& filter) {
    filter.other_type = !is_word(type, "NORMAL");
    for (const std::string_view known : {"NORMAL", "MASTER", "SLAVE", "REPLICA", "PUBSUB"})
        if (is_word(type, known)) return true;
    ctx.reply.error("ERR Unknown client type '" + std::string(type.substr(0, 128)) + "'");
    return false;
}

bool refuse(CommandContext& ctx, std::string_view why) {
    ctx.reply.error(why);
    return false;
}

bool read_kill_option(CommandContext& ctx, std::string_view option, std::string_view value, Filter& filter) {
    if (is_word(option, "ID")) {
        const auto id = parse_int64(value);
        if (!id || *id < 1) return refuse(ctx, "ERR client-id should be greater than 0");
        filter.ids.assign(1, static_cast<std::uint64_t>(*id));
    } else if (is_word(option, "TYPE")) {
        return read_type(ctx, value, filter);
    } else if (is_word(option, "ADDR")) {
        filter.addr = value;
    } else if (is_word(option, "LADDR")) {
        filter.laddr = value;
    } else if (is_word(option, "USER")) {
        if (value != "default") return refuse(ctx, "ERR No such user '" + std::string(value.substr(0, 128)) + "'");
        filter.user = value;
    } else if (is_word(option, "SKIPME")) {
        if (!is_word(value, "YES") && !is_word(value, "NO")) return refuse(ctx, words::syntax_error);
        filter.skip_me = is_word(value, "YES");
    } else if (is_word(option, "MAXAGE")) {
        filter.max_age_s = parse_int64(value);
        if (!filter.max_age_s) return refuse(ctx, "ERR maxage is not an integer or out of range");
        if (*filter.max_age_s <= 0) return refuse(ctx, "ERR maxage should be greater than 0");
    } else {
        return refuse(ctx, words::syntax_error);
    }
    return true;
}

std::int64_t kill_all(CommandContext& ctx, const Filter& filter) {
    std::int64_t killed = 0;
    const std::int64_t now_ms = ctx.server.monotonic_ms();
    ctx.server.clients.each([&](Client& client) {
        const bool me = client.id() == ctx.client.id();
        if (!filter.matches(client, now_ms) || (me && filter.skip_me)) return;
        ++killed;
        if (me) {
            ctx.close_after_reply = true;  // its answer still goes out
        } else {
            ctx.server.clients.ask_to_close(client);
        }
    });
    return killed;
}

}  // namespace

void client_kill(CommandContext& ctx) {
    Filter filter;
    if (ctx.args.size() == 3) {  // the old form
        filter.addr = ctx.args[2];
        filter.skip_me = false;
        if (kill_all(ctx, filter) == 0) return ctx.reply.error("ERR No such client");
        return ctx.reply.ok();
    }
    for (std::size_t i = 2; i < ctx.args.size(); i += 2) {
        if (i + 1 == ctx.args.size()) return ctx.reply.error(words::syntax_error);
        if (!read_kill_option(ctx, ctx.args[i], ctx.args[i + 1], filter)) return;
    }
    ctx.reply.integer(kill_all(ctx, filter));
}

void client_list(CommandContext& ctx) {
    Filter filter;
    if (ctx.args.size() == 4 && is_word(ctx.args[2], "TYPE")) {
        if (!read_type(ctx, ctx.args[3], filter)) return;
    } else if (ctx.args.size() > 3 && is_word(ctx.args[2], "ID")) {
        for (const std::string_view text : ctx.args.subspan(3)) {
            const auto id = parse_int64(text);
            if (!id || *id < 1) return ctx.reply.error("ERR Invalid client ID");
            filter.ids.push_back(static_cast<std::uint64_t>(*id));
        }
    } else if (ctx.args.size() != 2) {
        return ctx.reply.error(words::syntax_error);
    }
    std::string lines;
    const std::int64_t now_ms = ctx.server.monotonic_ms();
    ctx.server.clients.each([&](Client& client) {
        if (filter.matches(client, now_ms)) lines.append(client.describe(now_ms)).append("\n");
    });
    ctx.reply.verbatim("txt", lines);
}

void client_pause(CommandContext& ctx) {
    PauseKind kind = PauseKind::all;
    if (ctx.args.size() > 4) return ctx.reply.error(words::syntax_error);
    if (ctx.args.size() == 4) {
        if (is_word(ctx.args[3], "WRITE")) {
            kind = PauseKind::writes;
        } else if (!is_word(ctx.args[3], "ALL")) {
            return ctx.reply.error("ERR CLIENT PAUSE mode must be WRITE or ALL");
        }
    }
    const auto timeout_ms = parse_int64(ctx.args[2]);
    if (!timeout_ms) return ctx.reply.error("ERR timeout is not an integer or out of range");
    if (*timeout_ms < 0) return ctx.reply.error("ERR timeout is negative");
    const auto until_ms = checked_add(ctx.op.now, *timeout_ms);
    if (!until_ms) return ctx.reply.error("ERR timeout is out of range");
    ctx.server.pause(kind, *until_ms);
    ctx.reply.ok();
}

void client_unpause(CommandContext& ctx) {
    ctx.server.unpause();
    ctx.reply.ok();
}

void client_unblock(CommandContext& ctx) {
    if (!parse_int64(ctx.args[2])) return ctx.reply.error(words::not_an_integer);
    if (ctx.args.size() > 4) return ctx.reply.error(words::syntax_error);
    if (ctx.args.size() == 4 && !is_word(ctx.args[3], "TIMEOUT") && !is_word(ctx.args[3], "ERROR"))
        return ctx.reply.error("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
    ctx.reply.integer(0);  // no command of this server blocks its connection
}

}  // namespace server::commands::connection
