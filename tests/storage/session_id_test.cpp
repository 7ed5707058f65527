// SPDX-License-Identifier: MIT
#include "storage/session_id.hpp"

#include <cctype>
#include <string>
#include <string_view>

#include <catch2/catch.hpp>

#include "tests/support/store_fixture.hpp"

using namespace storage;
using test::id_text;

namespace {

constexpr std::string_view alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

// Digit by digit from the last, as by hand: 16 bytes are one number of base 256.
std::string by_division(SessionId id) {
    std::string text(26, '0');
    for (std::size_t i = text.size(); i-- > 0;) {
        unsigned rest = 0;
        for (unsigned char& byte : id.bytes) {
            const unsigned value = rest * 256 + byte;
            byte = static_cast<unsigned char>(value / 32);
            rest = value % 32;
        }
        text[i] = alphabet[rest];
    }
    return "tmss-" + text;
}

void check(const SessionId& id) {
    const std::string text = id_text(id);
    CHECK(text == by_division(id));
    const auto again = SessionId::parse(text);
    REQUIRE(again.has_value());
    CHECK(again->bytes == id.bytes);
}

}  // namespace

TEST_CASE("Session ids: every bit has its place, there and back") {
    for (std::size_t bit = 0; bit < 128; ++bit) {
        SessionId one, others;
        one.bytes[bit / 8] = static_cast<unsigned char>(1U << bit % 8);
        for (std::size_t i = 0; i < 16; ++i) others.bytes[i] = static_cast<unsigned char>(~one.bytes[i]);
        check(one);
        check(others);
    }
    check(SessionId{});
}

TEST_CASE("Session ids: capitals are read as small letters") {
    const std::string_view small = "tmss-01arz3ndektsv4rrffq69g5fav";
    std::string capitals(small);
    for (char& c : capitals) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    REQUIRE(SessionId::parse(capitals).has_value());
    CHECK(id_text(*SessionId::parse(capitals)) == small);
}

TEST_CASE("Session ids: what is none is refused at every place") {
    const std::string sound = "tmss-7zzzzzzzzzzzzzzzzzzzzzzzzz";
    REQUIRE(SessionId::parse(sound).has_value());
    for (std::size_t at = 5; at < sound.size(); ++at) {
        for (const char bad : {'i', 'l', 'o', 'u', 'I', '-', ' ', '\0', '\x7f', '\xff'}) {
            std::string text = sound;
            text[at] = bad;
            INFO("place " << at << ", letter " << static_cast<int>(bad));
            CHECK_FALSE(SessionId::parse(text).has_value());
        }
    }
    for (const char first : std::string_view("89az")) {  // more than 128 bits
        std::string text = sound;
        text[5] = first;
        CHECK_FALSE(SessionId::parse(text).has_value());
    }
    CHECK_FALSE(SessionId::parse(sound.substr(0, sound.size() - 1)).has_value());
    CHECK_FALSE(SessionId::parse(sound + "0").has_value());
    CHECK_FALSE(SessionId::parse("tmsx" + sound.substr(4)).has_value());
}
