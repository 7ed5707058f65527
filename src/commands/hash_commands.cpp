// SPDX-License-Identifier: MIT
// The hash commands that read: the data of a session is a hash. A string is WRONGTYPE, an absent key an empty hash.
#include <boost/unordered/unordered_flat_map.hpp>

#include <optional>
#include <string>

#include "resp/reply_writer.hpp"
#include "src/args.hpp"
#include "src/command.hpp"
#include "src/commands/lookup.hpp"

namespace server::commands {

namespace hash {

namespace {

using Visit = storage::FunctionRef<void(storage::PackedData)>;

// Shows the hash of args[1] to `visit`, an absent one as empty. A string is answered with WRONGTYPE and not visited. The data
// is copied out first: an answer may take long, and no lock is to be held for it.
void read(CommandContext& ctx, Visit visit) {
    const std::string_view key = ctx.args[1];
    const auto id = storage::SessionId::parse(key);
    thread_local std::string copy;
    const bool found = id && ctx.store.get(ctx.op, *id, [&](const storage::SessionView& view) { copy = view.data.bytes(); });
    count_lookup(ctx, found);
    if (found) return visit(storage::PackedData(copy));
    if (!id && ctx.store.kind(ctx.op, key) == storage::KeyKind::string) return ctx.fail(storage::Errc::wrong_type);
    visit(storage::PackedData{});
}

void write_field(CommandContext& ctx, storage::PackedData data, std::string_view name) {
    if (const auto value = data.find(name))
        ctx.reply.bulk(*value);
    else
        ctx.reply.null();
}

void get(CommandContext& ctx) {
    read(ctx, [&](storage::PackedData data) { write_field(ctx, data, ctx.args[2]); });
}

void get_many(CommandContext& ctx) {
    constexpr std::size_t few = 32;  // up to here looking through the data for each is the quickest
    read(ctx, [&](storage::PackedData data) {
        const Args names = ctx.args.subspan(2);
        ctx.reply.array(names.size());
        if (names.size() <= few) {
            for (const auto name : names) write_field(ctx, data, name);
            return;
        }
        boost::unordered_flat_map<std::string_view, std::string_view> fields;
        for (std::string_view name, value; data.next(name, value);) fields.emplace(name, value);
        for (const auto name : names) {
            const auto found = fields.find(name);
            if (found != fields.end())
                ctx.reply.bulk(found->second);
            else
                ctx.reply.null();
        }
    });
}

void get_all(CommandContext& ctx) {
    read(ctx, [&](storage::PackedData data) {
        ctx.reply.map(data.count());
        std::string_view name, value;
        while (data.next(name, value)) {
            ctx.reply.bulk(name);
            ctx.reply.bulk(value);
        }
    });
}

void write_column(CommandContext& ctx, bool values) {
    read(ctx, [&](storage::PackedData data) {
        ctx.reply.array(data.count());
        std::string_view name, value;
        while (data.next(name, value)) ctx.reply.bulk(values ? value : name);
    });
}

void keys(CommandContext& ctx) { write_column(ctx, false); }
void values(CommandContext& ctx) { write_column(ctx, true); }

void exists(CommandContext& ctx) {
    read(ctx, [&](storage::PackedData data) { ctx.reply.integer(data.find(ctx.args[2]) ? 1 : 0); });
}

void length(CommandContext& ctx) {
    read(ctx, [&](storage::PackedData data) { ctx.reply.integer(data.count()); });
}

void value_length(CommandContext& ctx) {
    read(ctx, [&](storage::PackedData data) {
        const auto value = data.find(ctx.args[2]);
        ctx.reply.integer(value ? static_cast<std::int64_t>(value->size()) : 0);
    });
}

}  // namespace

}  // namespace hash

namespace {

constexpr CommandSpec hash_rows[] = {
    {"hget", 3, reads | fast, first_key, "@read @hash @fast", "hash", "2.0.0", "Returns one data field of a session", "key field",
     hash::get},
    {"hmget", -3, reads | fast, first_key, "@read @hash @fast", "hash", "2.0.0", "Returns data fields of a session",
     "key field [field ...]", hash::get_many},
    {"hgetall", 2, reads, first_key, "@read @hash @slow", "hash", "2.0.0", "Returns all data fields of a session", "key",
     hash::get_all},
    {"hexists", 3, reads | fast, first_key, "@read @hash @fast", "hash", "2.0.0", "Says whether a session has a data field",
     "key field", hash::exists},
    {"hlen", 2, reads | fast, first_key, "@read @hash @fast", "hash", "2.0.0", "Counts the data fields of a session", "key",
     hash::length},
    {"hkeys", 2, reads, first_key, "@read @hash @slow", "hash", "2.0.0", "Returns the data names of a session", "key",
     hash::keys},
    {"hvals", 2, reads, first_key, "@read @hash @slow", "hash", "2.0.0", "Returns the data values of a session", "key",
     hash::values},
    {"hstrlen", 3, reads | fast, first_key, "@read @hash @fast", "hash", "3.2.0", "Returns the length of a data value",
     "key field", hash::value_length},
};

}  // namespace

std::span<const CommandSpec> hash_commands() { return hash_rows; }

}  // namespace server::commands
