// SPDX-License-Identifier: MIT
// Replies: ready-made headers for the usual lengths, one check of room per reply, payload copied once.
#include "resp/reply_writer.hpp"

#include <array>
#include <cstring>

#include "resp/format.hpp"

namespace resp {
namespace {

// "?0\r\n" to "?1023\r\n" in 8 bytes each: one load and one store write any of them, then the type goes over the '?'.
struct ReadyHeader {
    std::array<char, 7> text{};
    std::uint8_t size = 0;
};
static_assert(sizeof(ReadyHeader) == 8);

constexpr std::size_t ready_headers = 1'024;

constexpr std::array<ReadyHeader, ready_headers> make_headers() {
    std::array<ReadyHeader, ready_headers> headers{};
    for (std::size_t n = 0; n < ready_headers; ++n) {
        std::array<char, 4> reversed{};
        std::size_t digits = 0;
        for (std::size_t rest = n; digits == 0 || rest != 0; rest /= 10) reversed[digits++] = static_cast<char>('0' + rest % 10);
        ReadyHeader& header = headers[n];
        header.text[header.size++] = '?';
        while (digits != 0) header.text[header.size++] = reversed[--digits];
        header.text[header.size++] = '\r';
        header.text[header.size++] = '\n';
    }
    return headers;
}

constexpr std::array<ReadyHeader, ready_headers> headers = make_headers();

constexpr std::size_t header_room = 1 + integer_chars_max + 2;  // at least the 8 bytes of a ready header, too

inline char* line_end(char* p) {
    std::memcpy(p, "\r\n", 2);
    return p + 2;
}

// Writes "<type><n>\r\n" to p, where header_room bytes are free, and returns its end.
inline char* write_header(char* p, char type, std::size_t n) {
    if (n < ready_headers) [[likely]] {
        std::memcpy(p, &headers[n], sizeof(ReadyHeader));
        *p = type;
        return p + headers[n].size;
    }
    *p = type;
    return line_end(write_integer(p + 1, n));
}

}  // namespace

void ReplyWriter::header(char type, std::size_t n) {
    char* const start = out_->prepare(header_room);
    out_->commit(static_cast<std::size_t>(write_header(start, type, n) - start));
}

void ReplyWriter::bulk(std::string_view bytes) {
    char* const start = out_->prepare(header_room + bytes.size() + 2);
    char* p = write_header(start, '$', bytes.size());
    if (!bytes.empty()) std::memcpy(p, bytes.data(), bytes.size());
    p = line_end(p + bytes.size());
    out_->commit(static_cast<std::size_t>(p - start));
}

void ReplyWriter::integer(std::int64_t value) {
    char* const start = out_->prepare(header_room);
    char* p = start;
    if (value >= 0) [[likely]] {
        p = write_header(p, ':', static_cast<std::size_t>(value));
    } else {
        *p = ':';
        p = line_end(write_integer(p + 1, value));
    }
    out_->commit(static_cast<std::size_t>(p - start));
}

// A reply that is one line: a byte that would end it early becomes a space, as in Redis.
void ReplyWriter::line(char type, std::string_view text) {
    char* const start = out_->prepare(1 + text.size() + 2);
    char* p = start;
    *p++ = type;
    for (const char c : text) *p++ = c == '\r' || c == '\n' ? ' ' : c;
    p = line_end(p);
    out_->commit(static_cast<std::size_t>(p - start));
}

void ReplyWriter::simple(std::string_view text) { line('+', text); }

void ReplyWriter::error(std::string_view text) { line('-', text); }

void ReplyWriter::null() { out_->append(resp3_ ? "_\r\n" : "$-1\r\n"); }

void ReplyWriter::null_array() { out_->append(resp3_ ? "_\r\n" : "*-1\r\n"); }

void ReplyWriter::boolean(bool value) {
    if (resp3_) {
        out_->append(value ? "#t\r\n" : "#f\r\n");
    } else {
        out_->append(value ? ":1\r\n" : ":0\r\n");
    }
}

void ReplyWriter::real(double value) {
    std::array<char, double_chars_max> text{};
    const std::string_view digits(text.data(), static_cast<std::size_t>(write_double(text.data(), value) - text.data()));
    resp3_ ? line(',', digits) : bulk(digits);
}

void ReplyWriter::big_number(std::string_view digits) { resp3_ ? line('(', digits) : bulk(digits); }

void ReplyWriter::verbatim(std::string_view format, std::string_view text) {
    if (!resp3_) return bulk(text);
    char* const start = out_->prepare(header_room + 4 + text.size() + 2);
    char* p = write_header(start, '=', 4 + text.size());
    std::memcpy(p, "txt:", 4);
    if (format.size() == 3) std::memcpy(p, format.data(), 3);
    p += 4;
    if (!text.empty()) std::memcpy(p, text.data(), text.size());
    p = line_end(p + text.size());
    out_->commit(static_cast<std::size_t>(p - start));
}

std::size_t ReplyWriter::begin_array(std::size_t expected) {
    const std::size_t position = out_->size();
    header('*', expected);
    return position;
}

std::size_t ReplyWriter::begin_map(std::size_t expected_pairs) {
    const std::size_t position = out_->size();
    map(expected_pairs);
    return position;
}

void ReplyWriter::end_array(std::size_t position, std::size_t n) { finish(position, '*', n); }

void ReplyWriter::end_map(std::size_t position, std::size_t pairs) {
    resp3_ ? finish(position, '%', pairs) : finish(position, '*', 2 * pairs);
}

// The header at `position` holds the expected count: its length is found by its line end, the true one goes over it.
void ReplyWriter::finish(std::size_t position, char type, std::size_t n) {
    std::array<char, header_room> text{};
    const auto size = static_cast<std::size_t>(write_header(text.data(), type, n) - text.data());
    const char* const old = out_->at(position);
    const auto* const end = static_cast<const char*>(std::memchr(old, '\n', out_->size() - position));
    const auto old_size = static_cast<std::size_t>(end - old) + 1;
    if (size != old_size) {
        out_->move_tail(position + old_size, static_cast<std::ptrdiff_t>(size) - static_cast<std::ptrdiff_t>(old_size));
    }
    std::memcpy(out_->at(position), text.data(), size);
}

}  // namespace resp
