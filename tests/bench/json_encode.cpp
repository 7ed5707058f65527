// SPDX-License-Identifier: MIT
// Effects -> JSON. Each effect lists its fields once, for the tree and for the text.
#include <array>
#include <charconv>
#include <concepts>
#include <cstdint>
#include <cstring>

#include <openssl/evp.h>

#include "src/json_text.hpp"
#include "src/tools/export_line.hpp"
#include "tests/bench/json_fields.hpp"

namespace bench {

namespace {

using namespace storage;
namespace json = boost::json;

// OpenSSL's, because json_text.hpp's checks by encoding again, which would be charged to JSON.
std::string to_base64(std::string_view bytes) {
    std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // and a zero
    text.resize(static_cast<std::size_t>(EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                                         reinterpret_cast<const unsigned char*>(bytes.data()),
                                                         static_cast<int>(bytes.size()))));
    return text;
}

std::string_view bytes_of(const TokenHash& hash) { return {reinterpret_cast<const char*>(hash.data()), hash.size()}; }

// ASCII without anything to escape, eight bytes at a time. json_text.hpp goes character by character, which an export can afford
// and which would be most of the time of JSON here.
bool is_plain(std::string_view text) {
    constexpr std::uint64_t ones = 0x0101010101010101, high_bits = ones << 7U;
    const auto zeros = [](std::uint64_t word) { return (word - ones) & ~word; };  // a high bit if a byte is 0
    std::uint64_t found = 0, word = 0;
    const auto look = [&] {
        found |= word | ((word - ones * ' ') & ~word) | zeros(word ^ ones * '"') | zeros(word ^ ones * '\\');
    };
    for (; text.size() >= sizeof word; text.remove_prefix(sizeof word)) {
        std::memcpy(&word, text.data(), sizeof word);
        look();
    }
    word = ones * 'a';
    std::memcpy(&word, text.data(), text.size());
    look();
    return (found & high_bits) == 0;
}

// ---- encoding: where fields go ----

class Tree {
public:
    explicit Tree(json::object& to) : to_(to) {}
    void word(std::string_view name, std::string_view plain) { to_.emplace(name, json::string_view(plain)); }
    void number(std::string_view name, auto value) { to_.emplace(name, value); }
    void text(std::string_view name, std::string_view value) {
        if (is_plain(value) || server::is_utf8(value))
            word(name, value);
        else
            to_.emplace(name, json::object(to_.storage())).first->value().get_object().emplace("base64", to_base64(value));
    }
    void data(PackedData data) {
        Tree inner(to_.emplace("data", json::object(to_.storage())).first->value().get_object());
        for (std::string_view name, value; data.next(name, value);) inner.text(name, value);
    }

private:
    json::object& to_;
};

class Text {
public:
    explicit Text(std::string& to) : to_(to) { to_ += '{'; }
    void end() { to_ += '}'; }
    void word(std::string_view name, std::string_view plain) {
        key(name);
        ((to_ += '"') += plain) += '"';
    }
    void number(std::string_view name, auto value) {
        key(name);
        std::array<char, 24> digits{};
        to_.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
    }
    void text(std::string_view name, std::string_view value) {
        if (is_plain(value)) return word(name, value);
        key(name);
        if (server::is_utf8(value))
            server::append_quoted(to_, value);
        else
            ((to_ += R"({"base64":")") += to_base64(value)) += "\"}";
    }
    void data(PackedData data) {
        key("data");
        Text inner(to_);
        for (std::string_view name, value; data.next(name, value);) inner.text(name, value);
        inner.end();
    }

private:
    void key(std::string_view name) {
        if (to_.back() != '{') to_ += ',';
        ((to_ += '"') += name) += "\":";
    }

    std::string& to_;
};

// ---- encoding: which fields ----

void some(auto& out, std::string_view name, std::string_view value) {
    if (!value.empty()) out.text(name, value);
}
void some(auto& out, std::string_view name, std::integral auto value) {
    if (value != 0) out.number(name, value);
}
void id_field(auto& out, const SessionId& id) {
    const auto text = id.text();
    out.word("id", {text.data(), text.size()});
}
void token_field(auto& out, std::string_view name, const TokenHash& hash, std::string_view slot_name, Slot slot) {
    out.word(name, to_base64(bytes_of(hash)));
    if (slot != users_slot) out.number(slot_name, slot);
}

bool fields(auto& out, const PutSession& e) {
    out.word("type", "session");
    some(out, "db", e.db);
    id_field(out, e.id);
    out.text("user_id", e.user);
    token_field(out, "token_hash", e.token, "token_slot", e.token_slot);
    if (e.has_previous) {
        token_field(out, "previous_token_hash", e.previous_token, "previous_token_slot", e.previous_slot);
        out.number("previous_until", e.previous_until);
    }
    some(out, "device_id", e.device);
    some(out, "created_by", e.created_by);
    some(out, "ip_address", e.ip);
    some(out, "user_agent", e.ua);
    some(out, "last_access_ip", e.last_ip);
    some(out, "last_access_ua", e.last_ua);
    some(out, "created_at", e.created_at);
    some(out, "last_active", e.last_active);
    some(out, "expires_at", e.expires_at);
    some(out, "idle_timeout", e.idle_ms / 1000);
    some(out, "version", e.version);
    if (!e.data.bytes().empty()) out.data(e.data);
    return true;
}
bool fields(auto& out, const TouchSession& e) {
    out.word("type", "touch");
    some(out, "db", e.db);
    id_field(out, e.id);
    out.text("user_id", e.user);
    some(out, "last_active", e.last_active);
    some(out, "last_access_ip", e.last_ip);
    some(out, "last_access_ua", e.last_ua);
    return true;
}
bool fields(auto& out, const PutString& e) {
    out.word("type", "string");
    some(out, "db", e.db);
    out.text("key", e.key);
    out.text("value", e.value);
    some(out, "expires_at", e.expires_at);
    return true;
}
bool fields(auto& out, const RemoveSession& e) {
    out.word("type", "removal");
    some(out, "db", e.db);
    id_field(out, e.id);
    out.text("user_id", e.user);
    out.word("reason", server::reason_names[static_cast<std::size_t>(e.reason)]);
    some(out, "until", e.until);
    return true;
}
bool fields(auto&, const auto&) { return false; }

}  // namespace

bool to_tree(const Effect& effect, boost::json::object& to) {
    Tree tree(to);
    return std::visit([&](const auto& e) { return fields(tree, e); }, effect);
}

bool to_text(const Effect& effect, std::string& to) {
    Text text(to);
    const bool done = std::visit([&](const auto& e) { return fields(text, e); }, effect);
    text.end();
    return done;
}

}  // namespace bench
