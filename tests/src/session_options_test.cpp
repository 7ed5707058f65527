// SPDX-License-Identifier: MIT
// The limits of sessions: times to live at their edges, data, tokens, and what is wrong named all at once.
#include "src/session_options.hpp"

#include <catch2/catch.hpp>
#include <limits>
#include <string>
#include <vector>

using namespace server;

namespace {

constexpr storage::UnixMs now = 1'700'000'000'000;
constexpr std::int64_t month_s = 720 * 3600;

struct Expiry {
    storage::UnixMs at = 0;
    std::string error;
};

Expiry read(ExpiryWord word, std::string_view text, std::int64_t max_ttl_ms = month_s * 1000) {
    storage::Settings settings;
    settings.session_max_ttl_ms = max_ttl_ms;
    const std::vector<std::string_view> args{text};
    ArgReader reader(args, 0);
    const storage::UnixMs at = read_expiry(reader, word, TtlLimits(settings, now));
    return {at, reader.error()};
}

}  // namespace

TEST_CASE("TTL, PX, EXAT and PXAT mean a moment", "[session]") {
    CHECK(read(ExpiryWord::ttl, "1").at == now + 1000);
    CHECK(read(ExpiryWord::ttl, std::to_string(month_s)).at == now + month_s * 1000);
    CHECK(read(ExpiryWord::px, "1").at == now + 1);
    CHECK(read(ExpiryWord::exat, std::to_string(now / 1000 + 5)).at == now + 5000);
    CHECK(read(ExpiryWord::pxat, std::to_string(now + 1)).at == now + 1);
    CHECK(read(ExpiryWord::ttl, "0", 0).at == 0);
    CHECK(read(ExpiryWord::ttl, "0", 0).error.empty());
    CHECK(read(ExpiryWord::pxat, "253402300799999", 0).at == 253'402'300'799'999);
}

// The predecessor's W-46: no maximum, dead sessions by negative times, seconds * 1e9 that overflowed.
TEST_CASE("times beyond the limits are refused and overflow nothing", "[session]") {
    CHECK(read(ExpiryWord::ttl, std::to_string(month_s + 1)).error == "TM-ARG-1001 TTL: allowed 1..2592000 seconds");
    CHECK(read(ExpiryWord::px, std::to_string(month_s * 1000 + 1)).error == "TM-ARG-1001 PX: allowed 1..2592000000 milliseconds");
    const std::vector<std::string> bad{"0",
                                       "-1",
                                       "",
                                       "x",
                                       "1.5",
                                       "9223372036854775807",
                                       "-9223372036854775808",
                                       "9223372036854775",
                                       "9223372036854776",
                                       "9223372036",
                                       "99999999999999999999"};
    for (const auto& text : bad) {
        for (const ExpiryWord word : {ExpiryWord::ttl, ExpiryWord::px, ExpiryWord::exat, ExpiryWord::pxat}) {
            INFO(text << " as " << static_cast<int>(word));
            CHECK_THAT(read(word, text).error, Catch::StartsWith("TM-ARG-1001"));
            const bool fits = text == "9223372036" || (text == "0");  // in 9223372036 s or ms, or never
            const bool past = text == "9223372036" && word == ExpiryWord::pxat;
            CHECK(read(word, text, 0).error.empty() == (fits && !past));
        }
    }
    CHECK_THAT(read(ExpiryWord::pxat, std::to_string(now)).error, Catch::StartsWith("TM-ARG-1001 PXAT"));  // not after now
    CHECK_THAT(read(ExpiryWord::pxat, "253402300800000", 0).error, Catch::StartsWith("TM-ARG-1001 PXAT"));
}

TEST_CASE("the default time to live obeys the maximum", "[session]") {
    storage::Settings settings;
    CHECK(TtlLimits(settings, now).default_expiry() == now + 7'200'000);
    settings.session_max_ttl_ms = 1000;
    CHECK(TtlLimits(settings, now).default_expiry() == now + 1000);
    settings.session_default_ttl_ms = 0;
    CHECK(TtlLimits(settings, now).default_expiry() == now + 1000);
    settings.session_max_ttl_ms = 0;
    CHECK(TtlLimits(settings, now).default_expiry() == 0);
    settings.session_max_ttl_ms = std::numeric_limits<std::int64_t>::max();
    CHECK(TtlLimits(settings, now).latest == session_limits::latest_ms);
}

TEST_CASE("a data name that stands twice has its last value", "[session]") {
    std::vector<std::string> texts{"3", "a", "1", "b", "2", "a", "3"};
    std::vector<std::string_view> args(texts.begin(), texts.end());
    ArgReader few(args, 0);
    const DataFields fields = read_data(few, "DATA");
    REQUIRE(fields.size() == 2);
    CHECK(fields[0] == storage::DataField{"a", "3"});
    CHECK(fields[1] == storage::DataField{"b", "2"});

    texts = {"100"};
    for (int i = 0; i < 100; ++i) {
        texts.push_back("name" + std::to_string(i % 60));
        texts.push_back(std::to_string(i));
    }
    args.assign(texts.begin(), texts.end());
    ArgReader many(args, 0);
    const DataFields unique = read_data(many, "DATA");
    REQUIRE(unique.size() == 60);
    CHECK(unique[0] == storage::DataField{"name0", "60"});
    CHECK(unique[59] == storage::DataField{"name59", "59"});
}

TEST_CASE("all violations are named, up to a line's worth", "[session]") {
    const storage::Settings settings;
    const std::string long_name(65, 'n'), long_value(1025, 'v'), value(1001, 'v');
    const std::vector<storage::DataField> fields{{long_name, "x"}, {"", "y"},    {"a", long_value},
                                                 {"b", value},     {"c", value}, {"d", value}};
    Violations violations;
    violations.length("user_id", 0, 1, 128);
    violations.data(fields, settings);
    CHECK(violations.error() ==
          "TM-SESS-4001 user_id has 0 bytes, allowed 1..128; data name 1 has 65 bytes, allowed 1..64; data name 2 has 0 bytes, "
          "allowed 1..64; data value 3 has 1025 bytes, allowed 0..1024; data in all has 4099 bytes, allowed 0..4096");
}

TEST_CASE("the form of a token", "[session]") {
    CHECK_FALSE(is_token_form(std::string(15, 'a')));
    CHECK(is_token_form(std::string(16, 'a')));
    CHECK(is_token_form(std::string(1024, 'a')));
    CHECK_FALSE(is_token_form(std::string(1025, 'a')));
    CHECK_FALSE(is_token_form("0123456789abcdef\n"));
    CHECK_FALSE(is_token_form("0123456789abcdef\x7f"));
    CHECK(is_token_form("0123456789 abcdef\xff"));
}

TEST_CASE("a token has no control character, wherever it would stand") {
    for (std::size_t size = server::session_limits::token_bytes_min; size < server::session_limits::token_bytes_min + 20; ++size)
        for (std::size_t at = 0; at < size; ++at)
            for (unsigned byte = 0; byte < 256; ++byte) {
                std::string token(size, '\xff');
                token[at] = static_cast<char>(byte);
                if (server::is_token_form(token) != (byte >= 0x20 && byte != 0x7f)) FAIL(size << ' ' << at << ' ' << byte);
            }
}
