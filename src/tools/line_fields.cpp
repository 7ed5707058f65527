// SPDX-License-Identifier: MIT
#include "src/tools/line_fields.hpp"

#include <algorithm>

#include "src/json_text.hpp"

namespace server {

namespace {

constexpr std::size_t shown_name_bytes_max = 64;  // of a name that nobody knows

std::string bounds(std::uint64_t least, std::uint64_t most, const std::string& of) {
    return std::to_string(least) + " to " + std::to_string(most) + of;
}

// Something of it, on one line.
std::string printed(std::string_view name) {
    std::string text;
    append_quoted(text, is_utf8(name) ? name.substr(0, shown_name_bytes_max) : base64(name.substr(0, shown_name_bytes_max)));
    return text;
}

}  // namespace

void LineFields::fail(std::string_view name, const std::string& what) {
    if (!fault_) fault_ = "field '" + std::string(name) + "' " + what;
}

const boost::json::value* LineFields::take(std::string_view name) {
    if (fault_) return nullptr;
    const auto found = object_.find(name);
    if (found == object_.end()) return fail(name, "is missing"), nullptr;
    taken_.push_back(name);
    return &found->value();
}

std::uint64_t LineFields::number(std::string_view name, std::uint64_t least, std::uint64_t most) {
    const boost::json::value* value = take(name);
    if (value == nullptr) return 0;
    std::optional<std::uint64_t> number;
    if (value->is_uint64()) number = value->get_uint64();
    if (value->is_int64() && value->get_int64() >= 0) number = static_cast<std::uint64_t>(value->get_int64());
    if (number && *number >= least && *number <= most) return *number;
    fail(name, "must be a whole number, " + bounds(least, most, ""));
    return 0;
}

std::optional<std::string_view> LineFields::decode(const boost::json::value& value) {
    if (const auto* text = value.if_string()) return std::string_view(text->data(), text->size());
    const auto* coded = value.if_object();
    if (coded == nullptr || coded->size() != 1) return std::nullopt;
    const auto* text = coded->if_contains("base64");
    if (text == nullptr || !text->is_string()) return std::nullopt;
    auto bytes = from_base64({text->get_string().data(), text->get_string().size()});
    if (!bytes) return std::nullopt;
    return keep(std::move(*bytes));
}

std::string_view LineFields::text(std::string_view name, std::size_t bytes_least, std::size_t bytes_most) {
    const boost::json::value* value = take(name);
    if (value == nullptr) return {};
    const auto text = decode(*value);
    if (!text)
        fail(name, "must be a string or {\"base64\": \"...\"}");
    else if (text->size() < bytes_least || text->size() > bytes_most)
        fail(name, "must have " + bounds(bytes_least, bytes_most, " bytes"));
    return fault_ ? std::string_view() : *text;
}

std::string_view LineFields::word(std::string_view name) {
    const boost::json::value* value = take(name);
    if (value == nullptr) return {};
    if (const auto* text = value->if_string()) return {text->data(), text->size()};
    fail(name, "must be a string");
    return {};
}

const boost::json::object* LineFields::object(std::string_view name) {
    if (!has(name)) return nullptr;
    const boost::json::value* value = take(name);
    if (value == nullptr) return nullptr;
    if (!value->is_object()) return fail(name, "must be an object"), nullptr;
    return &value->get_object();
}

bool LineFields::yes(std::string_view name) {
    const boost::json::value* value = take(name);
    if (value != nullptr && !(value->is_bool() && value->get_bool())) fail(name, "must be true");
    return !fault_;
}

std::optional<std::string> LineFields::fault() {
    if (fault_) return fault_;
    for (const auto& field : object_) {
        const std::string_view name(field.key().data(), field.key().size());
        if (std::find(taken_.begin(), taken_.end(), name) == taken_.end()) return "unknown field " + printed(name);
    }
    return std::nullopt;
}

}  // namespace server
