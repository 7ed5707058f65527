// SPDX-License-Identifier: MIT
// The strict reply parser. Grammar: the RESP3 specification, and RESP2 as its subset with $-1 and *-1.
#include "tests/support/reply.hpp"

#include <charconv>

namespace support {

namespace {

constexpr std::size_t depth_max = 32;

std::optional<std::string_view> take_line(std::string_view& rest) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) {
        return std::nullopt;
    }
    if (end == 0 || rest[end - 1] != '\r') {
        throw BadReply("a line feed without a carriage return");
    }
    const std::string_view line = rest.substr(0, end - 1);
    if (line.find('\r') != std::string_view::npos) {
        throw BadReply("a carriage return inside a line");
    }
    rest.remove_prefix(end + 1);
    return line;
}

std::int64_t to_integer(std::string_view text) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || text.starts_with("-0") ||
        (text.size() > 1 && text[0] == '0')) {
        throw BadReply("not a canonical integer: " + std::string(text));
    }
    return number;
}

std::optional<Reply> parse_at_depth(std::string_view& bytes, std::size_t depth);

// Bulk, verbatim and blob error: a length, that many bytes, CRLF.
std::optional<Reply> parse_blob(Reply::Kind kind, std::int64_t length, std::string_view rest, std::string_view& bytes) {
    if (length < 0) {
        throw BadReply("a negative length");
    }
    const auto size = static_cast<std::size_t>(length);
    if (rest.size() < size + 2) {
        return std::nullopt;
    }
    if (rest.substr(size, 2) != "\r\n") {
        throw BadReply("bytes after a bulk string that are not CRLF");
    }
    Reply reply{kind, std::string(rest.substr(0, size)), 0, {}};
    if (kind == Reply::Kind::verbatim) {
        if (size < 4 || reply.text[3] != ':') {
            throw BadReply("a verbatim string without its format");
        }
        reply.text.erase(0, 4);
    }
    rest.remove_prefix(size + 2);
    bytes = rest;
    return reply;
}

std::optional<Reply> parse_items(Reply::Kind kind, std::int64_t count, std::string_view rest, std::string_view& bytes,
                                 std::size_t depth) {
    if (count < 0) {
        throw BadReply("a negative count");
    }
    const std::int64_t wanted = kind == Reply::Kind::map ? count * 2 : count;
    Reply reply{kind, {}, 0, {}};
    for (std::int64_t i = 0; i < wanted; ++i) {
        auto item = parse_at_depth(rest, depth + 1);
        if (!item) {
            return std::nullopt;
        }
        reply.items.push_back(std::move(*item));
    }
    bytes = rest;
    return reply;
}

// The types that are one line. nullopt: it is none of them.
std::optional<Reply> parse_scalar(char type, std::string_view line) {
    using Kind = Reply::Kind;
    switch (type) {
        case '+': return Reply{Kind::simple, std::string(line), 0, {}};
        case '-': return Reply{Kind::error, std::string(line), 0, {}};
        case ':': return Reply{Kind::integer, {}, to_integer(line), {}};
        case ',': return Reply{Kind::number, std::string(line), 0, {}};
        case '(': return Reply{Kind::big_number, std::string(line), 0, {}};
        case '_':
            if (!line.empty()) {
                throw BadReply("bytes after a null");
            }
            return Reply{Kind::null, {}, 0, {}};
        case '#':
            if (line != "t" && line != "f") {
                throw BadReply("a boolean that is neither t nor f");
            }
            return Reply{Kind::boolean, {}, line == "t" ? 1 : 0, {}};
        default: return std::nullopt;
    }
}

std::optional<Reply> parse_at_depth(std::string_view& bytes, std::size_t depth) {
    using Kind = Reply::Kind;
    if (depth > depth_max) {
        throw BadReply("nested too deeply");
    }
    std::string_view rest = bytes;
    if (rest.empty()) {
        return std::nullopt;
    }
    const char type = rest[0];
    rest.remove_prefix(1);
    const auto line = take_line(rest);
    if (!line) {
        if (std::string_view("+-:,(_#$*!=%~>").find(type) == std::string_view::npos) {
            throw BadReply(std::string("not a reply type: ") + type);
        }
        return std::nullopt;
    }
    if (auto scalar = parse_scalar(type, *line)) {
        bytes = rest;
        return scalar;
    }
    if ((type == '$' || type == '*') && *line == "-1") {
        bytes = rest;
        return Reply{type == '$' ? Kind::null_bulk : Kind::null_array, {}, 0, {}};
    }
    switch (type) {
        case '$': return parse_blob(Kind::bulk, to_integer(*line), rest, bytes);
        case '!': return parse_blob(Kind::blob_error, to_integer(*line), rest, bytes);
        case '=': return parse_blob(Kind::verbatim, to_integer(*line), rest, bytes);
        case '*': return parse_items(Kind::array, to_integer(*line), rest, bytes, depth);
        case '%': return parse_items(Kind::map, to_integer(*line), rest, bytes, depth);
        case '~': return parse_items(Kind::set, to_integer(*line), rest, bytes, depth);
        case '>': return parse_items(Kind::push, to_integer(*line), rest, bytes, depth);
        default: throw BadReply(std::string("not a reply type: ") + type);
    }
}

}  // namespace

const Reply* Reply::find(std::string_view name) const {
    for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
        if (items[i].text == name) {
            return &items[i + 1];
        }
    }
    return nullptr;
}

const Reply& Reply::at(std::string_view name) const {
    if (const Reply* found = find(name)) {
        return *found;
    }
    throw std::out_of_range("no '" + std::string(name) + "' in " + shown());
}

std::string Reply::shown() const {
    switch (kind) {
        case Kind::simple: return "+" + text;
        case Kind::error:
        case Kind::blob_error: return "-" + text;
        case Kind::integer: return "(integer) " + std::to_string(integer);
        case Kind::boolean: return integer != 0 ? "#t" : "#f";
        case Kind::number:
        case Kind::big_number: return "(number) " + text;
        case Kind::null_bulk: return "$-1";
        case Kind::null_array: return "*-1";
        case Kind::null: return "_";
        case Kind::bulk:
        case Kind::verbatim: return '"' + text.substr(0, 200) + '"';
        default: break;
    }
    std::string all = kind == Kind::map ? "%[" : kind == Kind::set ? "~[" : kind == Kind::push ? ">[" : "[";
    for (std::size_t i = 0; i < items.size() && all.size() < 2000; ++i) {
        all += (i == 0 ? "" : ", ") + items[i].shown();
    }
    return all + "]";
}

std::optional<Reply> parse_reply(std::string_view& bytes) { return parse_at_depth(bytes, 0); }

std::string request(const std::vector<std::string>& args) {
    std::string bytes = "*" + std::to_string(args.size()) + "\r\n";
    for (const std::string& arg : args) {
        bytes += "$" + std::to_string(arg.size()) + "\r\n" + arg + "\r\n";
    }
    return bytes;
}

}  // namespace support
