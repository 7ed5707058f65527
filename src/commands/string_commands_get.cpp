// SPDX-License-Identifier: MIT
// Reading strings: GET GETEX GETDEL MGET STRLEN GETRANGE.
#include <algorithm>
#include <optional>
#include <string>

#include "resp/reply_writer.hpp"
#include "src/args.hpp"
#include "src/commands/lookup.hpp"
#include "src/commands/string_commands.hpp"
#include "src/session_json.hpp"

namespace server::commands::string {

namespace {

using Value = std::optional<std::string_view>;

void write_value(CommandContext& ctx, Value value) {
    if (value)
        ctx.reply.bulk(*value);
    else
        ctx.reply.null();
    count_lookup(ctx, value.has_value());
}

void write_session_json(CommandContext& ctx) {
    std::string json;
    const auto id = storage::SessionId::parse(ctx.args[1]);
    const bool found = id && ctx.store.get(ctx.op, *id, [&](const storage::SessionView& view) { json = session_json(view); });
    write_value(ctx, found ? Value(json) : std::nullopt);
}

// What GETEX is asked to do to the expiry. False: a syntax error.
struct NewExpiry {
    std::optional<ExpireUnit> unit;
    std::string_view text;
    bool persist = false;
};

bool read_new_expiry(Args args, NewExpiry& expiry) {
    std::string_view word;  // the option that stands already; it may be repeated
    for (std::size_t i = 2; i < args.size(); ++i) {
        const auto unit = expire_option(args, i);
        if (!unit && !is_word(args[i], "PERSIST")) return false;
        if (!word.empty() && lower_case(word) != lower_case(args[i])) return false;
        word = args[i];
        if (unit) {
            expiry.unit = unit;
            expiry.text = args[++i];
        } else {
            expiry.persist = true;
        }
    }
    return true;
}

// The part that GETRANGE means: negative positions count from the end, those outside are moved in.
std::string_view part(std::string_view value, std::int64_t start, std::int64_t end) {
    const auto size = static_cast<std::int64_t>(value.size());
    if (size == 0 || (start < 0 && end < 0 && start > end)) return {};
    start = std::max<std::int64_t>(start < 0 ? size + start : start, 0);
    end = std::max<std::int64_t>(end < 0 ? size + end : end, 0);
    end = std::min(end, size - 1);
    if (start > end) return {};
    return value.substr(static_cast<std::size_t>(start), static_cast<std::size_t>(end - start + 1));
}

}  // namespace

void get(CommandContext& ctx) {
    const bool plain = ctx.store.get_string(ctx.op, ctx.args[1], [&](Value value) { write_value(ctx, value); });
    if (!plain) write_session_json(ctx);
}

void getex(CommandContext& ctx) {
    NewExpiry expiry;
    if (!read_new_expiry(ctx.args, expiry)) return ctx.reply.error(words::syntax_error);
    const std::string_view key = ctx.args[1];
    std::optional<storage::UnixMs> at;
    if (expiry.persist) at = 0;
    if (expiry.unit) {
        std::string error;
        at = read_expire(ctx, expiry.text, *expiry.unit, error);
        if (!at) {  // Redis looks for the key before it looks at the time
            if (storage::is_reserved_key(key)) return ctx.fail(storage::Errc::wrong_type);
            if (ctx.store.kind(ctx.op, key) == storage::KeyKind::none) return write_value(ctx, std::nullopt);
            return ctx.reply.error(error);
        }
    }
    const std::size_t start = ctx.reply.size();
    const auto done = ctx.store.get_and_expire(ctx.op, key, at, [&](Value value) { write_value(ctx, value); });
    if (done.has_value()) return;
    ctx.reply.truncate(start);
    ctx.fail(done.error());
}

void getdel(CommandContext& ctx) {
    const std::size_t start = ctx.reply.size();
    const auto done = ctx.store.get_and_remove(ctx.op, ctx.args[1], [&](Value value) { write_value(ctx, value); });
    if (done.has_value()) return;
    ctx.reply.truncate(start);
    ctx.fail(done.error());
}

void mget(CommandContext& ctx) {
    ctx.reply.array(ctx.args.size() - 1);
    ctx.store.get_many(ctx.op, ctx.args.subspan(1), [&](std::size_t, Value value) { write_value(ctx, value); });
}

void strlen(CommandContext& ctx) {
    const bool plain = ctx.store.get_string(ctx.op, ctx.args[1], [&](Value value) {
        ctx.reply.integer(value ? static_cast<std::int64_t>(value->size()) : 0);
        count_lookup(ctx, value.has_value());
    });
    if (!plain) ctx.fail(storage::Errc::wrong_type);
}

void getrange(CommandContext& ctx) {
    const auto start = parse_int64(ctx.args[2]);
    const auto end = parse_int64(ctx.args[3]);
    if (!start || !end) return ctx.reply.error(words::not_an_integer);
    const bool plain = ctx.store.get_string(ctx.op, ctx.args[1], [&](Value value) {
        ctx.reply.bulk(part(value.value_or(std::string_view{}), *start, *end));
        count_lookup(ctx, value.has_value());
    });
    if (!plain) ctx.fail(storage::Errc::wrong_type);
}

}  // namespace server::commands::string
