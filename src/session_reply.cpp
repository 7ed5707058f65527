// SPDX-License-Identifier: MIT
#include "src/session_reply.hpp"

#include <algorithm>
#include <bit>
#include <string>

namespace server {

namespace {

constexpr FieldMask bit(SessionField field) { return static_cast<FieldMask>(1U << static_cast<unsigned>(field)); }

constexpr bool is_text(SessionField field) { return field >= SessionField::user_id && field <= SessionField::last_access_ua; }

std::string names_in_a_row() {
    std::string text;
    for (const auto name : session_field_names) text += (text.empty() ? "" : ", ") + std::string(name);
    return text;
}

// Each field's name as it goes to the client in either version of RESP, made once.
const auto names_as_bulks = [] {
    std::array<std::string, session_field_names.size()> bulks;
    for (std::size_t i = 0; i < bulks.size(); ++i) {
        resp::OutputBuffer out;
        resp::ReplyWriter(out).bulk(session_field_names[i]);
        bulks[i] = out.view();
    }
    return bulks;
}();

}  // namespace

FieldMask read_fields(ArgReader& reader) {
    FieldMask mask = 0;
    for (const auto name : reader.counted("FIELDS", 1, static_cast<std::int64_t>(session_field_names.size()), 1)) {
        const auto found = std::find(session_field_names.begin(), session_field_names.end(), name);
        if (found == session_field_names.end()) {
            reader.bad_value("FIELDS", "allowed " + names_in_a_row());
            return 0;
        }
        mask |= bit(static_cast<SessionField>(found - session_field_names.begin()));
    }
    return mask;
}

FieldMask present_fields(const storage::SessionView& view) {
    const bool dead = view.state != storage::SessionState::live;  // of which little is remembered
    FieldMask mask = bit(SessionField::id);
    for (unsigned i = 1; i < session_field_names.size(); ++i) {
        const auto field = static_cast<SessionField>(i);
        bool present = true;
        if (is_text(field))
            present = !text_of(view, field).empty();
        else if (field == SessionField::idle_timeout)
            present = view.idle_ms != 0;
        else if (field == SessionField::data)
            present = !dead || view.data.count() != 0;
        else if (field != SessionField::expires_at)
            present = !dead || number_of(view, field) != 0;
        if (present) mask |= bit(field);
    }
    return mask;
}

std::string_view text_of(const storage::SessionView& view, SessionField field) {
    switch (field) {
        case SessionField::user_id: return view.user;
        case SessionField::device_id: return view.device;
        case SessionField::created_by: return view.created_by;
        case SessionField::ip_address: return view.ip;
        case SessionField::user_agent: return view.ua;
        case SessionField::last_access_ip: return view.last_ip;
        case SessionField::last_access_ua: return view.last_ua;
        default: return {};
    }
}

std::int64_t number_of(const storage::SessionView& view, SessionField field) {
    switch (field) {
        case SessionField::created_at: return view.created_at;
        case SessionField::last_active: return view.last_active;
        case SessionField::expires_at: return view.expires_at;
        case SessionField::idle_timeout: return view.idle_ms / ms_per_s;
        case SessionField::version: return static_cast<std::int64_t>(view.version);
        default: return 0;
    }
}

void write_session(resp::ReplyWriter& reply, const storage::SessionView& view, FieldMask wanted) {
    const FieldMask shown = wanted & present_fields(view);
    reply.map(static_cast<std::size_t>(std::popcount(shown)));
    for (unsigned i = 0; i < session_field_names.size(); ++i) {
        const auto field = static_cast<SessionField>(i);
        if (!has(shown, field)) continue;
        reply.raw(names_as_bulks[i]);
        if (field == SessionField::id)
            write_id(reply, view.id);
        else if (field == SessionField::data)
            write_data(reply, view.data);
        else if (is_text(field))
            reply.bulk(text_of(view, field));
        else
            reply.integer(number_of(view, field));
    }
}

void write_data(resp::ReplyWriter& reply, storage::PackedData data) {
    reply.map(data.count());
    std::string_view name, value;
    while (data.next(name, value)) {
        reply.bulk(name);
        reply.bulk(value);
    }
}

void write_id(resp::ReplyWriter& reply, const storage::SessionId& id) {
    const auto text = id.text();
    reply.bulk({text.data(), text.size()});
}

}  // namespace server
