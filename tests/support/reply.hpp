// SPDX-License-Identifier: MIT
// What a server answered, RESP2 or RESP3, and a strict parser of it: every byte that the protocol does not allow is a failure,
// so a test sees a wrong CRLF, length or type, which lenient clients forgive.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace support {

struct Reply {
    enum class Kind : std::uint8_t {
        simple,
        error,
        integer,
        bulk,
        null_bulk,
        null_array,
        array,  // RESP2
        null,
        boolean,
        number,
        big_number,
        blob_error,
        verbatim,
        map,
        set,
        push  // RESP3
    };

    Kind kind = Kind::null;
    std::string text;          // simple, error, bulk, number and big number as written, verbatim without its 4-byte prefix
    std::int64_t integer = 0;  // integer; boolean as 0 or 1
    std::vector<Reply> items;  // a map is flat: name, value, name, value

    bool is_null() const { return kind == Kind::null || kind == Kind::null_bulk || kind == Kind::null_array; }
    bool is_error() const { return kind == Kind::error || kind == Kind::blob_error; }
    bool is_error(std::string_view prefix) const { return is_error() && text.starts_with(prefix); }
    bool is_ok() const { return kind == Kind::simple && text == "OK"; }
    bool is_text() const { return kind == Kind::bulk || kind == Kind::simple || kind == Kind::verbatim; }
    bool has(std::string_view name) const { return find(name) != nullptr; }

    // The value of a name in a map, or in the flat array that RESP2 has for one. at() throws when it is not there.
    const Reply* find(std::string_view name) const;
    const Reply& at(std::string_view name) const;

    std::string shown() const;  // for failure messages: (integer) 1, "text", [..]
};

class BadReply : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// Reads one reply from the front of `bytes` and moves it on. nullopt: more bytes are needed. Throws BadReply.
std::optional<Reply> parse_reply(std::string_view& bytes);

// "*2\r\n$4\r\nECHO\r\n..." from arguments.
std::string request(const std::vector<std::string>& args);

}  // namespace support
