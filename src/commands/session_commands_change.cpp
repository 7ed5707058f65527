// SPDX-License-Identifier: MIT
// SESS.UPDATE, TOUCH, RENEW, ROTATE: they change a session that is there and never create one.
#include "resp/reply_writer.hpp"
#include "src/commands/session_commands.hpp"
#include "src/server_state.hpp"
#include "src/session_reply.hpp"

namespace server::commands::session {

namespace {

struct Update {
    storage::SessionChange change;
    ExpiryChoice expiry;
    DataFields set;
};

void read_update(CommandContext& ctx, ArgReader& reader, Update& update) {
    enum Option : std::size_t { ifversion, device, ttl, px, exat, pxat, set, unset, clear };
    constexpr std::array<std::string_view, 9> option_words{"IFVERSION", "DEVICE", "TTL",   "PX",   "EXAT",
                                                           "PXAT",      "SET",    "UNSET", "CLEAR"};
    constexpr std::int64_t names_max = 10'000;  // the names stand in no record, so nothing else bounds them
    const TtlLimits limits(ctx.server.storage_settings, ctx.op.now);
    while (reader.more()) {
        const std::size_t option = reader.option(option_words);
        switch (option) {
            case ifversion: update.change.if_version = read_version(reader); break;
            case device: update.change.device = reader.value(); break;
            case ttl:
            case px:
            case exat:
            case pxat: update.expiry.read(reader, static_cast<ExpiryWord>(option - ttl), limits); break;
            case set: update.set = read_data(reader, "SET"); break;
            case unset: update.change.unset = reader.counted("UNSET", 0, names_max, 1); break;
            case clear: update.change.clear = true; break;
            default: break;
        }
    }
    Violations violations;
    if (update.change.device) violations.length("device_id", update.change.device->size(), 1, session_limits::device_bytes_max);
    violations.data(update.set, ctx.server.storage_settings);
    if (violations.any()) reader.fail(violations.error());
}

}  // namespace

void update(CommandContext& ctx) {
    ArgReader reader(ctx.args, 2);
    Update update;
    read_update(ctx, reader, update);
    if (reader.failed()) return ctx.reply.error(reader.error());
    update.change.expires_at = update.expiry.at();
    update.change.set = update.set;
    const auto id = storage::SessionId::parse(ctx.args[1]);
    if (!id) return ctx.fail(storage::Errc::no_session);
    const auto version = ctx.store.update(ctx.op, *id, update.change);
    if (version.has_error()) return ctx.fail(version.error());
    ctx.reply.integer(static_cast<std::int64_t>(*version));
}

void touch(CommandContext& ctx) {
    enum Option : std::size_t { ip, ua };
    constexpr std::array<std::string_view, 2> option_words{"IP", "UA"};
    ArgReader reader(ctx.args, 2);
    TouchOptions options;
    while (reader.more()) {
        switch (reader.option(option_words)) {
            case ip: options.ip = reader.address("IP"); break;
            case ua: options.ua = read_agent(reader); break;
            default: break;
        }
    }
    if (reader.failed()) return ctx.reply.error(reader.error());
    const auto id = storage::SessionId::parse(ctx.args[1]);
    if (!id) return ctx.fail(storage::Errc::no_session);
    const auto last_active = ctx.store.touch(ctx.op, *id, options.touch(true));
    if (last_active.has_error()) return ctx.fail(last_active.error());
    ctx.reply.integer(*last_active);
}

void renew(CommandContext& ctx) {
    enum Option : std::size_t { ttl, ifversion };
    constexpr std::array<std::string_view, 2> option_words{"TTL", "IFVERSION"};
    const TtlLimits limits(ctx.server.storage_settings, ctx.op.now);
    ArgReader reader(ctx.args, 2);
    storage::UnixMs expires_at = 0;
    std::optional<std::uint64_t> if_version;
    while (reader.more()) {
        switch (reader.option(option_words)) {
            case ttl: expires_at = read_expiry(reader, ExpiryWord::ttl, limits); break;
            case ifversion: if_version = read_version(reader); break;
            default: break;
        }
    }
    if (!reader.seen(ttl)) reader.fail(std::string(words::syntax_error));
    if (reader.failed()) return ctx.reply.error(reader.error());
    const auto id = storage::SessionId::parse(ctx.args[1]);
    if (!id) return ctx.fail(storage::Errc::no_session);
    const auto renewed = ctx.store.renew(ctx.op, *id, expires_at, if_version);
    if (renewed.has_error()) return ctx.fail(renewed.error());
    ctx.reply.integer(*renewed);
}

void rotate(CommandContext& ctx) {
    constexpr std::array<std::string_view, 1> option_words{"GRACE"};
    ArgReader reader(ctx.args, 2);
    std::int64_t grace_s = session_limits::grace_s_default;
    while (reader.more())
        if (reader.option(option_words) == 0) grace_s = reader.integer("GRACE", 0, session_limits::grace_s_max);
    if (!is_token_form(ctx.args[1])) reader.fail(std::string(malformed_token));
    if (reader.failed()) return ctx.reply.error(reader.error());
    const auto rotated = ctx.store.rotate(ctx.op, ctx.args[1], grace_s * ms_per_s);
    if (rotated.has_error()) return ctx.fail(rotated.error());
    ctx.reply.bulk({rotated->token.data(), rotated->token.size()});
}

}  // namespace server::commands::session
