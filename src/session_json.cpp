// SPDX-License-Identifier: MIT
// Written by hand: the values are views into a locked record, and a tree of copies would cost more than the text.
#include "src/session_json.hpp"

#include "src/json_text.hpp"
#include "src/session_reply.hpp"

namespace server {

namespace {

void append_text(std::string& json, std::string_view text) {
    if (is_utf8(text)) {
        append_quoted(json, text);
    } else {
        json += "{\"base64\":";
        append_quoted(json, base64(text));
        json += '}';
    }
}

void append_data(std::string& json, storage::PackedData data) {
    std::string_view name, value;
    char before = '{';
    while (data.next(name, value)) {
        json += before;
        before = ',';
        append_quoted(json, is_utf8(name) ? std::string(name) : "base64:" + base64(name));
        json += ':';
        append_text(json, value);
    }
    json += before == '{' ? "{}" : "}";
}

}  // namespace

std::string session_json(const storage::SessionView& view) {
    std::string json;
    json.reserve(512 + view.data.bytes().size());
    const FieldMask shown = present_fields(view);
    char before = '{';
    for (unsigned i = 0; i < session_field_names.size(); ++i) {
        const auto field = static_cast<SessionField>(i);
        if (!has(shown, field)) continue;
        json += before;
        before = ',';
        append_quoted(json, session_field_names[i]);
        json += ':';
        if (field == SessionField::id) {
            const auto id = view.id.text();
            append_quoted(json, {id.data(), id.size()});
        } else if (field == SessionField::data) {
            append_data(json, view.data);
        } else if (field < SessionField::created_at) {
            append_text(json, text_of(view, field));
        } else {
            json += std::to_string(number_of(view, field));
        }
    }
    json += '}';
    return json;
}

}  // namespace server
