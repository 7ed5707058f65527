// SPDX-License-Identifier: MIT
#include "storage/slot.hpp"

#include <catch2/catch.hpp>

#include "storage/session_id.hpp"
#include "storage/token.hpp"
#include "tests/support/store_fixture.hpp"

using namespace storage;
using namespace std::literals;

TEST_CASE("slots are those of Redis Cluster") {
    CHECK(crc16("123456789") == 0x31c3);  // the specification's own test vector
    CHECK(slot_of("foo") == 12182);       // as redis-cli cluster keyslot says
    CHECK(slot_of("{user1000}.following") == slot_of("{user1000}.followers"));
    CHECK(slot_of("foo{}{bar}") == (crc16("foo{}{bar}") & 16383));
    CHECK(slot_of("foo{{bar}}zap") == slot_of("{bar"));
    CHECK(slot_of("") == 0);
}

TEST_CASE("the CRC of any text is that of its bits") {
    test::SeededRandom random(5);
    for (std::size_t size = 0; size < 80; ++size)
        for (const std::uint16_t start : {std::uint16_t{0}, std::uint16_t{0xffff}, std::uint16_t{0x1234}}) {
            std::string text(size, ' ');
            for (char& c : text) c = static_cast<char>(random.below(256));
            unsigned crc = start;
            for (const char c : text) {
                crc ^= static_cast<unsigned>(static_cast<unsigned char>(c)) << 8U;
                for (int bit = 0; bit < 8; ++bit) crc = (crc & 0x8000U) != 0 ? (crc << 1U) ^ 0x1021U : crc << 1U;
                crc &= 0xffffU;
            }
            REQUIRE(crc16(text, start) == crc);
        }
}

TEST_CASE("every slot can be steered to, with both alphabets") {
    test::SeededRandom random(7);
    for (std::uint32_t slot = 0; slot < slot_count; ++slot) {
        std::string id = "tmss-01jf8xzm7e3xqh5p8n4r6s____";
        std::string token = "tmtk_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa____";
        SlotSteering::crockford().steer(id, static_cast<Slot>(slot), random);
        SlotSteering::base64url().steer(token, static_cast<Slot>(slot), random);
        REQUIRE(slot_of(id) == slot);
        REQUIRE(slot_of(token) == slot);
        REQUIRE(SessionId::parse(id));
    }
}

TEST_CASE("made tokens differ, are 48 characters and stand in the slot asked for") {
    test::SeededRandom random(3);
    const MadeToken a = make_token(77, random);
    const MadeToken b = make_token(77, random);
    CHECK(a != b);
    CHECK(std::string_view(a.data(), 5) == "tmtk_");
    CHECK(slot_of({a.data(), a.size()}) == 77);
    CHECK(slot_of({b.data(), b.size()}) == 77);
}

TEST_CASE("session ids: strict in, lower case out") {
    const auto id = SessionId::parse("tmss-01JF8XZM7E3XQH5P8N4R6S2W0T");
    REQUIRE(id);
    const auto text = id->text();
    CHECK(std::string_view(text.data(), text.size()) == "tmss-01jf8xzm7e3xqh5p8n4r6s2w0t");
    CHECK(SessionId::parse("TMSS-01jf8xzm7e3xqh5p8n4r6s2w0t") == id);
    CHECK_FALSE(SessionId::parse("tmss-01jf8xzm7e3xqh5p8n4r6s2w0"));    // short
    CHECK_FALSE(SessionId::parse("tmss-01jf8xzm7e3xqh5p8n4r6s2w0tt"));  // long
    CHECK_FALSE(SessionId::parse("tmss-01jf8xzm7e3xqh5p8n4r6s2wil"));   // i and l are not in the alphabet
    CHECK_FALSE(SessionId::parse("tmss-81jf8xzm7e3xqh5p8n4r6s2w0t"));   // over 128 bits
    CHECK_FALSE(SessionId::parse("tmsx-01jf8xzm7e3xqh5p8n4r6s2w0t"));
    CHECK(is_reserved_key("tmss-not-an-id-but-26-characters"sv.substr(0, 31)));
}
