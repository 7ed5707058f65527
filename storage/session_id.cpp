// SPDX-License-Identifier: MIT
#include "storage/session_id.hpp"

#include <cstring>

namespace storage {
namespace {

constexpr std::string_view prefix = "tmss-";
constexpr std::string_view alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

constexpr unsigned char no_digit = 255;

constexpr std::array<unsigned char, 256> make_digits() {
    std::array<unsigned char, 256> digits{};
    for (auto& d : digits) d = no_digit;
    for (std::size_t i = 0; i < alphabet.size(); ++i) {
        const auto c = static_cast<unsigned char>(alphabet[i]);
        digits[c] = static_cast<unsigned char>(i);
        if (c >= 'a') digits[c - 'a' + 'A'] = static_cast<unsigned char>(i);
    }
    return digits;
}

constexpr auto digits = make_digits();

constexpr std::array<std::array<char, 2>, 1024> make_pairs() {
    std::array<std::array<char, 2>, 1024> pairs{};
    for (std::size_t i = 0; i < pairs.size(); ++i) pairs[i] = {alphabet[i >> 5U], alphabet[i & 31U]};
    return pairs;
}

constexpr auto digit_pairs = make_pairs();
static_assert((SessionId::text_size - prefix.size()) % 2 == 0);

}  // namespace

namespace {

// A ULID's 26 digits are 130 bits: two digits for the first 8 of its 128, of which two must be 0, and twice 12 for 60 each.
constexpr std::size_t first_digits = 2, half_digits = 12;
constexpr unsigned half_bits = 60;
static_assert(prefix.size() + first_digits + 2 * half_digits == SessionId::text_size);

struct Digits {
    std::uint64_t value = 0;
    unsigned char bad = 0;  // no_digit if one is none
};

Digits read_digits(const char* from, std::size_t count) {
    Digits read;
    for (std::size_t i = 0; i < count; ++i) {
        const unsigned char digit = digits[static_cast<unsigned char>(from[i])];
        read.bad |= digit;  // only no_digit has the highest bit
        read.value = read.value << 5U | digit;
    }
    return read;
}

void write_digits(char* to, std::size_t count, std::uint64_t value) {
    for (std::size_t i = count; i > 0; value >>= 10U) {
        i -= 2;
        std::memcpy(to + i, digit_pairs[value & 1023U].data(), 2);
    }
}

std::uint64_t read_big_endian(const unsigned char* from) {
    std::uint64_t value = 0;
    std::memcpy(&value, from, sizeof value);
    return __builtin_bswap64(value);
}

void write_big_endian(unsigned char* to, std::uint64_t value) {
    value = __builtin_bswap64(value);
    std::memcpy(to, &value, sizeof value);
}

}  // namespace

std::optional<SessionId> SessionId::parse(std::string_view text) {
    if (!is_reserved_key(text)) return std::nullopt;
    const char* at = text.data() + prefix.size();
    const Digits first = read_digits(at, first_digits);
    const Digits middle = read_digits(at + first_digits, half_digits);
    const Digits last = read_digits(at + first_digits + half_digits, half_digits);
    if (((first.bad | middle.bad | last.bad) & 0x80U) != 0 || first.value > 0xff) return std::nullopt;
    SessionId id;
    write_big_endian(id.bytes.data(), first.value << 56U | middle.value >> 4U);
    write_big_endian(id.bytes.data() + 8, middle.value << half_bits | last.value);
    return id;
}

void SessionId::write(char* to) const {
    const std::uint64_t high = read_big_endian(bytes.data());
    const std::uint64_t low = read_big_endian(bytes.data() + 8);
    std::memcpy(to, prefix.data(), prefix.size());
    to += prefix.size();
    write_digits(to, first_digits, high >> 56U);
    write_digits(to + first_digits, half_digits, high << 4U | low >> half_bits);
    write_digits(to + first_digits + half_digits, half_digits, low);
}

std::array<char, SessionId::text_size> SessionId::text() const {
    std::array<char, text_size> text{};
    write(text.data());
    return text;
}

bool is_reserved_key(std::string_view key) {
    if (key.size() != SessionId::text_size) return false;
    for (std::size_t i = 0; i < prefix.size(); ++i) {
        const char c = key[i];
        if (c != prefix[i] && !(c >= 'A' && c <= 'Z' && (c | 0x20) == prefix[i])) return false;
    }
    return true;
}

}  // namespace storage
