// SPDX-License-Identifier: MIT
// The table of SESS.*, and the two commands that answer from it and from the counters.
#include "src/commands/session_commands.hpp"

#include <utility>

#include "resp/reply_writer.hpp"
#include "src/server_state.hpp"

namespace server::commands {

namespace {

constexpr std::uint32_t write_flags = writes | may_grow;

#define TTL_SYNTAX "[TTL seconds | PX milliseconds | EXAT unix-seconds | PXAT unix-milliseconds]"
#define FIELDS_SYNTAX "[FIELDS n name [name ...]]"

constexpr CommandSpec session_rows[] = {
    {"sess.create", -2, write_flags | fast, first_key, "@write @session @fast", "session", "0.1.0",
     "Creates a session and, unless one is brought, its token",
     "user [ID id] [TOKEN token] " TTL_SYNTAX " [IDLE seconds] [DEVICE device] [IP address] [UA agent] [KEYID identity] "
     "[DATA n name value [name value ...]]",
     session::create},
    {"sess.get", -2, reads | fast, first_key, "@read @session @fast", "session", "0.1.0", "Returns a session by its id",
     "id " FIELDS_SYNTAX, session::get},
    {"sess.getbytoken", -2, reads | fast | by_token, first_key, "@read @session @fast", "session", "0.1.0",
     "Returns the session of a token, and with TOUCH marks it as used", "token [TOUCH] [IP address] [UA agent] " FIELDS_SYNTAX,
     session::get_by_token},
    {"sess.validate", -2, reads | fast | by_token, first_key, "@read @session @fast", "session", "0.1.0",
     "Says whose a token is, or why it is not valid", "token [TOUCH] [IP address] [UA agent]", session::validate},
    {"sess.update", -2, write_flags | fast, first_key, "@write @session @fast", "session", "0.1.0",
     "Changes a session's data, device or expiry and returns its new version",
     "id [IFVERSION version] [DEVICE device] " TTL_SYNTAX
     " [SET n name value [name value ...]] [UNSET n name [name ...]] [CLEAR]",
     session::update},
    {"sess.touch", -2, writes | fast, first_key, "@write @session @fast", "session", "0.1.0", "Marks a session as used now",
     "id [IP address] [UA agent]", session::touch},
    {"sess.renew", -2, writes | fast, first_key, "@write @session @fast", "session", "0.1.0",
     "Gives a session a new time to live", "id TTL seconds [IFVERSION version]", session::renew},
    {"sess.rotate", -2, writes | fast, first_key, "@write @session @fast", "session", "0.1.0",
     "Replaces a session's token; the old one stays valid for the grace", "token [GRACE seconds]", session::rotate},
    {"sess.del", -2, writes | removes, first_key, "@write @session @slow", "session", "0.1.0", "Ends sessions by their ids",
     "id [id ...]", session::remove},
    {"sess.delbytoken", -2, writes | removes, first_key, "@write @session @slow", "session", "0.1.0",
     "Ends sessions by their tokens", "token [token ...]", session::remove_by_token},
    {"sess.deluser", -2, writes | removes, first_key, "@write @session @slow", "session", "0.1.0",
     "Ends all sessions of a user, or all but one", "user [EXCEPT id]", session::remove_user},
    {"sess.countuser", 2, reads | fast, first_key, "@read @session @fast", "session", "0.1.0",
     "Counts the live sessions of a user", "user", session::count_user},
    {"sess.count", 1, reads, no_keys, "@read @session @slow", "session", "0.1.0",
     "Counts the live sessions of the current database", "", session::count},
    {"sess.listuser", -2, reads, first_key, "@read @session @slow", "session", "0.1.0",
     "Returns the sessions of a user, newest first", "user [LIMIT offset count] " FIELDS_SYNTAX, session::list_user},
    {"sess.list", -1, reads | no_multi | no_script, no_keys, "@read @session @slow", "session", "0.1.0",
     "Returns how many sessions match, and one page of them",
     "[USER user] [DEVICE device] [KEYID identity] [IP address-or-network] [STATUS active | expired | any] [CREATEDAFTER ms] "
     "[CREATEDBEFORE ms] [ACTIVEAFTER ms] [ACTIVEBEFORE ms] [SORTBY created_at | last_active | expires_at] [ASC | DESC] "
     "[LIMIT offset count] " FIELDS_SYNTAX,
     session::list},
    {"sess.stats", 1, reads | loading_ok | stale_ok, no_keys, "@read @session @slow", "session", "0.1.0",
     "Returns counters and gauges of sessions", "", session::stats},
    {"sess.help", 1, fast | loading_ok | stale_ok, no_keys, "@session @fast", "session", "0.1.0", "Returns one line a command",
     "", session::help},
};

#undef TTL_SYNTAX
#undef FIELDS_SYNTAX

}  // namespace

std::span<const CommandSpec> session_commands() { return session_rows; }

namespace session {

void stats(CommandContext& ctx) {
    const storage::Store::Figures store = ctx.store.figures();
    const std::pair<std::string_view, std::uint64_t> figures[] = {
        {"sessions", store.sessions},
        {"users", store.users},
        {"keys", store.keys},
        {"dead_records", store.dead_records},
        {"created", store.created},
        {"revoked", store.revoked},
        {"expired", store.expired},
        {"evicted", store.evicted},
        {"quota_hits", store.quota_hits},
        {"touches", store.touches},
        {"touches_logged", store.touches_logged},
        {"lookup_hits", ctx.server.sum(&Counters::keyspace_hits)},
        {"lookup_misses", ctx.server.sum(&Counters::keyspace_misses)},
        {"expiry_lag_ms_max", store.expiry_lag_ms_max},
        {"record_bytes", store.record_bytes},
        {"index_bytes", store.index_bytes},
        {"memory_bytes", store.memory_bytes},
        {"lock_acquisitions", store.lock_acquisitions},
        {"lock_contended", store.lock_contended},
    };
    ctx.reply.map(std::size(figures));
    for (const auto& [name, figure] : figures) {
        ctx.reply.bulk(name);
        ctx.reply.integer(static_cast<std::int64_t>(figure));
    }
}

void help(CommandContext& ctx) {
    ctx.reply.array(std::size(session_rows));
    for (const CommandSpec& row : session_rows) {
        std::string line(row.name);
        for (char& c : line)
            if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
        if (!row.syntax.empty()) (line += ' ') += row.syntax;
        (line += ": ") += row.summary;
        ctx.reply.bulk(line);
    }
}

}  // namespace session

}  // namespace server::commands
