// SPDX-License-Identifier: MIT
// A tree of JSON -> effects.
#include <algorithm>
#include <concepts>
#include <optional>

#include <openssl/evp.h>
#include <boost/json/value.hpp>

#include "src/tools/export_line.hpp"
#include "tests/bench/json_fields.hpp"

namespace bench {

namespace {

using namespace storage;
namespace json = boost::json;

std::optional<std::string> of_base64(std::string_view text) {
    std::string bytes(text.size() / 4 * 3, '\0');
    const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                     reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
    if (size < 0) return std::nullopt;
    bytes.resize(static_cast<std::size_t>(size) - (text.ends_with("==") ? 2U : text.ends_with('=') ? 1U : 0U));
    return bytes;
}

// The fields of an object; what is absent stays as it is. Views are into the object, or into what was decoded.
class Fields {
public:
    Fields(const json::object& from, Decoded& decoded) : from_(from), decoded_(decoded) {}

    bool good() const { return good_; }
    template <std::integral Number>
    void take(std::string_view name, Number& to) {
        const auto* value = from_.if_contains(name);
        if (value == nullptr) return;
        boost::system::error_code error;
        to = value->to_number<Number>(error);
        if (error) good_ = false;
    }
    void take(std::string_view name, std::string_view& to) {
        if (const auto* value = from_.if_contains(name)) text(*value, to);
    }
    bool take(std::string_view name, TokenHash& to) {
        std::string_view text;
        take(name, text);
        if (text.empty()) return false;
        const auto bytes = of_base64(text);
        if (!bytes || bytes->size() != to.size()) return good_ = false;
        std::copy(bytes->begin(), bytes->end(), to.begin());
        return true;
    }
    void take(SessionId& to) {
        std::string_view text;
        take("id", text);
        const auto id = SessionId::parse(text);
        if (id)
            to = *id;
        else
            good_ = false;
    }
    void take(RemovalReason& to) {
        std::string_view text;
        take("reason", text);
        const auto found = std::find(server::reason_names.begin(), server::reason_names.end(), text);
        if (found == server::reason_names.end()) good_ = false;
        to = static_cast<RemovalReason>(found - server::reason_names.begin());
    }
    void take(PackedData& to) {
        const auto* value = from_.if_contains("data");
        if (value == nullptr) return;
        const auto* object = value->if_object();
        if (object == nullptr) return void(good_ = false);
        decoded_.packed.clear();
        for (const auto& field : *object) {
            std::string_view bytes;
            text(field.value(), bytes);
            PackedData::add(decoded_.packed, {field.key().data(), field.key().size()}, bytes);
        }
        to = PackedData(decoded_.packed);
    }

private:
    void text(const json::value& value, std::string_view& to) {
        if (const auto* string = value.if_string()) {
            to = {string->data(), string->size()};
            return;
        }
        const auto* object = value.if_object();
        const auto* coded = object == nullptr ? nullptr : object->if_contains("base64");
        auto bytes = coded == nullptr || !coded->is_string()
                         ? std::nullopt
                         : of_base64({coded->get_string().data(), coded->get_string().size()});
        if (!bytes) return void(good_ = false);
        to = decoded_.texts.emplace_back(std::move(*bytes));
    }

    const json::object& from_;
    Decoded& decoded_;
    bool good_ = true;
};

void read(Fields& in, PutSession& e) {
    in.take("db", e.db);
    in.take(e.id);
    in.take("user_id", e.user);
    in.take("token_hash", e.token);
    in.take("token_slot", e.token_slot);
    e.has_previous = in.take("previous_token_hash", e.previous_token);
    if (e.has_previous) {
        in.take("previous_token_slot", e.previous_slot);
        in.take("previous_until", e.previous_until);
    }
    in.take("device_id", e.device);
    in.take("created_by", e.created_by);
    in.take("ip_address", e.ip);
    in.take("user_agent", e.ua);
    in.take("last_access_ip", e.last_ip);
    in.take("last_access_ua", e.last_ua);
    in.take("created_at", e.created_at);
    in.take("last_active", e.last_active);
    in.take("expires_at", e.expires_at);
    in.take("idle_timeout", e.idle_ms);
    e.idle_ms *= 1000;
    in.take("version", e.version);
    in.take(e.data);
}
void read(Fields& in, TouchSession& e) {
    in.take("db", e.db);
    in.take(e.id);
    in.take("user_id", e.user);
    in.take("last_active", e.last_active);
    in.take("last_access_ip", e.last_ip);
    in.take("last_access_ua", e.last_ua);
}
void read(Fields& in, PutString& e) {
    in.take("db", e.db);
    in.take("key", e.key);
    in.take("value", e.value);
    in.take("expires_at", e.expires_at);
}
void read(Fields& in, RemoveSession& e) {
    in.take("db", e.db);
    in.take(e.id);
    in.take("user_id", e.user);
    in.take(e.reason);
    in.take("until", e.until);
}

template <class E>
bool read_as(Fields& in, Take take) {
    Effect effect(std::in_place_type<E>);
    read(in, std::get<E>(effect));
    if (in.good()) take(effect);
    return in.good();
}

}  // namespace

bool from_tree(const json::object& from, Decoded& decoded, Take take) {
    decoded.texts.clear();
    Fields in(from, decoded);
    std::string_view type;
    in.take("type", type);
    if (type == "session") return read_as<PutSession>(in, take);
    if (type == "touch") return read_as<TouchSession>(in, take);
    if (type == "string") return read_as<PutString>(in, take);
    return type == "removal" && read_as<RemoveSession>(in, take);
}

}  // namespace bench
