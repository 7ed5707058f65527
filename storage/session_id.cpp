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

std::optional<SessionId> SessionId::parse(std::string_view text) {
    if (!is_reserved_key(text)) return std::nullopt;
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    for (std::size_t i = prefix.size(); i < text_size; ++i) {
        const unsigned char digit = digits[static_cast<unsigned char>(text[i])];
        if (digit == no_digit || (i == prefix.size() && digit > 7))
            return std::nullopt;  // 26 * 5 = 130 bits, two of them must be 0
        high = high << 5 | low >> 59;
        low = low << 5 | digit;
    }
    SessionId id;
    for (std::size_t i = 8; i-- > 0; high >>= 8, low >>= 8) {
        id.bytes[i] = static_cast<unsigned char>(high);
        id.bytes[i + 8] = static_cast<unsigned char>(low);
    }
    return id;
}

void SessionId::write(char* to) const {
    std::memcpy(to, prefix.data(), prefix.size());
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    for (std::size_t i = 0; i < 8; ++i) high = high << 8 | bytes[i];
    for (std::size_t i = 8; i < 16; ++i) low = low << 8 | bytes[i];
    for (std::size_t i = text_size; i > prefix.size(); low = low >> 10 | high << 54, high >>= 10) {
        i -= 2;
        std::memcpy(to + i, digit_pairs[low & 1023U].data(), 2);
    }
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
