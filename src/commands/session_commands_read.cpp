// SPDX-License-Identifier: MIT
// SESS.GET, GETBYTOKEN, VALIDATE, LISTUSER, COUNTUSER, COUNT.
#include "resp/reply_writer.hpp"
#include "src/commands/lookup.hpp"
#include "src/commands/session_commands.hpp"
#include "src/session_reply.hpp"

namespace server::commands::session {

namespace {

struct TokenOptions {
    bool touch_wanted = false;
    TouchOptions touch;
    FieldMask fields = all_fields;
};

// [TOUCH] [IP a] [UA t] and, as the last of the words, [FIELDS n name ...]. IP and UA count only together with TOUCH.
void read_token_options(ArgReader& reader, std::span<const std::string_view> option_words, TokenOptions& options) {
    enum Option : std::size_t { touch, ip, ua, fields };
    while (reader.more()) {
        switch (reader.option(option_words)) {
            case touch: options.touch_wanted = true; break;
            case ip: options.touch.ip = reader.address("IP"); break;
            case ua: options.touch.ua = read_agent(reader); break;
            case fields: options.fields = read_fields(reader); break;
            default: break;
        }
    }
}

constexpr std::array<std::string_view, 4> token_words{"TOUCH", "IP", "UA", "FIELDS"};

}  // namespace

void get(CommandContext& ctx) {
    constexpr std::array<std::string_view, 1> option_words{"FIELDS"};
    ArgReader reader(ctx.args, 2);
    FieldMask fields = all_fields;
    while (reader.more())
        if (reader.option(option_words) == 0) fields = read_fields(reader);
    if (reader.failed()) return ctx.reply.error(reader.error());
    const auto id = storage::SessionId::parse(ctx.args[1]);
    const auto show = [&](const storage::SessionView& view) { write_session(ctx.reply, view, fields); };
    const bool found = id && ctx.store.get(ctx.op, *id, show);
    if (!found) ctx.reply.null();
    count_lookup(ctx, found);
}

void get_by_token(CommandContext& ctx) {
    ArgReader reader(ctx.args, 2);
    TokenOptions options;
    read_token_options(reader, token_words, options);
    if (reader.failed()) return ctx.reply.error(reader.error());
    const std::string_view token = ctx.args[1];
    const auto show = [&](const storage::SessionView& view) { write_session(ctx.reply, view, options.fields); };
    const bool found =
        is_token_form(token) && ctx.store.get_by_token(ctx.op, token, options.touch.touch(options.touch_wanted), show);
    if (!found) ctx.reply.null();
    count_lookup(ctx, found);
}

void validate(CommandContext& ctx) {
    ArgReader reader(ctx.args, 2);
    TokenOptions options;
    read_token_options(reader, std::span(token_words).first<3>(), options);
    if (!is_token_form(ctx.args[1])) reader.fail(std::string(malformed_token));
    if (reader.failed()) return ctx.reply.error(reader.error());
    const auto show = [&](const storage::SessionView& view) {
        ctx.reply.map(3);
        ctx.reply.bulk("id");
        write_id(ctx.reply, view.id);
        ctx.reply.bulk("user_id");
        ctx.reply.bulk(view.user);
        ctx.reply.bulk("expires_at");
        ctx.reply.integer(view.expires_at);
    };
    const auto valid = ctx.store.validate(ctx.op, ctx.args[1], options.touch.touch(options.touch_wanted), show);
    if (valid.has_error()) ctx.fail(valid.error());
    count_lookup(ctx, valid.has_value());
}

void list_user(CommandContext& ctx) {
    enum Option : std::size_t { limit, fields };
    constexpr std::array<std::string_view, 2> option_words{"LIMIT", "FIELDS"};
    ArgReader reader(ctx.args, 2);
    Page page{0, session_limits::page_max};
    FieldMask shown = all_fields;
    while (reader.more()) {
        switch (reader.option(option_words)) {
            case limit: page = read_page(reader, session_limits::user_page_max); break;
            case fields: shown = read_fields(reader); break;
            default: break;
        }
    }
    if (reader.failed()) return ctx.reply.error(reader.error());
    const std::size_t start = ctx.reply.begin_array();
    std::size_t sessions = 0;
    ctx.store.list_user(ctx.op, ctx.args[1], page.offset, page.count, [&](const storage::SessionView& view) {
        write_session(ctx.reply, view, shown);
        ++sessions;
    });
    ctx.reply.end_array(start, sessions);
}

void count_user(CommandContext& ctx) { ctx.reply.integer(static_cast<std::int64_t>(ctx.store.count_user(ctx.op, ctx.args[1]))); }

void count(CommandContext& ctx) { ctx.reply.integer(static_cast<std::int64_t>(ctx.store.count_sessions(ctx.op))); }

}  // namespace server::commands::session
