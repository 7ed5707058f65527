// SPDX-License-Identifier: MIT
// The table of the key family, and the commands on whole keys. Names of sessions are reserved: RENAME and COPY from or to
// one are WRONGTYPE, which the store decides.
#include "src/commands/key_commands.hpp"

#include <limits>
#include <string>

#include "resp/reply_writer.hpp"
#include "src/args.hpp"
#include "src/commands/lookup.hpp"

namespace server::commands {

namespace {

constexpr KeyPositions two_keys{1, 2, 1}, second_argument{2, 2, 1};

constexpr CommandSpec object_rows[] = {
    {"object|encoding", 3, reads, second_argument, "@keyspace @read @slow", "generic", "2.2.3", "Returns how a value is kept",
     "key", key::object_encoding},
    {"object|freq", 3, reads, second_argument, "@keyspace @read @slow", "generic", "4.0.0", "Returns how often a key is used",
     "key", key::object_freq},
    {"object|help", 2, loading_ok | stale_ok, no_keys, "@keyspace @slow", "generic", "6.2.0", "Returns help on the subcommands",
     "", key::object_help},
    {"object|idletime", 3, reads, second_argument, "@keyspace @read @slow", "generic", "2.2.3",
     "Returns the seconds since a key was used", "key", key::object_idletime},
    {"object|refcount", 3, reads, second_argument, "@keyspace @read @slow", "generic", "2.2.3",
     "Returns how many names a value has", "key", key::object_refcount},
};

constexpr CommandSpec key_rows[] = {
    {"del", -2, writes | removes, all_keys, "@keyspace @write @slow", "generic", "1.0.0", "Deletes one or more keys",
     "key [key ...]", key::remove},
    {"unlink", -2, writes | removes | fast, all_keys, "@keyspace @write @fast", "generic", "4.0.0", "Deletes one or more keys",
     "key [key ...]", key::remove},
    {"exists", -2, reads | fast, all_keys, "@keyspace @read @fast", "generic", "1.0.0", "Counts which of the keys exist",
     "key [key ...]", key::exists},
    {"touch", -2, reads | fast, all_keys, "@keyspace @read @fast", "generic", "3.2.1", "Marks keys as used and counts them",
     "key [key ...]", key::touch},
    {"type", 2, reads | fast, first_key, "@keyspace @read @fast", "generic", "1.0.0", "Returns the type of a key", "key",
     key::type},
    {"ttl", 2, reads | fast, first_key, "@keyspace @read @fast", "generic", "1.0.0", "Returns the seconds that a key still lives",
     "key", key::ttl},
    {"pttl", 2, reads | fast, first_key, "@keyspace @read @fast", "generic", "2.6.0",
     "Returns the milliseconds that a key still lives", "key", key::pttl},
    {"expiretime", 2, reads | fast, first_key, "@keyspace @read @fast", "generic", "7.0.0",
     "Returns the unix time in seconds at which a key ends", "key", key::expiretime},
    {"pexpiretime", 2, reads | fast, first_key, "@keyspace @read @fast", "generic", "7.0.0",
     "Returns the unix time in milliseconds at which a key ends", "key", key::pexpiretime},
    {"expire", -3, writes | fast, first_key, "@keyspace @write @fast", "generic", "1.0.0", "Lets a key end after seconds",
     "key seconds [NX | XX | GT | LT]", key::expire},
    {"pexpire", -3, writes | fast, first_key, "@keyspace @write @fast", "generic", "2.6.0", "Lets a key end after milliseconds",
     "key milliseconds [NX | XX | GT | LT]", key::pexpire},
    {"expireat", -3, writes | fast, first_key, "@keyspace @write @fast", "generic", "1.2.0",
     "Lets a key end at a unix time in seconds", "key unix-time-seconds [NX | XX | GT | LT]", key::expireat},
    {"pexpireat", -3, writes | fast, first_key, "@keyspace @write @fast", "generic", "2.6.0",
     "Lets a key end at a unix time in milliseconds", "key unix-time-milliseconds [NX | XX | GT | LT]", key::pexpireat},
    {"persist", 2, writes | fast, first_key, "@keyspace @write @fast", "generic", "2.2.0", "Lets a key live for ever", "key",
     key::persist},
    {"rename", 3, writes, two_keys, "@keyspace @write @slow", "generic", "1.0.0", "Gives a key another name", "key newkey",
     key::rename},
    {"renamenx", 3, writes | fast, two_keys, "@keyspace @write @fast", "generic", "1.0.0",
     "Gives a key another name that nothing has", "key newkey", key::renamenx},
    {"copy", -3, writes | may_grow, two_keys, "@keyspace @write @slow", "generic", "6.2.0", "Copies a key to another name",
     "source destination [DB destination-db] [REPLACE]", key::copy},
    {"scan", -2, reads, no_keys, "@keyspace @read @slow", "generic", "2.8.0", "Walks over the keys of the current database",
     "cursor [MATCH pattern] [COUNT count] [TYPE type]", key::scan},
    {"keys", 2, reads, no_keys, "@keyspace @read @slow @dangerous", "generic", "1.0.0", "Returns all keys that match a pattern",
     "pattern", key::keys},
    {"randomkey", 1, reads, no_keys, "@keyspace @read @slow", "generic", "1.0.0", "Returns a key by chance", "", key::random},
    {"object", -2, subcommands, no_keys, "@slow", "generic", "2.2.3", "Looks into how a key is kept", "", nullptr, object_rows},
};

void answer(CommandContext& ctx, const storage::Result<bool>& done) {
    if (done.has_error()) return ctx.fail(done.error());
    ctx.reply.integer(*done ? 1 : 0);
}

}  // namespace

std::span<const CommandSpec> key_commands() { return key_rows; }

namespace key {

std::string_view kind_name(storage::KeyKind kind) {
    switch (kind) {
        case storage::KeyKind::string: return "string";
        case storage::KeyKind::session: return "session";
        case storage::KeyKind::none: break;
    }
    return "none";
}

void remove(CommandContext& ctx) {
    const auto removed = ctx.store.remove_keys(ctx.op, ctx.args.subspan(1));
    if (removed.has_error()) return ctx.fail(removed.error());
    ctx.reply.integer(static_cast<std::int64_t>(*removed));
}

void exists(CommandContext& ctx) {
    const std::uint64_t found = ctx.store.count_existing(ctx.op, ctx.args.subspan(1), false);
    ctx.client.counters().keyspace_hits.add(found);
    ctx.client.counters().keyspace_misses.add(ctx.args.size() - 1 - found);
    ctx.reply.integer(static_cast<std::int64_t>(found));
}

void touch(CommandContext& ctx) {
    ctx.reply.integer(static_cast<std::int64_t>(ctx.store.count_existing(ctx.op, ctx.args.subspan(1), true)));
}

void type(CommandContext& ctx) {
    const storage::KeyKind kind = ctx.store.kind(ctx.op, ctx.args[1]);
    count_lookup(ctx, kind != storage::KeyKind::none);
    ctx.reply.simple(kind_name(kind));
}

void rename(CommandContext& ctx) {
    const auto renamed = ctx.store.rename(ctx.op, ctx.args[1], ctx.args[2], false);
    if (renamed.has_error()) return ctx.fail(renamed.error());
    ctx.reply.ok();
}

void renamenx(CommandContext& ctx) { answer(ctx, ctx.store.rename(ctx.op, ctx.args[1], ctx.args[2], true)); }

void copy(CommandContext& ctx) {
    constexpr std::int64_t least = std::numeric_limits<int>::min(), most = std::numeric_limits<int>::max();
    storage::DbIndex to_db = ctx.op.db;
    bool replace = false;
    for (std::size_t i = 3; i < ctx.args.size(); ++i) {
        if (is_word(ctx.args[i], "REPLACE")) {
            replace = true;
        } else if (is_word(ctx.args[i], "DB") && i + 1 < ctx.args.size()) {
            const auto db = parse_int64(ctx.args[++i]);
            if (!db) return ctx.reply.error(words::not_an_integer);
            if (*db < least || *db > most)
                return ctx.reply.error("ERR value is out of range, value must between -2147483648 and 2147483647");
            if (*db < 0 || *db >= static_cast<std::int64_t>(storage::db_count))
                return ctx.reply.error("ERR DB index is out of range");
            to_db = static_cast<storage::DbIndex>(*db);
        } else {
            return ctx.reply.error(words::syntax_error);
        }
    }
    if (to_db == ctx.op.db && ctx.args[1] == ctx.args[2])
        return ctx.reply.error("ERR source and destination objects are the same");
    answer(ctx, ctx.store.copy(ctx.op, ctx.args[1], ctx.args[2], to_db, replace));
}

void random(CommandContext& ctx) {
    const auto found = ctx.store.random_key(ctx.op);
    if (found)
        ctx.reply.bulk(*found);
    else
        ctx.reply.null();
}

}  // namespace key

}  // namespace server::commands
