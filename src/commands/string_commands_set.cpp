// SPDX-License-Identifier: MIT
// Setting strings: SET SETEX PSETEX SETNX GETSET MSET MSETNX.
#include <optional>
#include <string>
#include <vector>

#include "resp/reply_writer.hpp"
#include "src/args.hpp"
#include "src/commands/string_commands.hpp"

namespace server::commands::string {

namespace {

using Value = std::optional<std::string_view>;

// The words of SET as they stand. Redis lets one of them be repeated, and the last value counts.
struct SetWords {
    bool nx = false, xx = false, get = false, keep_ttl = false;
    std::string_view expire_word, expire_text;
    std::optional<ExpireUnit> unit;
};

bool read_set_words(Args args, SetWords& found) {
    for (std::size_t i = 3; i < args.size(); ++i) {
        if (is_word(args[i], "NX") && !found.xx) {
            found.nx = true;
        } else if (is_word(args[i], "XX") && !found.nx) {
            found.xx = true;
        } else if (is_word(args[i], "GET")) {
            found.get = true;
        } else if (is_word(args[i], "KEEPTTL") && !found.unit) {
            found.keep_ttl = true;
        } else if (const auto unit = expire_option(args, i); unit && !found.keep_ttl) {
            if (found.unit && lower_case(found.expire_word) != lower_case(args[i])) return false;
            found.unit = unit;
            found.expire_word = args[i];
            found.expire_text = args[++i];
        } else {
            return false;
        }
    }
    return true;
}

// Sets, and answers with the old value if that is wanted. nullopt: failed and answered; else whether it was set.
std::optional<bool> set_value(CommandContext& ctx, std::string_view value, const storage::SetOptions& options) {
    const std::size_t start = ctx.reply.size();
    const auto show_old = [&](Value old) {
        if (old)
            ctx.reply.bulk(*old);
        else
            ctx.reply.null();
    };
    const auto done = ctx.store.set_string(ctx.op, ctx.args[1], value, options, show_old);
    if (done.has_value()) return *done;
    ctx.reply.truncate(start);
    ctx.fail(done.error());
    return std::nullopt;
}

// SETEX and PSETEX: key, time, value.
void set_with_expiry(CommandContext& ctx, bool seconds) {
    std::string error;
    const auto at = read_expire(ctx, ctx.args[2], {true, seconds}, error);
    if (!at) return ctx.reply.error(error);
    storage::SetOptions options;
    options.expires_at = *at;
    if (set_value(ctx, ctx.args[3], options)) ctx.reply.ok();
}

std::optional<bool> set_pairs(CommandContext& ctx, bool only_if_all_absent) {
    if (ctx.args.size() % 2 == 0) {
        ctx.reply.error("ERR wrong number of arguments for '" + lower_case(ctx.args[0]) + "' command");
        return std::nullopt;
    }
    std::vector<storage::DataField> pairs;
    pairs.reserve(ctx.args.size() / 2);
    for (std::size_t i = 1; i < ctx.args.size(); i += 2) pairs.emplace_back(ctx.args[i], ctx.args[i + 1]);
    const auto done = ctx.store.set_many(ctx.op, pairs, only_if_all_absent);
    if (done.has_value()) return *done;
    ctx.fail(done.error());
    return std::nullopt;
}

}  // namespace

void set(CommandContext& ctx) {
    SetWords found;
    if (!read_set_words(ctx.args, found)) return ctx.reply.error(words::syntax_error);
    storage::SetOptions options;
    if (found.nx) options.when = storage::SetWhen::if_absent;
    if (found.xx) options.when = storage::SetWhen::if_present;
    options.keep_ttl = found.keep_ttl;
    options.want_old = found.get;
    if (found.unit) {
        std::string error;
        const auto at = read_expire(ctx, found.expire_text, *found.unit, error);
        if (!at) return ctx.reply.error(error);
        options.expires_at = *at;
    }
    const auto done = set_value(ctx, ctx.args[2], options);
    if (!done || found.get) return;
    if (*done)
        ctx.reply.ok();
    else
        ctx.reply.null();
}

void setex(CommandContext& ctx) { set_with_expiry(ctx, true); }
void psetex(CommandContext& ctx) { set_with_expiry(ctx, false); }

void setnx(CommandContext& ctx) {
    storage::SetOptions options;
    options.when = storage::SetWhen::if_absent;
    if (const auto done = set_value(ctx, ctx.args[2], options)) ctx.reply.integer(*done ? 1 : 0);
}

void getset(CommandContext& ctx) {
    storage::SetOptions options;
    options.want_old = true;
    set_value(ctx, ctx.args[2], options);
}

void mset(CommandContext& ctx) {
    if (set_pairs(ctx, false)) ctx.reply.ok();
}

void msetnx(CommandContext& ctx) {
    if (const auto done = set_pairs(ctx, true)) ctx.reply.integer(*done ? 1 : 0);
}

}  // namespace server::commands::string
