// SPDX-License-Identifier: MIT
// Takes an object's fields one after the other, each at most once; the first fault is kept and the rest answers nothing. What
// nobody took is an unknown field. Views are into the object, or into what `decoded` holds.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "src/tools/hex.hpp"

namespace server {

class LineFields {
public:
    LineFields(const boost::json::object& object, std::deque<std::string>& decoded) : object_(object), decoded_(decoded) {}

    bool has(std::string_view name) const { return object_.contains(name); }

    // ---- what must be there ----
    std::uint64_t number(std::string_view name, std::uint64_t least, std::uint64_t most);
    std::string_view text(std::string_view name, std::size_t bytes_least, std::size_t bytes_most);
    std::string_view word(std::string_view name);  // no base64
    template <std::size_t Size>
    void bytes(std::string_view name, std::array<unsigned char, Size>& to) {
        const std::string_view digits = word(name);
        if (!fault_ && !from_hex(to, digits)) fail(name, "must be " + std::to_string(2 * Size) + " hex digits in lower case");
    }

    // ---- what may be left out ----
    std::uint64_t number_or(std::string_view name, std::uint64_t absent, std::uint64_t least, std::uint64_t most) {
        return has(name) ? number(name, least, most) : absent;
    }
    std::string_view some_text(std::string_view name, std::size_t bytes_most) {
        return has(name) ? text(name, 0, bytes_most) : std::string_view();
    }
    const boost::json::object* object(std::string_view name);
    bool yes(std::string_view name);  // must be true

    // A text as export writes it: a string, or {"base64": "..."}. Nothing: it is neither.
    std::optional<std::string_view> decode(const boost::json::value& value);
    std::string_view keep(std::string text) { return decoded_.emplace_back(std::move(text)); }

    void fail(std::string_view name, const std::string& what);
    std::optional<std::string> fault();  // after the last field

private:
    const boost::json::value* take(std::string_view name);  // fails if it is absent

    const boost::json::object& object_;
    std::deque<std::string>& decoded_;
    std::deque<std::string_view> taken_;
    std::optional<std::string> fault_;
};

}  // namespace server
