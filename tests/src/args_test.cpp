// SPDX-License-Identifier: MIT
// Numbers, addresses and options as commands read them.
#include "src/args.hpp"

#include <catch2/catch.hpp>
#include <limits>
#include <string>
#include <vector>

using namespace server;

TEST_CASE("integers are read as strictly as Redis reads them", "[args]") {
    CHECK(parse_int64("0") == 0);
    CHECK(parse_int64("-1") == -1);
    CHECK(parse_int64("9223372036854775807") == std::numeric_limits<std::int64_t>::max());
    CHECK(parse_int64("-9223372036854775808") == std::numeric_limits<std::int64_t>::min());
    for (const char* bad : {"", "-", "+1", " 1", "1 ", "01", "-0", "-01", "1.0", "0x10", "9223372036854775808",
                            "-9223372036854775809", "99999999999999999999999"}) {
        INFO(bad);
        CHECK_FALSE(parse_int64(bad));
    }
    CHECK_FALSE(parse_int64(std::string_view("1\0", 2)));
}

TEST_CASE("fractions are read as strictly as Redis reads them", "[args]") {
    CHECK(parse_long_double("1.5") == 1.5L);
    CHECK(parse_long_double("-2e3") == -2000.0L);
    CHECK(parse_long_double("0x10") == 16.0L);
    CHECK(parse_long_double("inf") == std::numeric_limits<long double>::infinity());
    for (const char* bad : {"", " 1", "1 ", "nan", "abc", "1.5x", "1e99999"}) {
        INFO(bad);
        CHECK_FALSE(parse_long_double(bad));
    }
}

TEST_CASE("sums and products that leave 64 bits are none", "[args]") {
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    CHECK(checked_add(most, 0) == most);
    CHECK_FALSE(checked_add(most, 1));
    CHECK_FALSE(checked_multiply(most / 1000 + 1, 1000));
    CHECK(checked_multiply(-5, 1000) == -5000);
}

TEST_CASE("addresses are valid and canonical", "[args]") {
    CHECK(AddressText::parse("10.0.0.1")->view() == "10.0.0.1");
    CHECK(AddressText::parse("255.255.255.255")->view() == "255.255.255.255");
    CHECK(AddressText::parse("2001:DB8:0:0::1")->view() == "2001:db8::1");
    CHECK(AddressText::parse("::FFFF:1.2.3.4")->view() == "1.2.3.4");
    CHECK(AddressText::parse("::ffff:102:304")->view() == "1.2.3.4");
    CHECK_FALSE(AddressText::parse("::ffff:1.2.3.4")->is_v6());
    CHECK(AddressText::parse("::1.2.3.4")->is_v6());
    for (const char* bad : {"", "1.2.3", "1.2.3.256", "01.2.3.4", "1.2.3.04", " 1.2.3.4", "0x1.2.3.4", "1.2.3.4.", "[::1]",
                            "::1%eth0", "localhost", "1.2.3.4 ", "10.0.0.0/8"}) {
        INFO(bad);
        CHECK_FALSE(AddressText::parse(bad));
    }
    CHECK_FALSE(AddressText::parse(std::string_view("1.2.3.4\0", 8)));
    CHECK_FALSE(AddressText::parse(std::string(1000, '1')));
}

TEST_CASE("a text is cut where a character begins", "[args]") {
    CHECK(cut_utf8("abc", 3) == "abc");
    CHECK(cut_utf8("abcd", 3) == "abc");
    CHECK(cut_utf8("ab\xc3\xa4", 3) == "ab");
    CHECK(cut_utf8("ab\xc3\xa4x", 4) == "ab\xc3\xa4");
    CHECK(cut_utf8("a\xf0\x9f\x98\x80", 4) == "a");
    CHECK(cut_utf8(std::string(10, '\x80'), 6).size() == 6);  // no UTF-8: cut anywhere
}

namespace {

// Reads all of {"A" value, "B", "C" n...}; the error, or "".
std::string read(const std::vector<std::string_view>& args) {
    constexpr std::array<std::string_view, 3> option_words{"A", "B", "C"};
    ArgReader reader(args, 0);
    while (reader.more()) {
        switch (reader.option(option_words)) {
            case 0: reader.integer("A", 1, 10); break;
            case 2: reader.counted("C", 0, 5, 2); break;
            default: break;
        }
    }
    return reader.error();
}

}  // namespace

TEST_CASE("options come in any order and case, each at most once", "[args]") {
    CHECK(read({}).empty());
    CHECK(read({"b", "a", "5"}).empty());
    CHECK(read({"c", "2", "x", "1", "y", "2", "B"}).empty());
    CHECK(read({"C", "0"}).empty());
    for (const std::vector<std::string_view>& bad : std::vector<std::vector<std::string_view>>{
             {"D"}, {"A"}, {"B", "B"}, {"A", "1", "a", "1"}, {"C"}, {"C", "2", "x", "1", "y"}, {""}, {"AB"}}) {
        CHECK(read(bad) == "ERR syntax error");
    }
    for (const char* bad : {"0", "11", "x", "99999999999999999999", "-1", ""}) {
        CHECK(read({"A", bad}) == "TM-ARG-1001 A: allowed 1..10");
    }
    CHECK(read({"C", "6", "x"}) == "TM-ARG-1001 C: allowed 0..5");
    CHECK(read({"C", "-1", "x"}) == "TM-ARG-1001 C: allowed 0..5");
    CHECK(read({"A", "0", "B", "B"}) == "TM-ARG-1001 A: allowed 1..10");  // the first error counts
}
