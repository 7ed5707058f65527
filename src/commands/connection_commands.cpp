// SPDX-License-Identifier: MIT
// PING ECHO SELECT QUIT RESET, and the table of the connection family.
#include "src/commands/connection_commands.hpp"

#include "src/args.hpp"
#include "src/auth.hpp"
#include "src/client.hpp"
#include "src/command_help.hpp"
#include "src/server_state.hpp"

namespace server::commands {
namespace connection {

void ping(CommandContext& ctx) {
    if (ctx.args.size() > 2) return ctx.reply.error("ERR wrong number of arguments for 'ping' command");
    if (ctx.args.size() == 2) return ctx.reply.bulk(ctx.args[1]);
    ctx.reply.simple("PONG");
}

void echo(CommandContext& ctx) { ctx.reply.bulk(ctx.args[1]); }

void select(CommandContext& ctx) {
    const auto db = parse_int64(ctx.args[1]);
    if (!db) return ctx.reply.error(words::not_an_integer);
    if (*db < 0 || *db >= static_cast<std::int64_t>(storage::db_count)) return ctx.reply.error("ERR DB index is out of range");
    ctx.client.set_db(static_cast<storage::DbIndex>(*db));
    ctx.reply.ok();
}

void quit(CommandContext& ctx) {
    ctx.reply.ok();
    ctx.close_after_reply = true;
}

void reset(CommandContext& ctx) {
    ctx.client.set_db(0);
    ctx.client.set_resp_version(2);
    ctx.client.set_name("");
    ctx.client.set_no_evict(false);
    ctx.client.set_no_touch(false);
    ctx.client.reply_mode = ReplyMode::on;
    forget_authentication(ctx.client, ctx.server.values);
    ctx.reply.set_version(2);
    ctx.reply.simple("RESET");
}

void no_cluster(CommandContext& ctx) { ctx.reply.error("ERR This instance has cluster support disabled"); }

}  // namespace connection

namespace {

using namespace connection;

constexpr std::uint32_t any_time = loading_ok | stale_ok | no_script;
constexpr std::uint32_t before_auth = any_time | no_auth | fast;
constexpr std::string_view slow = "@slow @connection", quick = "@fast @connection";
constexpr std::string_view admins = "@admin @slow @dangerous @connection";

constexpr CommandSpec client_rows[] = {
    {"client|caching", 3, any_time, no_keys, slow, "connection", "6.0.0", "Says whether the next command's keys are tracked",
     "(YES|NO)", client_caching},
    {"client|getname", 2, any_time, no_keys, slow, "connection", "2.6.9", "Returns the name of the connection", "",
     client_get_name},
    {"client|getredir", 2, any_time, no_keys, slow, "connection", "6.0.0", "Returns where tracking notifications go", "",
     client_get_redir},
    {"client|help", 2, loading_ok | stale_ok, no_keys, slow, "connection", "5.0.0", "Prints this help", "", write_help},
    {"client|id", 2, any_time, no_keys, slow, "connection", "5.0.0", "Returns the id of the connection", "", client_id},
    {"client|info", 2, any_time, no_keys, slow, "connection", "6.2.0", "Returns information about the connection", "",
     client_info},
    {"client|kill", -3, any_time | admin, no_keys, admins, "connection", "2.4.0", "Closes connections",
     "ip:port | [ID id] [TYPE type] [USER name] [ADDR ip:port] [LADDR ip:port] [SKIPME YES|NO] [MAXAGE seconds]", client_kill},
    {"client|list", -2, any_time | admin, no_keys, admins, "connection", "2.4.0", "Lists the open connections",
     "[TYPE type] [ID id [id ...]]", client_list},
    {"client|no-evict", 3, any_time | admin, no_keys, admins, "connection", "7.0.0", "Sets whether the connection may be evicted",
     "(ON|OFF)", client_no_evict},
    {"client|no-touch", 3, any_time, no_keys, slow, "connection", "7.2.0",
     "Sets whether commands of the connection move access times", "(ON|OFF)", client_no_touch},
    {"client|pause", -3, any_time | admin, no_keys, admins, "connection", "3.0.0", "Holds back commands of all connections",
     "timeout [WRITE|ALL]", client_pause},
    {"client|reply", 3, any_time, no_keys, slow, "connection", "3.2.0", "Sets whether commands are answered", "(ON|OFF|SKIP)",
     client_reply},
    {"client|setinfo", 4, any_time, no_keys, slow, "connection", "7.2.0", "Sets what the client library is",
     "(LIB-NAME name|LIB-VER version)", client_set_info},
    {"client|setname", 3, any_time, no_keys, slow, "connection", "2.6.9", "Sets the name of the connection", "name",
     client_set_name},
    {"client|tracking", -3, any_time, no_keys, slow, "connection", "6.0.0",
     "Controls client-side caching, which is not supported",
     "(ON|OFF) [REDIRECT id] [PREFIX prefix [PREFIX prefix ...]] [BCAST] [OPTIN] [OPTOUT] [NOLOOP]", client_tracking},
    {"client|trackinginfo", 2, any_time, no_keys, slow, "connection", "6.2.0", "Returns the state of tracking", "",
     client_tracking_info},
    {"client|unblock", -3, any_time | admin, no_keys, admins, "connection", "5.0.0", "Wakes a connection that a command blocks",
     "id [TIMEOUT|ERROR]", client_unblock},
    {"client|unpause", 2, any_time | admin, no_keys, admins, "connection", "6.2.0", "Ends CLIENT PAUSE", "", client_unpause},
};

constexpr CommandSpec connection_rows[] = {
    {"auth", -2, before_auth, no_keys, quick, "connection", "1.0.0", "Authenticates the connection", "[username] password", auth},
    {"client", -2, subcommands, no_keys, "@slow", "connection", "2.4.0", "Commands about connections", "", nullptr, client_rows},
    {"echo", 2, fast | loading_ok | stale_ok, no_keys, quick, "connection", "1.0.0", "Returns the message", "message", echo},
    {"hello", -1, before_auth, no_keys, quick, "connection", "6.0.0", "Chooses the protocol version and may authenticate",
     "[protover [AUTH username password] [SETNAME clientname]]", hello},
    {"ping", -1, fast, no_keys, quick, "connection", "1.0.0", "Answers PONG, or the message", "[message]", ping},
    {"quit", -1, before_auth, no_keys, quick, "connection", "1.0.0", "Closes the connection after its last reply", "", quit},
    {"readonly", 1, fast | loading_ok | stale_ok, no_keys, quick, "cluster", "3.0.0", "Is for replicas of a cluster", "",
     no_cluster},
    {"readwrite", 1, fast | loading_ok | stale_ok, no_keys, quick, "cluster", "3.0.0", "Is for replicas of a cluster", "",
     no_cluster},
    {"reset", 1, before_auth, no_keys, quick, "connection", "6.2.0", "Makes the connection as it was when it was new", "", reset},
    {"select", 2, fast | loading_ok | stale_ok, no_keys, quick, "connection", "1.0.0", "Chooses the database of the connection",
     "index", select},
};

}  // namespace

std::span<const CommandSpec> connection_commands() { return connection_rows; }

}  // namespace server::commands
