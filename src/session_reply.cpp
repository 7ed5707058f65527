// SPDX-License-Identifier: MIT
#include "src/session_reply.hpp"

#include <algorithm>
#include <bit>
#include <string>

namespace server {

namespace {

constexpr FieldMask bit(SessionField field) { return static_cast<FieldMask>(1U << static_cast<unsigned>(field)); }

constexpr bool is_text(SessionField field) { return field >= SessionField::user_id && field <= SessionField::last_access_ua; }

// user_id to last_access_ua.
std::array<std::string_view, 7> texts_of(const storage::SessionView& view) {
    return {view.user, view.device, view.created_by, view.ip, view.ua, view.last_ip, view.last_ua};
}

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
    FieldMask mask = bit(SessionField::id) | bit(SessionField::expires_at);
    const auto texts = texts_of(view);
    for (unsigned i = 0; i < texts.size(); ++i)
        mask |= static_cast<FieldMask>((texts[i].empty() ? 0U : 1U) << (static_cast<unsigned>(SessionField::user_id) + i));
    if (view.idle_ms != 0) mask |= bit(SessionField::idle_timeout);
    const bool dead = view.state != storage::SessionState::live;  // of which little is remembered
    if (!dead || view.created_at != 0) mask |= bit(SessionField::created_at);
    if (!dead || view.last_active != 0) mask |= bit(SessionField::last_active);
    if (!dead || view.version != 0) mask |= bit(SessionField::version);
    if (!dead || view.data.count() != 0) mask |= bit(SessionField::data);
    return mask;
}

std::string_view text_of(const storage::SessionView& view, SessionField field) {
    return is_text(field) ? texts_of(view)[static_cast<std::size_t>(field) - static_cast<std::size_t>(SessionField::user_id)]
                          : std::string_view();
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
    const auto texts = texts_of(view);
    reply.map(static_cast<std::size_t>(std::popcount(shown)));
    for (unsigned left = shown; left != 0; left &= left - 1) {
        const auto at = static_cast<unsigned>(std::countr_zero(left));
        const auto field = static_cast<SessionField>(at);
        reply.raw(names_as_bulks[at]);
        if (is_text(field))
            reply.bulk(texts[at - static_cast<unsigned>(SessionField::user_id)]);
        else if (field == SessionField::id)
            write_id(reply, view.id);
        else if (field == SessionField::data)
            write_data(reply, view.data);
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
