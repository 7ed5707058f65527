// SPDX-License-Identifier: MIT
// See args.hpp. The number rules are those of Redis 7.0's string2ll and string2ld.
#include "src/args.hpp"

#include <arpa/inet.h>

#include <cctype>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "storage/ensure.hpp"

namespace server {

namespace {

constexpr char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

}  // namespace

bool is_word(std::string_view text, std::string_view capitals) {
    if (text.size() != capitals.size()) return false;
    for (std::size_t i = 0; i < text.size(); ++i)
        if (upper(text[i]) != capitals[i]) return false;
    return true;
}

std::string lower_case(std::string_view text) {
    std::string lower(text);
    for (char& c : lower)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return lower;
}

std::string upper_case(std::string_view text) {
    std::string capitals(text);
    for (char& c : capitals) c = upper(c);
    return capitals;
}

std::optional<std::int64_t> parse_int64(std::string_view text) {
    const bool negative = !text.empty() && text.front() == '-';
    const std::string_view digits = text.substr(negative ? 1 : 0);
    if (digits.empty() || digits.front() < '0' || digits.front() > '9') return std::nullopt;
    if (digits.front() == '0' && text.size() > 1) return std::nullopt;
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

std::optional<long double> parse_long_double(std::string_view text) {
    constexpr std::size_t size_max = 5 * 1024;
    if (text.empty() || text.size() >= size_max || std::isspace(static_cast<unsigned char>(text.front()))) return std::nullopt;
    const std::string copy(text);
    char* end = nullptr;
    errno = 0;
    const long double number = std::strtold(copy.c_str(), &end);
    if (end != copy.c_str() + copy.size() || std::isnan(number) || errno == EINVAL) return std::nullopt;
    if (errno == ERANGE && (std::isinf(number) || std::fpclassify(number) == FP_ZERO)) return std::nullopt;
    return number;
}

std::optional<std::int64_t> checked_add(std::int64_t a, std::int64_t b) {
    std::int64_t sum = 0;
    if (__builtin_add_overflow(a, b, &sum)) return std::nullopt;
    return sum;
}

std::optional<std::int64_t> checked_multiply(std::int64_t a, std::int64_t b) {
    std::int64_t product = 0;
    if (__builtin_mul_overflow(a, b, &product)) return std::nullopt;
    return product;
}

std::optional<AddressText> AddressText::parse(std::string_view text) {
    AddressText address;
    if (text.empty() || text.size() >= address.text_.size() || text.find('\0') != text.npos) return std::nullopt;
    char copy[46] = {};
    std::memcpy(copy, text.data(), text.size());
    in6_addr bytes{};
    address.v6_ = text.find(':') != text.npos;
    if (inet_pton(address.v6_ ? AF_INET6 : AF_INET, copy, &bytes) != 1) return std::nullopt;
    if (!address.v6_) {  // inet_pton takes an IPv4 address in its canonical text only
        std::memcpy(address.text_.data(), text.data(), text.size());
        address.size_ = text.size();
        return address;
    }
    const void* from = &bytes;
    if (IN6_IS_ADDR_V4MAPPED(&bytes)) {  // what a socket for both families calls an IPv4 client
        address.v6_ = false;
        address.mapped_ = true;
        from = &bytes.s6_addr[12];
    }
    ENSURE(inet_ntop(address.v6_ ? AF_INET6 : AF_INET, from, address.text_.data(),
                     static_cast<socklen_t>(address.text_.size())) != nullptr);
    address.size_ = std::strlen(address.text_.data());
    return address;
}

std::string_view cut_utf8(std::string_view text, std::size_t bytes_max) {
    if (text.size() <= bytes_max) return text;
    // A character has at most three bytes of continuation; longer runs are no UTF-8 and are cut anywhere.
    std::size_t cut = bytes_max;
    for (int back = 0; back < 3 && cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0U) == 0x80U; ++back) --cut;
    if ((static_cast<unsigned char>(text[cut]) & 0xC0U) == 0x80U) cut = bytes_max;
    return text.substr(0, cut);
}

std::size_t ArgReader::option(std::span<const std::string_view> option_words) {
    const std::string_view text = value();
    for (std::size_t i = 0; i < option_words.size() && !failed(); ++i) {
        if (!is_word(text, option_words[i])) continue;
        if (seen(i)) break;
        seen_ |= 1U << i;
        return i;
    }
    fail(std::string(words::syntax_error));
    return none;
}

std::string_view ArgReader::value() {
    if (more()) return args_[at_++];
    fail(std::string(words::syntax_error));
    return {};
}

std::int64_t ArgReader::integer(std::string_view name, std::int64_t least, std::int64_t most) {
    const std::string_view text = value();
    if (failed()) return least;
    const auto number = parse_int64(text);
    if (number && *number >= least && *number <= most) return *number;
    bad_value(name, "allowed " + std::to_string(least) + ".." + std::to_string(most));
    return least;
}

Args ArgReader::counted(std::string_view name, std::int64_t least, std::int64_t most, std::size_t width) {
    const auto groups = static_cast<std::size_t>(integer(name, least, most));
    if (failed()) return {};
    const std::size_t left = args_.size() - at_;
    if (groups > left / width) {
        fail(std::string(words::syntax_error));
        return {};
    }
    const Args found = args_.subspan(at_, groups * width);
    at_ += found.size();
    return found;
}

std::optional<AddressText> ArgReader::address(std::string_view name) {
    const std::string_view text = value();
    if (failed()) return std::nullopt;
    auto address = AddressText::parse(text);
    if (!address) bad_value(name, "allowed an IPv4 or IPv6 address");
    return address;
}

void ArgReader::fail(std::string text) {
    if (error_.empty()) error_ = std::move(text);
}

void ArgReader::bad_value(std::string_view name, std::string_view allowed) {
    fail("TM-ARG-1001 " + std::string(name) + ": " + std::string(allowed));
}

void ArgReader::exclude(std::string_view names) { fail("TM-ARG-1003 " + std::string(names) + " exclude each other"); }

}  // namespace server
