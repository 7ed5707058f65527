// SPDX-License-Identifier: MIT
// TTL and EXPIRE families. On a session they obey session-max-ttl (TM-ARG-1001), on a plain key only the number range does.
#include <algorithm>
#include <optional>
#include <string>

#include "resp/reply_writer.hpp"
#include "src/args.hpp"
#include "src/commands/key_commands.hpp"
#include "src/commands/lookup.hpp"
#include "src/server_state.hpp"
#include "src/session_options.hpp"

namespace server::commands::key {

namespace {

constexpr std::size_t shown_word_bytes_max = 128;  // of what a client wrote, in an error

// Redis rounds to the nearest second. The sum may pass the signed range, so it is made unsigned.
std::int64_t to_seconds(std::int64_t ms) {
    return static_cast<std::int64_t>((static_cast<std::uint64_t>(ms) + ms_per_s / 2) / ms_per_s);
}

// -2: no such key; -1: no expiry.
void answer_expiry(CommandContext& ctx, bool relative, bool seconds) {
    const auto at = ctx.store.expires_at(ctx.op, ctx.args[1]);
    count_lookup(ctx, at.has_value());
    if (!at) return ctx.reply.integer(-2);
    if (*at == 0) return ctx.reply.integer(-1);
    const std::int64_t ms = relative ? std::max<std::int64_t>(*at - ctx.op.now, 0) : *at;
    ctx.reply.integer(seconds ? to_seconds(ms) : ms);
}

// NX, XX, GT and LT in any number, with Redis's words for those that do not go together. nullopt: answered.
std::optional<storage::ExpireWhen> read_condition(CommandContext& ctx) {
    using storage::ExpireWhen;
    bool nx = false, xx = false, gt = false, lt = false;
    for (const auto word : ctx.args.subspan(3)) {
        if (is_word(word, "NX"))
            nx = true;
        else if (is_word(word, "XX"))
            xx = true;
        else if (is_word(word, "GT"))
            gt = true;
        else if (is_word(word, "LT"))
            lt = true;
        else {
            ctx.reply.error("ERR Unsupported option " + std::string(word.substr(0, shown_word_bytes_max)));
            return std::nullopt;
        }
    }
    if (nx && (xx || gt || lt)) {
        ctx.reply.error("ERR NX and XX, GT or LT options at the same time are not compatible");
        return std::nullopt;
    }
    if (gt && lt) {
        ctx.reply.error("ERR GT and LT options at the same time are not compatible");
        return std::nullopt;
    }
    if (nx) return ExpireWhen::if_none;
    if (gt) return ExpireWhen::if_later;  // nothing is later than no expiry, so GT is XX too
    if (lt) return xx ? ExpireWhen::if_some_sooner : ExpireWhen::if_sooner;
    return xx ? ExpireWhen::if_some : ExpireWhen::always;
}

void set_expiry(CommandContext& ctx, bool relative, bool seconds) {
    const auto condition = read_condition(ctx);
    if (!condition) return;
    const auto number = parse_int64(ctx.args[2]);
    if (!number) return ctx.reply.error(words::not_an_integer);
    std::optional<std::int64_t> at = seconds ? checked_multiply(*number, ms_per_s) : number;
    if (at && relative) at = checked_add(*at, ctx.op.now);
    if (!at) return ctx.fail(storage::Errc::out_of_range);

    const std::string_view key = ctx.args[1];
    if (storage::is_reserved_key(key) && *at > ctx.op.now) {
        const TtlLimits limits(ctx.server.storage_settings, ctx.op.now);
        if (!limits.allows(*at)) {
            if (ctx.store.kind(ctx.op, key) == storage::KeyKind::none) return ctx.reply.integer(0);
            return ctx.reply.error("TM-ARG-1001 expiry: allowed until " + std::to_string(limits.latest) +
                                   " unix milliseconds (session-max-ttl)");
        }
    }
    const auto done = ctx.store.expire(ctx.op, key, *at, *condition);
    if (done.has_error()) return ctx.fail(done.error());
    ctx.reply.integer(*done ? 1 : 0);
}

}  // namespace

void ttl(CommandContext& ctx) { answer_expiry(ctx, true, true); }
void pttl(CommandContext& ctx) { answer_expiry(ctx, true, false); }
void expiretime(CommandContext& ctx) { answer_expiry(ctx, false, true); }
void pexpiretime(CommandContext& ctx) { answer_expiry(ctx, false, false); }

void expire(CommandContext& ctx) { set_expiry(ctx, true, true); }
void pexpire(CommandContext& ctx) { set_expiry(ctx, true, false); }
void expireat(CommandContext& ctx) { set_expiry(ctx, false, true); }
void pexpireat(CommandContext& ctx) { set_expiry(ctx, false, false); }

void persist(CommandContext& ctx) {
    const std::string_view key = ctx.args[1];
    const TtlLimits limits(ctx.server.storage_settings, ctx.op.now);
    if (storage::is_reserved_key(key) && !limits.never_allowed && ctx.store.kind(ctx.op, key) == storage::KeyKind::session)
        return ctx.reply.error("TM-ARG-1001 PERSIST: a session may live for ever only where session-max-ttl is 0");
    const auto done = ctx.store.persist(ctx.op, key);
    if (done.has_error()) return ctx.fail(done.error());
    ctx.reply.integer(*done ? 1 : 0);
}

}  // namespace server::commands::key
