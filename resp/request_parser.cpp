// SPDX-License-Identifier: MIT
// The request parser. The usual request is done by take_usual() in one pass, without a search and without an allocation;
// everything else goes through the states, which accept exactly the same bytes.
#include "resp/request_parser.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

#include "resp/quoted_words.hpp"

namespace resp {
namespace {

static_assert(limits::line_bytes_max < limits::request_bytes_min, "an inline request is always within the request's limit");

constexpr std::size_t short_header_max = 6;  // "$999\r\n"

inline bool line_end(const char* p) { return std::memcmp(p, "\r\n", 2) == 0; }  // one 16-bit compare

inline std::uint32_t digit(char c) { return static_cast<unsigned char>(c) - std::uint32_t{'0'}; }  // above 9: none

// Reads a length of one to three digits and its CRLF behind the type byte. Six bytes from p must be readable. The header's
// size, or 0: anything else, right or wrong.
inline unsigned short_header(const char* p, std::uint32_t& value) {
    const unsigned first = digit(p[1]);
    const unsigned second = digit(p[2]);
    if (line_end(p + 3)) [[likely]] {
        value = 10 * first + second;
        return first - 1 <= 8 && second <= 9 ? 5 : 0;
    }
    if (line_end(p + 2)) {
        value = first;
        return first <= 9 ? 4 : 0;
    }
    const unsigned third = digit(p[3]);
    value = 100 * first + 10 * second + third;
    return first - 1 <= 8 && second <= 9 && third <= 9 && line_end(p + 4) ? 6 : 0;
}

// A number as Redis's string2ll takes it: no '+', no leading zero, no "-0", nothing around it, no overflow.
bool strict_number(std::string_view text, std::int64_t& value) {
    if (text.empty()) return false;
    const std::string_view digits = text.front() == '-' ? text.substr(1) : text;
    if (digits.empty() || (digits.front() == '0' && text.size() > 1)) return false;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size();
}

constexpr std::string_view invalid_count = "Protocol error: invalid multibulk length";
constexpr std::string_view invalid_bulk = "Protocol error: invalid bulk length";

}  // namespace

void RequestParser::set_limits(const RequestLimits& limits) noexcept {
    limits_.arguments_max = std::clamp(limits.arguments_max, 1U, limits::arguments_max);
    limits_.argument_bytes_max = std::clamp(limits.argument_bytes_max, limits::bulk_bytes_min, limits::bulk_bytes_ceiling);
    limits_.request_bytes_max = std::clamp(limits.request_bytes_max, limits::request_bytes_min, limits::request_bytes_ceiling);
    limits_.authenticated = limits.authenticated;
    usual_max_ = std::min(limits_.arguments_max, static_cast<std::uint32_t>(few_.size()));
}

RequestParser::Outcome RequestParser::next(std::string_view buffer) {
    if (state_ == State::ready) {
        state_ = State::start;
        skipped_ = 0;
        if (took_memory_) give_back();
    }
    return state_ == State::start && skipped_ == 0 && take_usual(buffer) ? Outcome::request : go_on(buffer);
}

// An array of at most 16 arguments of at most 999 bytes each. If it is not whole, or anything is unusual, the states go on from
// the argument that it stopped at.
inline bool RequestParser::take_usual(std::string_view request) noexcept {
    static_assert(limits::arguments_inline * (short_header_max + 999 + 2) < limits::request_bytes_min);
    if (request.size() < short_header_max || request.front() != '*') return false;
    std::uint32_t count = digit(request[1]);
    std::size_t at = 4;
    if (!line_end(request.data() + 2)) {
        at = short_header(request.data(), count);
    } else if (count > 9) {
        return false;
    }
    if (at == 0 || count - 1 >= usual_max_) return false;
    std::string_view* view = few_.data();
    std::string_view* const last = view + count;
    const std::size_t last_header = request.size() - short_header_max;
    do {
        const char* const p = request.data() + at;
        if (at > last_header || *p != '$') break;
        std::uint32_t size = 0;
        const unsigned header = short_header(p, size);
        const std::size_t behind = at + header + size + 2;
        if (header == 0 || behind > request.size() || !line_end(request.data() + behind - 2)) break;
        *view++ = {p + header, size};
        at = behind;
    } while (view != last);
    at_ = at;
    count_ = static_cast<std::size_t>(view - few_.data());
    if (view == last) [[likely]] {
        state_ = State::ready;
        return true;
    }
    remaining_ = count - static_cast<std::uint32_t>(count_);
    state_ = State::bulks;
    return false;
}

RequestParser::Outcome RequestParser::go_on(std::string_view buffer) {
    do {
        std::string_view request = buffer;
        request.remove_prefix(skipped_);
        Outcome step = Outcome::protocol_error;
        switch (state_) {
            case State::start: step = read_start(request); break;
            case State::count_line: step = read_count(request); break;
            case State::bulks: step = read_bulks(request); break;
            case State::inline_line: step = read_inline(request); break;
            case State::ready:
            case State::failed: break;
        }
        if (step != Outcome::request) return step;  // here `request` says that the step was done
    } while (state_ != State::ready);
    return Outcome::request;
}

std::size_t RequestParser::drop_skipped() noexcept { return std::exchange(skipped_, 0); }

// By swap: `= {}` would empty a container and keep its memory.
void RequestParser::give_back() noexcept {
    if (many_.capacity() > limits::arguments_kept) std::vector<std::string_view>().swap(many_);
    if (pieces_.capacity() > limits::arguments_kept) std::vector<Piece>().swap(pieces_);
    if (unquoted_.capacity() > limits::unquoted_kept_bytes) std::string().swap(unquoted_);
    took_memory_ = false;
}

void RequestParser::restart() noexcept {
    state_ = State::start;
    bulk_ = no_bulk;
    remaining_ = 0;
    skipped_ = at_ = searched_ = count_ = 0;
    pieces_.clear();
    if (took_memory_) give_back();
}

RequestParser::Outcome RequestParser::need(std::size_t bytes) noexcept {
    wanted_ = bytes;
    return Outcome::need_more;
}

RequestParser::Outcome RequestParser::fail(std::string_view text) {
    state_ = State::failed;
    error_ = text;
    count_ = 0;
    return Outcome::protocol_error;
}

RequestParser::Outcome RequestParser::read_start(std::string_view request) {
    at_ = searched_ = count_ = 0;
    if (request.empty()) return need(1);
    if (request.front() != '*') {
        state_ = State::inline_line;
        return read_inline(request);
    }
    state_ = State::count_line;
    return read_count(request);
}

// A request without arguments: the next one begins behind its bytes, with read_start().
RequestParser::Outcome RequestParser::pass_over(std::size_t bytes) {
    skipped_ += bytes;
    state_ = State::start;
    if (skipped_ > limits_.request_bytes_max) return fail("Protocol error: too big request");
    return Outcome::request;
}

// Looks for the line's end from at_ on, never twice at the same byte. Then searched_ is the line's length.
RequestParser::Outcome RequestParser::find_line(std::string_view request, char end, std::string_view too_big) {
    const std::string_view line = request.substr(at_, limits::line_bytes_max + 1);
    searched_ = std::min(line.find(end, searched_), line.size());
    if (searched_ < line.size()) return Outcome::request;
    return line.size() > limits::line_bytes_max ? fail(too_big) : need(1);
}

// The number behind '*' or '$' at at_, whose line must end with CRLF. Moves at_ behind it.
RequestParser::Outcome RequestParser::read_number(std::string_view request, std::int64_t& value, const NumberWords& words) {
    if (const Outcome found = find_line(request, '\r', words.too_big); found != Outcome::request) return found;
    const std::size_t end = at_ + searched_;
    if (end + 1 == request.size()) return need(1);
    if (request[end + 1] != '\n' || !strict_number(request.substr(at_ + 1, searched_ - 1), value)) return fail(words.invalid);
    at_ = end + 2;
    searched_ = 0;
    return Outcome::request;
}

RequestParser::Outcome RequestParser::read_count(std::string_view request) {
    std::int64_t number = 0;
    const Outcome read = read_number(request, number, {invalid_count, "Protocol error: too big mbulk count string"});
    if (read != Outcome::request) return read;
    if (number > limits::count_max) return fail(invalid_count);
    if (number > limits_.arguments_max) {
        return fail(limits_.authenticated ? invalid_count : "Protocol error: unauthenticated multibulk length");
    }
    if (number <= 0) return pass_over(at_);
    remaining_ = static_cast<std::uint32_t>(number);
    state_ = State::bulks;
    return Outcome::request;
}

RequestParser::Outcome RequestParser::read_bulks(std::string_view request) {
    for (;;) {
        if (bulk_ == no_bulk) take_short_bulks(request);
        if (remaining_ == 0) break;
        if (bulk_ == no_bulk) {
            const Outcome header = read_bulk_header(request);
            if (header == Outcome::need_more) return pause(request, 1);
            if (header != Outcome::request) return header;
        }
        const std::size_t whole = bulk_ + std::size_t{2};
        if (request.size() - at_ < whole) return pause(request, whole - (request.size() - at_));
        if (!line_end(request.data() + at_ + bulk_)) return fail("Protocol error: expected CRLF after bulk");
        add(request.substr(at_, bulk_));
        at_ += whole;
        bulk_ = no_bulk;
        --remaining_;
    }
    if (!pieces_.empty()) resume(request);
    state_ = State::ready;
    return Outcome::request;
}

// Takes whole bulks with a length of up to three digits: nearly all there are. Leaves the first other one to the slow path.
void RequestParser::take_short_bulks(std::string_view request) {
    request = request.substr(0, limits_.request_bytes_max);
    std::size_t at = at_;
    std::uint32_t left = remaining_;
    for (; left != 0 && at + short_header_max <= request.size() && request[at] == '$'; --left) {
        std::uint32_t size = 0;
        const unsigned header = short_header(request.data() + at, size);
        const std::size_t behind = at + header + size + 2;
        if (header == 0 || behind > request.size() || !line_end(request.data() + behind - 2)) break;
        add({request.data() + at + header, size});
        at = behind;
    }
    if (at != at_) searched_ = 0;  // it counted in a line that is done now
    remaining_ = left;
    at_ = at;
}

RequestParser::Outcome RequestParser::read_bulk_header(std::string_view request) {
    if (at_ == request.size()) return need(1);
    if (request[at_] != '$') {
        fail("Protocol error: expected '$', got '?'");
        error_[error_.size() - 2] = request[at_];
        return Outcome::protocol_error;
    }
    std::int64_t number = 0;
    const Outcome read = read_number(request, number, {invalid_bulk, "Protocol error: too big bulk count string"});
    if (read != Outcome::request) return read;
    if (number < 0 || number > limits::bulk_number_max) return fail(invalid_bulk);
    const auto size = static_cast<std::size_t>(number);
    if (size > limits_.argument_bytes_max) {
        return fail(limits_.authenticated ? invalid_bulk : "Protocol error: unauthenticated bulk length");
    }
    if (at_ + size + 2 > limits_.request_bytes_max) return fail("Protocol error: too big request");
    bulk_ = static_cast<std::uint32_t>(size);
    return Outcome::request;
}

// The request is not whole: views become offsets, since the buffer may move before the next call.
RequestParser::Outcome RequestParser::pause(std::string_view request, std::size_t missing) {
    took_memory_ = true;
    const std::string_view* const views = args().data();
    for (std::size_t i = pieces_.size(); i < count_; ++i) {
        pieces_.push_back(
            {static_cast<std::uint32_t>(views[i].data() - request.data()), static_cast<std::uint32_t>(views[i].size())});
    }
    return need(std::min(missing, std::clamp(request.size(), limits::read_step_min, limits::read_step_max)));
}

// The request is whole: offsets become views again, all at once, so that a request in many pieces costs no more than once each.
void RequestParser::resume(std::string_view request) {
    std::string_view* const views = count_ <= few_.size() ? few_.data() : many_.data();
    for (std::size_t i = 0; i < pieces_.size(); ++i) views[i] = request.substr(pieces_[i].offset, pieces_[i].size);
    pieces_.clear();
}

RequestParser::Outcome RequestParser::read_inline(std::string_view request) {
    const Outcome found = find_line(request, '\n', "Protocol error: too big inline request");
    if (found != Outcome::request) return found;
    std::string_view line = request.substr(0, searched_);
    const std::size_t bytes = searched_ + 1;
    if (line.ends_with('\r')) line.remove_suffix(1);
    took_memory_ = true;
    QuotedWords words(line, unquoted_);
    for (std::string_view word;;) {
        const QuotedWords::Next next = words.next(word);
        if (next == QuotedWords::Next::unbalanced) return fail("Protocol error: unbalanced quotes in request");
        if (next == QuotedWords::Next::end) break;
        if (count_ == limits_.arguments_max) {
            return fail(limits_.authenticated ? invalid_count : "Protocol error: unauthenticated multibulk length");
        }
        if (word.size() > limits_.argument_bytes_max) {
            return fail(limits_.authenticated ? invalid_bulk : "Protocol error: unauthenticated bulk length");
        }
        add(word);
    }
    if (count_ == 0) return pass_over(bytes);
    at_ = bytes;
    searched_ = 0;
    state_ = State::ready;
    return Outcome::request;
}

// The 17th argument moves all to the heap; from there the vector grows with what was parsed.
void RequestParser::spill(std::string_view argument) {
    took_memory_ = true;
    if (count_ == few_.size()) many_.assign(few_.begin(), few_.end());
    many_.push_back(argument);
}

}  // namespace resp
