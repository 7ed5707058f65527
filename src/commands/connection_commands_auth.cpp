// SPDX-License-Identifier: MIT
// AUTH and HELLO, in Redis's words. Nothing here is logged: arguments are secrets.
#include <optional>

#include "src/args.hpp"
#include "src/auth.hpp"
#include "src/client.hpp"
#include "src/commands/connection_commands.hpp"
#include "src/server_state.hpp"
#include "src/version.hpp"

namespace server::commands::connection {
namespace {

constexpr std::string_view hello_needs_auth =
    "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option "
    "can "
    "be used to authenticate the client and select the RESP protocol version at the same time";
constexpr std::string_view no_password_text =
    "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is "
    "correct?";

struct HelloOptions {
    std::optional<std::string_view> user, password, name;
};

// False: an error was written.
bool read_options(CommandContext& ctx, HelloOptions& options) {
    for (std::size_t i = 2; i < ctx.args.size(); ++i) {
        const std::size_t more = ctx.args.size() - 1 - i;
        if (is_word(ctx.args[i], "AUTH") && more >= 2) {
            options.user = ctx.args[i + 1];
            options.password = ctx.args[i + 2];
            i += 2;
        } else if (is_word(ctx.args[i], "SETNAME") && more >= 1) {
            options.name = ctx.args[++i];
        } else {
            ctx.reply.error("ERR Syntax error in HELLO option '" + std::string(ctx.args[i].substr(0, 128)) + "'");
            return false;
        }
    }
    return true;
}

void write_greeting(CommandContext& ctx) {
    resp::ReplyWriter& reply = ctx.reply;
    reply.map(7);
    reply.bulk("server");
    reply.bulk("redis");
    reply.bulk("version");
    reply.bulk(redis_version);
    reply.bulk("proto");
    reply.integer(reply.version());
    reply.bulk("id");
    reply.integer(static_cast<std::int64_t>(ctx.client.id()));
    reply.bulk("mode");
    reply.bulk("standalone");
    reply.bulk("role");
    reply.bulk("master");
    reply.bulk("modules");
    reply.array(0);
}

}  // namespace

void auth(CommandContext& ctx) {
    if (ctx.args.size() > 3) return ctx.reply.error(words::syntax_error);
    const bool with_user = ctx.args.size() == 3;
    if (!with_user && ctx.server.values.requirepass.get().empty()) return ctx.reply.error(no_password_text);
    const std::string_view user = with_user ? ctx.args[1] : std::string_view("default");
    if (!authenticate(ctx.client, ctx.server.values, user, ctx.args.back())) return ctx.reply.error(wrong_pass_text);
    ctx.reply.ok();
}

void hello(CommandContext& ctx) {
    int version = 0;
    if (ctx.args.size() > 1) {
        const auto wanted = parse_int64(ctx.args[1]);
        if (!wanted) return ctx.reply.error("ERR Protocol version is not an integer or out of range");
        if (*wanted != 2 && *wanted != 3) return ctx.reply.error("NOPROTO unsupported protocol version");
        version = static_cast<int>(*wanted);
    }
    HelloOptions options;
    if (!read_options(ctx, options)) return;
    if (options.user && !authenticate(ctx.client, ctx.server.values, *options.user, *options.password))
        return ctx.reply.error(wrong_pass_text);
    if (!ctx.client.authenticated()) return ctx.reply.error(hello_needs_auth);
    if (options.name && !set_client_name(ctx, *options.name)) return;
    if (version != 0) {
        ctx.client.set_resp_version(version);
        ctx.reply.set_version(version);
    }
    write_greeting(ctx);
}

}  // namespace server::commands::connection
