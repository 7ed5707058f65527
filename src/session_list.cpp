// SPDX-License-Identifier: MIT
#include "src/session_list.hpp"

#include <algorithm>
#include <limits>
#include <memory>

#include "resp/reply_writer.hpp"
#include "src/client.hpp"
#include "src/commands/session_commands.hpp"

namespace server {

namespace {

enum Option : std::size_t {
    user,
    device,
    keyid,
    ip,
    status,
    created_after,
    created_before,
    active_after,
    active_before,
    sort_by,
    asc,
    desc,
    limit,
    fields,
};
constexpr std::array<std::string_view, 14> list_options{"USER",         "DEVICE",        "KEYID",       "IP",           "STATUS",
                                                        "CREATEDAFTER", "CREATEDBEFORE", "ACTIVEAFTER", "ACTIVEBEFORE", "SORTBY",
                                                        "ASC",          "DESC",          "LIMIT",       "FIELDS"};

std::string read_text(ArgReader& reader, std::string_view name) {
    const std::string_view text = reader.value();
    if (!reader.failed() && text.empty()) reader.bad_value(name, "allowed 1 byte or more");
    return std::string(text);
}

// An address, or address/bits.
void read_network(ArgReader& reader, ListRequest& request) {
    const std::string_view text = reader.value();
    if (reader.failed()) return;
    const std::size_t slash = text.find('/');
    const auto address = AddressText::parse(text.substr(0, slash));
    std::optional<std::int64_t> bits = -1;
    if (slash != text.npos) {
        bits = parse_int64(text.substr(slash + 1));
        if (bits && address && address->was_mapped()) *bits -= 96;
        if (bits && (*bits < 0 || *bits > (address && address->is_v6() ? 128 : 32))) bits.reset();
    }
    if (!address || !bits) return reader.bad_value("IP", "allowed an IPv4 or IPv6 address, or a network as 10.0.0.0/8");
    request.ip = address->view();
    request.prefix_bits = static_cast<int>(*bits);
}

// The position of the value among `allowed`, which are words of any case.
std::size_t read_choice(ArgReader& reader, std::string_view name, std::span<const std::string_view> allowed) {
    const std::string lower = lower_case(reader.value());
    const auto found = std::find(allowed.begin(), allowed.end(), lower);
    if (found != allowed.end() || reader.failed()) return static_cast<std::size_t>(found - allowed.begin());
    std::string text;
    for (const auto word : allowed) text += (text.empty() ? "allowed " : ", ") + std::string(word);
    reader.bad_value(name, text);
    return 0;
}

storage::UnixMs read_moment(ArgReader& reader, std::size_t option) {
    return reader.integer(list_options[option], 0, std::numeric_limits<std::int64_t>::max());
}

// Nothing is before 0, and 0 as a condition is none: nothing is before 1 either.
storage::UnixMs read_before(ArgReader& reader, std::size_t option) {
    return std::max<storage::UnixMs>(read_moment(reader, option), 1);
}

void read_direction(ArgReader& reader, ListRequest& request, bool descending) {
    if (reader.seen(asc) && reader.seen(desc)) reader.exclude("ASC and DESC");
    request.descending = descending;
}

void read_option(ArgReader& reader, std::size_t option, ListRequest& request) {
    constexpr std::array<std::string_view, 3> states{"active", "expired", "any"};
    constexpr std::array<std::string_view, 3> orders{"created_at", "last_active", "expires_at"};
    storage::SessionFilter& filter = request.filter;
    switch (option) {
        case user: request.user = read_text(reader, "USER"); break;
        case device: request.device = read_text(reader, "DEVICE"); break;
        case keyid: request.created_by = read_text(reader, "KEYID"); break;
        case ip: read_network(reader, request); break;
        case status: filter.status = static_cast<storage::SessionFilter::Status>(read_choice(reader, "STATUS", states)); break;
        case created_after: filter.created_after = read_moment(reader, option); break;
        case created_before: filter.created_before = read_before(reader, option); break;
        case active_after: filter.active_after = read_moment(reader, option); break;
        case active_before: filter.active_before = read_before(reader, option); break;
        case sort_by: request.order = static_cast<storage::SessionOrder>(read_choice(reader, "SORTBY", orders)); break;
        case asc: read_direction(reader, request, false); break;
        case desc: read_direction(reader, request, true); break;
        case limit: request.page = read_page(reader, session_limits::page_max); break;
        case fields: request.fields = read_fields(reader); break;
        default: break;
    }
}

}  // namespace

storage::SessionFilter ListRequest::whole_filter() const {
    storage::SessionFilter whole = filter;
    whole.user = user;
    whole.device = device;
    whole.created_by = created_by;
    whole.ip = ip;
    whole.prefix_bits = prefix_bits;
    return whole;
}

bool read_list_request(ArgReader& reader, ListRequest& request) {
    while (reader.more()) read_option(reader, reader.option(list_options), request);
    return !reader.failed();
}

ListCommand::ListCommand(ServerState& server, storage::DbIndex db, ListRequest request)
    : server_(server), db_(db), request_(std::move(request)) {}

bool ListCommand::step(storage::Op& op, resp::ReplyWriter& reply) {
    if (!slot_) {
        slot_.emplace(server_);
        if (!*slot_) {
            slot_.reset();
            return false;
        }
        lister_.emplace(server_.store, db_, request_.whole_filter(), request_.order, request_.descending, request_.page.offset,
                        request_.page.count);
    }
    if (!lister_->step(op)) return false;
    reply.array(2);
    reply.integer(static_cast<std::int64_t>(lister_->total()));
    const std::size_t start = reply.begin_array();
    std::size_t shown = 0;
    lister_->page(op, [&](const storage::SessionView& view) {
        write_session(reply, view, request_.fields);
        ++shown;
    });
    reply.end_array(start, shown);
    return true;
}

namespace commands::session {

void list(CommandContext& ctx) {
    ArgReader reader(ctx.args, 1);
    ListRequest request;
    if (!read_list_request(reader, request)) return ctx.reply.error(reader.error());
    ctx.continuation = std::make_unique<ListCommand>(ctx.server, ctx.op.db, std::move(request));
}

}  // namespace commands::session

}  // namespace server
