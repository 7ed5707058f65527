// SPDX-License-Identifier: MIT
// DBSIZE FLUSHDB FLUSHALL TIME ROLE LOLWUT INFO, and the table of the server family.
#include "src/commands/server_commands.hpp"

#include <set>
#include <string>

#include "src/args.hpp"
#include "src/client.hpp"
#include "src/command_help.hpp"
#include "src/info.hpp"
#include "src/server_state.hpp"
#include "src/version.hpp"

namespace server::commands {
namespace server_family {
namespace {

void flush(CommandContext& ctx, std::optional<storage::DbIndex> db) {
    const bool known =
        ctx.args.size() == 1 || (ctx.args.size() == 2 && (is_word(ctx.args[1], "SYNC") || is_word(ctx.args[1], "ASYNC")));
    if (!known) return ctx.reply.error(words::syntax_error);
    const auto flushed = ctx.store.flush(ctx.op, db);  // what is freed is freed later either way
    if (flushed.has_error()) return ctx.fail(flushed.error());
    ctx.reply.ok();
}

}  // namespace

void db_size(CommandContext& ctx) { ctx.reply.integer(static_cast<std::int64_t>(ctx.store.db_size(ctx.op))); }

void flush_db(CommandContext& ctx) { flush(ctx, ctx.client.db()); }

void flush_all(CommandContext& ctx) { flush(ctx, std::nullopt); }

void time(CommandContext& ctx) {
    const storage::UnixMs now_ms = ctx.op.now;
    ctx.reply.array(2);
    ctx.reply.bulk(std::to_string(now_ms / 1000));
    ctx.reply.bulk(std::to_string(now_ms % 1000 * 1000));
}

void role(CommandContext& ctx) {
    ctx.reply.array(3);
    ctx.reply.bulk("master");
    ctx.reply.integer(0);
    ctx.reply.array(0);
}

void lolwut(CommandContext& ctx) { ctx.reply.verbatim("txt", "TokMesh ver. " + std::string(tokmesh_version) + "\n"); }

void info(CommandContext& ctx) {
    std::set<std::string, std::less<>> sections;
    for (const std::string_view word : ctx.args.subspan(1)) sections.insert(lower_case(word));
    ctx.reply.verbatim("txt", info_text(ctx.server, ctx.op.now, sections));
}

}  // namespace server_family

namespace {

using namespace server_family;

constexpr std::uint32_t served_always = loading_ok | stale_ok;
constexpr std::uint32_t config_flags = served_always | admin | no_script;
constexpr std::string_view plain_slow = "@slow", connection_slow = "@slow @connection", of_admins = "@admin @slow @dangerous";
constexpr std::string_view flushes = "@keyspace @write @slow @dangerous";

constexpr CommandSpec command_rows[] = {
    {"command|count", 2, served_always, no_keys, connection_slow, "server", "2.8.13", "Returns how many commands there are", "",
     command_count},
    {"command|docs", -2, served_always, no_keys, connection_slow, "server", "7.0.0", "Describes commands for people",
     "[command-name [command-name ...]]", command_docs},
    {"command|getkeys", -4, served_always, no_keys, connection_slow, "server", "2.8.13", "Returns the keys of a whole command",
     "command [arg [arg ...]]", command_get_keys},
    {"command|getkeysandflags", -4, served_always, no_keys, connection_slow, "server", "7.0.0",
     "Returns the keys of a whole command and what it does to them", "command [arg [arg ...]]", command_get_keys_and_flags},
    {"command|help", 2, served_always, no_keys, connection_slow, "server", "5.0.0", "Prints this help", "", write_help},
    {"command|info", -2, served_always, no_keys, connection_slow, "server", "2.8.13", "Describes commands for programs",
     "[command-name [command-name ...]]", command_info},
    {"command|list", -2, served_always, no_keys, connection_slow, "server", "7.0.0", "Returns the names of all commands",
     "[FILTERBY (MODULE module-name|ACLCAT category|PATTERN pattern)]", command_list},
};

constexpr CommandSpec config_rows[] = {
    {"config|get", -3, config_flags, no_keys, of_admins, "server", "2.0.0", "Returns settings", "parameter [parameter ...]",
     config_get},
    {"config|help", 2, served_always, no_keys, plain_slow, "server", "5.0.0", "Prints this help", "", write_help},
    {"config|resetstat", 2, config_flags, no_keys, of_admins, "server", "2.0.0", "Sets the counters of INFO to zero", "",
     config_reset_stat},
    {"config|set", -4, config_flags, no_keys, of_admins, "server", "2.0.0", "Changes settings, all or none",
     "parameter value [parameter value ...]", config_set},
};

constexpr CommandSpec server_rows[] = {
    {"bgrewriteaof", 1, admin | no_script, no_keys, of_admins, "server", "1.0.0",
     "Takes a snapshot in the background and removes the log before it", "", background_rewrite},
    {"bgsave", -1, admin | no_script, no_keys, of_admins, "server", "1.0.0", "Takes a snapshot in the background", "[SCHEDULE]",
     background_save},
    {"command", -1, served_always | subcommands, no_keys, connection_slow, "server", "2.8.13",
     "Describes all commands for programs", "", command_all, command_rows},
    {"config", -2, subcommands, no_keys, plain_slow, "server", "2.0.0", "Commands about settings", "", nullptr, config_rows},
    {"dbsize", 1, reads | fast, no_keys, "@keyspace @read @fast", "server", "1.0.0",
     "Returns how many keys and sessions there are", "", db_size},
    {"flushall", -1, writes | removes, no_keys, flushes, "server", "1.0.0", "Removes everything from all databases",
     "[ASYNC|SYNC]", flush_all},
    {"flushdb", -1, writes | removes, no_keys, flushes, "server", "1.0.0", "Removes everything from the current database",
     "[ASYNC|SYNC]", flush_db},
    {"info", -1, served_always, no_keys, "@slow @dangerous", "server", "1.0.0", "Returns figures about the server",
     "[section [section ...]]", info},
    {"lastsave", 1, served_always | fast, no_keys, "@admin @fast @dangerous", "server", "1.0.0",
     "Returns the unix time of the last snapshot", "", last_save},
    {"lolwut", -1, reads | fast, no_keys, "@read @fast", "server", "5.0.0", "Returns the version", "[VERSION version]", lolwut},
    {"role", 1, served_always | no_script | fast, no_keys, "@admin @fast @dangerous", "server", "2.8.12",
     "Returns the role in replication", "", role},
    {"save", 1, admin | no_script | no_multi, no_keys, of_admins, "server", "1.0.0",
     "Takes a snapshot and answers when it is on the disk", "", save},
    {"shutdown", -1, served_always | admin | no_script | no_multi, no_keys, of_admins, "server", "1.0.0",
     "Finishes what was received, makes all durable, takes a snapshot if asked and ends the server",
     "[NOSAVE|SAVE] [NOW] [FORCE] [ABORT]", shutdown},
    {"time", 1, served_always | fast, no_keys, "@fast", "server", "2.6.0", "Returns the time", "", server_family::time},
};

}  // namespace

std::span<const CommandSpec> server_commands() { return server_rows; }

}  // namespace server::commands
