// SPDX-License-Identifier: MIT
// Reading the arguments of a command: numbers as Redis reads them, and options in any order. Views point into the request.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "src/command.hpp"

namespace server {

namespace words {
inline constexpr std::string_view syntax_error = "ERR syntax error";
inline constexpr std::string_view not_an_integer = "ERR value is not an integer or out of range";
inline constexpr std::string_view not_a_float = "ERR value is not a valid float";
inline constexpr std::string_view wrong_type = "WRONGTYPE Operation against a key holding the wrong kind of value";
inline constexpr std::string_view no_key = "ERR no such key";
}  // namespace words

inline constexpr std::int64_t ms_per_s = 1000;  // what clients give in seconds

// ASCII letters of either case; `upper` is written in capitals.
bool is_word(std::string_view text, std::string_view upper);
std::string lower_case(std::string_view text);
std::string upper_case(std::string_view text);

// Strict as Redis: no plus, no space, no leading zero, nothing after the digits.
std::optional<std::int64_t> parse_int64(std::string_view text);
// Strict as Redis: no space around, no NaN; infinity and hexadecimal are numbers.
std::optional<long double> parse_long_double(std::string_view text);

// nullopt: the sum or product leaves 64 bits.
std::optional<std::int64_t> checked_add(std::int64_t a, std::int64_t b);
std::optional<std::int64_t> checked_multiply(std::int64_t a, std::int64_t b);

// An IPv4 or IPv6 address in its canonical text, so that equal addresses are equal texts.
class AddressText {
public:
    static std::optional<AddressText> parse(std::string_view text);
    std::string_view view() const { return {text_.data(), size_}; }
    bool is_v6() const { return v6_; }
    bool was_mapped() const { return mapped_; }  // written as ::ffff:1.2.3.4, which is kept as 1.2.3.4

private:
    std::array<char, 46> text_{};
    std::size_t size_ = 0;
    bool v6_ = false, mapped_ = false;
};

// At most `bytes_max` bytes of the text, cut where a UTF-8 character begins.
std::string_view cut_utf8(std::string_view text, std::size_t bytes_max);

// Walks over arguments. The first error is kept, in words for the client, and ends every loop over more().
//   while (reader.more()) switch (reader.option(option_words)) { case 0: ttl = reader.integer("TTL", 1, 60); break; ... }
class ArgReader {
public:
    static constexpr std::size_t none = ~std::size_t{0};

    ArgReader(Args args, std::size_t first) : args_(args), at_(first) {}

    bool more() const { return error_.empty() && at_ < args_.size(); }
    // Which of the words (capitals, at most 32 of them) stands here. An unknown or repeated one is a syntax error and none.
    std::size_t option(std::span<const std::string_view> option_words);
    bool seen(std::size_t option) const { return (seen_ >> option & 1U) != 0; }

    // The next argument. A missing one is a syntax error and "".
    std::string_view value();
    // Outside [least, most]: TM-ARG-1001 with what is allowed; the answer is `least` then.
    std::int64_t integer(std::string_view name, std::int64_t least, std::int64_t most);
    // `n` and then n groups of `width` arguments. n outside [least, most] is TM-ARG-1001; too few arguments a syntax error.
    Args counted(std::string_view name, std::int64_t least, std::int64_t most, std::size_t width);
    std::optional<AddressText> address(std::string_view name);

    void fail(std::string words);
    void bad_value(std::string_view name, std::string_view allowed);  // TM-ARG-1001 name: allowed
    void exclude(std::string_view names);                             // TM-ARG-1003
    bool failed() const { return !error_.empty(); }
    const std::string& error() const { return error_; }

private:
    Args args_;
    std::size_t at_;
    std::uint32_t seen_ = 0;
    std::string error_;
};

}  // namespace server
