// SPDX-License-Identifier: MIT
// Requests from bytes: arrays of bulk strings, and inline commands. Goes on where it stopped, copies nothing, and its memory
// grows with parsed arguments, never with announced numbers.
//
//     buffer.append(received);
//     for (;;) {
//         switch (parser.next(buffer)) {
//             case request:        run(parser.args()); drop parser.consumed() bytes from the front of buffer; continue;
//             case need_more:      drop parser.drop_skipped() bytes; read at least parser.bytes_wanted() bytes; break;
//             case protocol_error: reply "-ERR " + parser.error(); close; break;
//         }
//     }
//
// One parser a connection, used by one thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "resp/limits.hpp"

namespace resp {

class RequestParser {
public:
    enum class Outcome { request, need_more, protocol_error };

    explicit RequestParser(const RequestLimits& limits = limits::before_auth) { set_limits(limits); }

    // Takes effect from the next length that is read. Values beyond what resp/limits.hpp allows are cut to it.
    void set_limits(const RequestLimits& limits) noexcept;
    const RequestLimits& request_limits() const noexcept { return limits_; }

    // `buffer`: all unconsumed bytes from the start of the current request. It may lie elsewhere at each call, but what was in
    // front stays in front. Requests without arguments (*0, *-1, a blank line) are passed over. After protocol_error every
    // further call says so again.
    Outcome next(std::string_view buffer);

    // After `request`: at least one argument. Views into `buffer`, or into the parser where an inline request has quotes:
    // valid while the buffer is, until the next call of next().
    std::span<const std::string_view> args() const noexcept {
        return {count_ <= limits::arguments_inline ? few_.data() : many_.data(), count_};
    }

    // After `request`: the bytes it took, empty requests in front of it included. The caller drops them before next().
    std::size_t consumed() const noexcept { return skipped_ + at_; }

    // Forgets what it has parsed of anything that is not consumed: its bytes will be shown again, from the start of their
    // request.
    void restart() noexcept;

    // After `need_more`: bytes of empty requests at the front of the buffer. Who calls this drops them; who does not, keeps
    // them in the buffer, where they come to count as part of the next request.
    std::size_t drop_skipped() noexcept;

    // After `need_more`: so many bytes are missing at least. 1 where the length is not known yet, never more than
    // limits::read_step_max, so that a large bulk can be read straight into its place.
    std::size_t bytes_wanted() const noexcept { return wanted_; }

    // After `protocol_error`: "Protocol error: ..." in Redis's words, without "-ERR ". May hold one byte of the client's.
    std::string_view error() const noexcept { return error_; }

private:
    enum class State : std::uint8_t { start, inline_line, count_line, bulks, ready, failed };
    struct Piece {  // a parsed argument of a request that is not whole yet, from the start of the request
        std::uint32_t offset, size;
    };
    static constexpr std::uint32_t no_bulk = 0xFFFF'FFFF;

    struct NumberWords {
        std::string_view invalid, too_big;
    };

    bool take_usual(std::string_view request) noexcept;
    Outcome go_on(std::string_view buffer);
    void give_back() noexcept;
    Outcome need(std::size_t bytes) noexcept;
    Outcome fail(std::string_view text);
    Outcome pass_over(std::size_t bytes);
    Outcome find_line(std::string_view request, char end, std::string_view too_big);
    Outcome read_number(std::string_view request, std::int64_t& value, const NumberWords& words);
    Outcome read_start(std::string_view request);
    Outcome read_inline(std::string_view request);
    Outcome read_count(std::string_view request);
    Outcome read_bulks(std::string_view request);
    Outcome read_bulk_header(std::string_view request);
    void take_short_bulks(std::string_view request);
    Outcome pause(std::string_view request, std::size_t missing);
    void resume(std::string_view request);
    void add(std::string_view argument) {
        if (count_ < few_.size()) [[likely]] {
            few_[count_] = argument;
        } else {
            spill(argument);
        }
        ++count_;
    }
    void spill(std::string_view argument);

    RequestLimits limits_{};
    std::uint32_t usual_max_ = 0;  // arguments that take_usual() takes
    State state_ = State::start;
    bool took_memory_ = false;      // something may have to be given back before the next request
    std::uint32_t remaining_ = 0;   // arguments of the array still to come
    std::uint32_t bulk_ = no_bulk;  // length of the bulk whose bytes are next
    std::size_t count_ = 0;         // arguments parsed
    std::size_t skipped_ = 0;       // bytes of empty requests in front of the current one
    std::size_t at_ = 0;            // first byte not parsed yet, from the start of the request
    std::size_t searched_ = 0;      // bytes from at_ on that are known not to hold the end of the line
    std::size_t wanted_ = 1;
    std::array<std::string_view, limits::arguments_inline> few_;
    std::vector<std::string_view> many_;  // all arguments, once they are more than few_ holds
    std::vector<Piece> pieces_;           // arguments parsed by earlier calls; become views when the request is whole
    std::string unquoted_;                // text of quoted inline arguments
    std::string error_;
};

}  // namespace resp
