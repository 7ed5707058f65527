// SPDX-License-Identifier: MIT
// Texts and bytes in JSON.
#include "src/json_text.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace server;

TEST_CASE("UTF-8 is strict", "[json]") {
    for (const char* good : {"", "a", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf", "\xee\x80\x80"})
        CHECK(is_utf8(good));
    for (const char* bad : {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80",
                            "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xc3", "\xe2\x82", "\xf0\x9f\x98", "\xff", "a\xc3z"}) {
        CHECK_FALSE(is_utf8(bad));
    }
}

TEST_CASE("base64 of every length", "[json]") {
    CHECK(base64("").empty());
    CHECK(base64("f") == "Zg==");
    CHECK(base64("fo") == "Zm8=");
    CHECK(base64("foo") == "Zm9v");
    CHECK(base64("foobar") == "Zm9vYmFy");
    CHECK(base64("\xff\xfe\xfd") == "//79");
}

TEST_CASE("base64 comes back, and nothing else is taken for it", "[json]") {
    std::string bytes;
    for (int i = 0; i < 300; ++i) {
        CHECK(from_base64(base64(bytes)) == bytes);
        bytes += static_cast<char>(i * 7);
    }
    for (const char* bad : {"Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm9v=", "====", "Zm 9", "Zm9v\n", "Zg==Zg==", "Zm-_"})
        CHECK_FALSE(from_base64(bad));
}
