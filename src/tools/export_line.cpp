// SPDX-License-Identifier: MIT
// To JSON by hand, as session_json.cpp does: a tree of copies would cost more than the text.
#include "src/tools/export_line.hpp"

#include <algorithm>

#include "src/json_text.hpp"
#include "src/tools/hex.hpp"

namespace server {

namespace {

using storage::PutDead;
using storage::PutSession;
using storage::PutString;

// As text, what is UTF-8 and does not grow beyond twice its size.
bool reads_as_text(std::string_view bytes) {
    const auto controls =
        std::count_if(bytes.begin(), bytes.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
    return static_cast<std::size_t>(controls) * 5 <= bytes.size() && is_utf8(bytes);
}

class Line {
public:
    Line(std::string& to, std::string_view type, storage::Lsn lsn, storage::DbIndex db) : to_(to) {
        to_ += "{\"type\":\"";
        (to_ += type) += '"';
        number("lsn", storage::value(lsn));
        number("db", db);
    }
    ~Line() { to_ += "}\n"; }
    Line(const Line&) = delete;
    Line& operator=(const Line&) = delete;

    template <class Number>
    void number(std::string_view name, Number value) {
        key(name);
        to_ += std::to_string(value);
    }
    template <class Number>
    void some(std::string_view name, Number value) {
        if (value != 0) number(name, value);
    }
    void word(std::string_view name, std::string_view value) {  // plain ASCII
        key(name);
        ((to_ += '"') += value) += '"';
    }
    void text(std::string_view name, std::string_view value) {
        key(name);
        append(value);
    }
    void some_text(std::string_view name, std::string_view value) {
        if (!value.empty()) text(name, value);
    }
    void id(std::string_view name, const storage::SessionId& id) {
        const auto text = id.text();
        word(name, {text.data(), text.size()});
    }
    void token(std::string_view hash_name, const storage::TokenHash& hash, std::string_view slot_name, storage::Slot slot) {
        word(hash_name, hex(hash));
        if (slot != storage::users_slot) number(slot_name, slot);
    }
    void data(storage::PackedData data) {
        if (data.bytes().empty()) return;
        key("data");
        std::string_view name, value;
        char before = '{';
        while (data.next(name, value)) {
            to_ += before;
            before = ',';
            append_quoted(to_, reads_as_text(name) && !name.starts_with(base64_name) ? std::string(name)
                                                                                     : std::string(base64_name) + base64(name));
            to_ += ':';
            append(value);
        }
        to_ += '}';
    }

private:
    void key(std::string_view name) { ((to_ += ",\"") += name) += "\":"; }
    void append(std::string_view value) {
        if (reads_as_text(value)) return append_quoted(to_, value);
        ((to_ += "{\"base64\":\"") += base64(value)) += "\"}";
    }

    std::string& to_;
};

void append_effect(std::string& to, const PutSession& e, storage::Lsn lsn) {
    Line line(to, "session", lsn, e.db);
    line.id("id", e.id);
    line.text("user_id", e.user);
    line.token("token_hash", e.token, "token_slot", e.token_slot);
    if (e.has_previous) {
        line.token("previous_token_hash", e.previous_token, "previous_token_slot", e.previous_slot);
        line.number("previous_until", e.previous_until);
    }
    line.some_text("device_id", e.device);
    line.some_text("created_by", e.created_by);
    line.some_text("ip_address", e.ip);
    line.some_text("user_agent", e.ua);
    line.some_text("last_access_ip", e.last_ip);
    line.some_text("last_access_ua", e.last_ua);
    line.number("created_at", e.created_at);
    line.number("last_active", e.last_active);
    line.some("expires_at", e.expires_at);
    line.some("idle_timeout", e.idle_ms / 1000);
    line.number("version", e.version);
    line.data(e.data);
}

void append_effect(std::string& to, const PutString& e, storage::Lsn lsn) {
    Line line(to, "string", lsn, e.db);
    line.text("key", e.key);
    line.text("value", e.value);
    line.some("expires_at", e.expires_at);
}

void append_effect(std::string& to, const PutDead& e, storage::Lsn lsn) {
    Line line(to, "dead", lsn, e.db);
    if (e.has_id) line.id("id", e.id);
    if (!e.has_id && e.id != storage::SessionId{}) line.id("former_id", e.id);
    line.text("user_id", e.user);
    line.token("token_hash", e.token, "token_slot", e.token_slot);
    if (e.has_previous) line.token("previous_token_hash", e.previous, "previous_token_slot", e.previous_slot);
    line.word("reason", reason_names[static_cast<std::size_t>(e.reason)]);
    line.number("until", e.until);
    line.some("created_at", e.created_at);
    line.some("last_active", e.last_active);
    line.some("expires_at", e.ended_at);
}

}  // namespace

void append_line(std::string& to, const storage::SnapshotEntry& entry) {
    std::visit([&](const auto& effect) { append_effect(to, effect, entry.lsn); }, entry.effect);
}

}  // namespace server
