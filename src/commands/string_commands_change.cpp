// SPDX-License-Identifier: MIT
// Changing strings in place: APPEND SETRANGE and the INCR family.
#include <limits>
#include <optional>

#include "resp/reply_writer.hpp"
#include "src/args.hpp"
#include "src/commands/string_commands.hpp"

namespace server::commands::string {

namespace {

void answer_length(CommandContext& ctx, const storage::Result<std::uint64_t>& length) {
    if (length.has_error()) return ctx.fail(length.error());
    ctx.reply.integer(static_cast<std::int64_t>(*length));
}

void increment(CommandContext& ctx, std::int64_t by) {
    const auto number = ctx.store.increment(ctx.op, ctx.args[1], by);
    if (number.has_error()) return ctx.fail(number.error());
    ctx.reply.integer(*number);
}

}  // namespace

void append(CommandContext& ctx) { answer_length(ctx, ctx.store.append_string(ctx.op, ctx.args[1], ctx.args[2])); }

void setrange(CommandContext& ctx) {
    const auto offset = parse_int64(ctx.args[2]);
    if (!offset) return ctx.reply.error(words::not_an_integer);
    if (*offset < 0) return ctx.reply.error("ERR offset is out of range");
    if (storage::is_reserved_key(ctx.args[1])) return ctx.fail(storage::Errc::wrong_type);
    if (ctx.args[3].empty()) {  // changes nothing, wherever it points
        std::uint64_t length = 0;
        ctx.store.get_string(ctx.op, ctx.args[1],
                             [&](std::optional<std::string_view> value) { length = value ? value->size() : 0; });
        return ctx.reply.integer(static_cast<std::int64_t>(length));
    }
    answer_length(ctx, ctx.store.set_range(ctx.op, ctx.args[1], static_cast<std::uint64_t>(*offset), ctx.args[3]));
}

void incr(CommandContext& ctx) { increment(ctx, 1); }
void decr(CommandContext& ctx) { increment(ctx, -1); }

void incrby(CommandContext& ctx) {
    const auto by = parse_int64(ctx.args[2]);
    if (!by) return ctx.reply.error(words::not_an_integer);
    increment(ctx, *by);
}

void decrby(CommandContext& ctx) {
    const auto by = parse_int64(ctx.args[2]);
    if (!by) return ctx.reply.error(words::not_an_integer);
    if (*by == std::numeric_limits<std::int64_t>::min()) return ctx.reply.error("ERR decrement would overflow");
    increment(ctx, -*by);
}

void incrbyfloat(CommandContext& ctx) {
    if (storage::is_reserved_key(ctx.args[1])) return ctx.fail(storage::Errc::wrong_type);  // before the number, as Redis
    const auto by = parse_long_double(ctx.args[2]);
    if (!by) return ctx.reply.error(words::not_a_float);
    const auto number = ctx.store.increment_float(ctx.op, ctx.args[1], *by);
    if (number.has_error()) return ctx.fail(number.error());
    ctx.reply.bulk(*number);
}

}  // namespace server::commands::string
