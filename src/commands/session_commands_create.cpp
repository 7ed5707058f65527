// SPDX-License-Identifier: MIT
// SESS.CREATE: everything is read and checked before the store is asked.
#include "resp/reply_writer.hpp"
#include "src/client.hpp"
#include "src/commands/session_commands.hpp"
#include "src/server_state.hpp"
#include "src/session_reply.hpp"

namespace server::commands::session {

namespace {

enum Option : std::size_t { id, token, ttl, px, exat, pxat, idle, device, ip, ua, keyid, data };
constexpr std::array<std::string_view, 12> create_options{"ID",   "TOKEN",  "TTL", "PX", "EXAT",  "PXAT",
                                                          "IDLE", "DEVICE", "IP",  "UA", "KEYID", "DATA"};

struct Request {
    storage::NewSession session;
    std::optional<AddressText> ip;
    DataFields data;
};

void read_option(ArgReader& reader, std::size_t option, const TtlLimits& limits, ExpiryChoice& expiry, Request& request) {
    storage::NewSession& session = request.session;
    switch (option) {
        case id: session.id = read_session_id(reader, "ID"); break;
        case token: session.token = reader.value(); break;
        case ttl:
        case px:
        case exat:
        case pxat: expiry.read(reader, static_cast<ExpiryWord>(option - ttl), limits); break;
        case idle: session.idle_ms = read_idle_ms(reader, limits); break;
        case device: session.device = reader.value(); break;
        case ip: request.ip = reader.address("IP"); break;
        case ua: session.ua = read_agent(reader); break;
        case keyid:
            session.created_by = reader.value();
            if (session.created_by.empty() || session.created_by.size() > session_limits::user_bytes_max)
                reader.bad_value("KEYID", "allowed 1..128 bytes");
            break;
        case data: request.data = read_data(reader, "DATA"); break;
        default: break;
    }
}

void check(ArgReader& reader, const Request& request, const storage::Settings& settings) {
    const storage::NewSession& session = request.session;
    if (session.token && !is_token_form(*session.token)) return reader.fail(std::string(malformed_token));
    Violations violations;
    violations.length("user_id", session.user.size(), 1, session_limits::user_bytes_max);
    if (reader.seen(device)) violations.length("device_id", session.device.size(), 1, session_limits::device_bytes_max);
    violations.data(request.data, settings);
    if (violations.any()) reader.fail(violations.error());
}

}  // namespace

void create(CommandContext& ctx) {
    const storage::Settings& settings = ctx.server.storage_settings;
    const TtlLimits limits(settings, ctx.op.now);
    ArgReader reader(ctx.args, 2);
    ExpiryChoice expiry;
    Request request;
    request.session.user = ctx.args[1];
    request.session.created_by = ctx.client.user();
    while (reader.more()) read_option(reader, reader.option(create_options), limits, expiry, request);
    if (!reader.failed()) check(reader, request, settings);
    if (reader.failed()) return ctx.reply.error(reader.error());
    request.session.expires_at = expiry.at() ? *expiry.at() : limits.default_expiry();
    if (request.ip) request.session.ip = request.ip->view();
    request.session.data = request.data;

    const auto made = ctx.store.create(ctx.op, request.session);
    if (made.has_error()) return ctx.fail(made.error());
    ctx.reply.map(made->token_made ? 4 : 3);
    ctx.reply.bulk("id");
    write_id(ctx.reply, made->id);
    if (made->token_made) {
        ctx.reply.bulk("token");
        ctx.reply.bulk({made->token.data(), made->token.size()});
    }
    ctx.reply.bulk("expires_at");
    ctx.reply.integer(made->expires_at);
    ctx.reply.bulk("version");
    ctx.reply.integer(static_cast<std::int64_t>(made->version));
}

}  // namespace server::commands::session
