// SPDX-License-Identifier: MIT
// Globs as redis-server 7.0 matches them, and S34 to S36: no pattern takes long or deep.
#include "resp/glob.hpp"

#include <catch2/catch.hpp>
#include <ctime>
#include <string>

#include "tests/resp/test_seed.hpp"

using namespace std::string_literals;
using resp::glob_matches;

namespace {

struct Case {
    std::string pattern;
    std::vector<std::string> yes, no;
};

// By the definition, with a choice at each star: what the matcher must agree with.
bool by_definition(std::string_view pattern, std::string_view text) {
    if (pattern.empty()) return text.empty();
    if (pattern[0] == '*') {
        return by_definition(pattern.substr(1), text) || (!text.empty() && by_definition(pattern, text.substr(1)));
    }
    if (text.empty()) return false;
    std::size_t length = 1;
    if (pattern[0] == '\\' && pattern.size() > 1) length = 2;
    if (pattern[0] == '[') {
        bool escaped = false;
        for (length = 1; length < pattern.size() && (escaped || pattern[length] != ']'); ++length) {
            const bool range = !escaped && pattern[length] != '\\' && length + 2 < pattern.size() && pattern[length + 1] == '-' &&
                               !(length == 1 && pattern[1] == '^');
            escaped = !escaped && pattern[length] == '\\' && length + 1 < pattern.size();
            if (range) length += 2;
        }
        if (length < pattern.size()) ++length;
    }
    return glob_matches(pattern.substr(0, length), text.substr(0, 1)) && by_definition(pattern.substr(length), text.substr(1));
}

}  // namespace

TEST_CASE("globs") {
    const std::vector<Case> cases{
        {"", {""}, {"a"}},
        {"*", {"", "a", "abc", "\n"}, {}},
        {"**", {"", "a"}, {}},
        {"a*", {"a", "ab", "a*"}, {"", "ba"}},
        {"*a", {"a", "ba", "aa", "aba"}, {"", "ab"}},
        {"a*b*c", {"abc", "axbxc", "abbcc", "abcbc"}, {"ab", "acb", "abcd"}},
        {"h?llo", {"hello", "h?llo", "h\nllo"}, {"hllo", "heello"}},
        {"?", {"a", "*"}, {"", "ab"}},
        {"h[ae]llo", {"hello", "hallo"}, {"hillo", "hllo", "h[llo"}},
        {"h[^e]llo", {"hallo", "h^llo"}, {"hello"}},
        {"h[a-c]llo", {"hallo", "hbllo", "hcllo"}, {"hdllo", "h-llo"}},
        {"h[c-a]llo", {"hallo", "hbllo"}, {"hdllo"}},
        {"[^a-c]", {"d", "-"}, {"a", "b"}},
        {"[a\\]b]", {"a", "]", "b"}, {"\\", "c"}},
        {"[\\^a]", {"^", "a"}, {"b", "\\"}},
        {"[a^]", {"^", "a"}, {"b"}},
        {"[\\-x]", {"-", "x"}, {"a"}},
        {"[a-]", {"a", "]", "^"}, {"-", "b"}},  // a range up to ']', and the class is open
        {"[]", {}, {"", "a", "]"}},
        {"[]a]", {}, {"]", "a", "a]"}},
        {"[^]", {"a", "]"}, {"", "aa"}},
        {"[", {}, {"", "[", "a"}},
        {"[^", {"a", "["}, {""}},
        {"[abc", {"a", "c"}, {"[", "d"}},
        {"x[abc", {"xa"}, {"x"}},
        {"[a\\", {"a", "\\"}, {"b"}},
        {"\\*", {"*"}, {"a", "\\*", ""}},
        {"\\?\\[\\\\", {"?[\\"}, {"a[\\"}},
        {"\\a", {"a"}, {"\\a"}},
        {"a\\", {"a\\"}, {"a"}},
        {"*[0-9]", {"a1", "9"}, {"1a", ""}},
        {"*\\**", {"*", "a*b"}, {"ab"}},
        {"user:*:sess:[0-9]?", {"user:1:sess:0x", "user::sess:sess:12"}, {"user:1:sess:x0"}},
        {"a\0*"s, {"a\0b"s}, {"a", "ab"}},
        {"[\x80-\xff]", {"\x80", "\xc3", "\xff"}, {"a"}},
    };
    for (const Case& c : cases) {
        CAPTURE(c.pattern);
        for (const std::string& text : c.yes) CHECK(glob_matches(c.pattern, text));
        for (const std::string& text : c.no) CHECK_FALSE(glob_matches(c.pattern, text));
    }
}

TEST_CASE("globs in any case") {
    CHECK(glob_matches("MAX*", "maxclients", true));
    CHECK(glob_matches("max\\Clients", "MAXCLIENTS", true));
    CHECK(glob_matches("[A-C]x", "bX", true));
    CHECK(glob_matches("[^A-C]", "D", true));
    CHECK_FALSE(glob_matches("[^A-C]", "a", true));
    CHECK_FALSE(glob_matches("MAX*", "maxclients"));
    CHECK_FALSE(glob_matches("[", "{", true));
}

TEST_CASE("globs agree with their definition") {
    const std::uint64_t seed = resp_test::test_seed();
    CAPTURE(seed);
    resp_test::Random random(seed);
    int matched = 0;
    for (int i = 0; i < 100'000; ++i) {
        const std::string pattern = random.text(random.below(9), random.one_in(2) ? "ab*?" : "ab*?[]^-\\");
        const std::string text = random.text(random.below(7), "aab]");
        CAPTURE(pattern, text);
        const bool expected = by_definition(pattern, text);
        matched += expected ? 1 : 0;
        if (glob_matches(pattern, text) != expected) FAIL("not as defined");
    }
    CHECK(matched > 1'000);
}

TEST_CASE("no glob takes long") {
    const auto repeated = [](std::string_view part, std::size_t times) {
        std::string made;
        for (std::size_t i = 0; i < times; ++i) made += part;
        return made;
    };
    const std::clock_t start = std::clock();  // of this process, not of the wall: machines are busy
    const std::string text(1'000, 'a');
    CHECK_FALSE(glob_matches(repeated("*a", 200) + "*b", text));
    CHECK_FALSE(glob_matches(repeated("a*", 900) + "b", text));
    CHECK_FALSE(glob_matches(repeated("*?", 100'000), text));
    CHECK(glob_matches(repeated("*?", 1'000), text));
    CHECK_FALSE(glob_matches(repeated("[", 200'000), text));
    CHECK_FALSE(glob_matches("*" + repeated("[", 5'000) + "b", text));
    CHECK_FALSE(glob_matches(repeated("[a]", 100'000), text));
    CHECK_FALSE(glob_matches("*" + std::string(999, 'a') + "b", std::string(10'000, 'a')));
    CHECK(std::clock() - start < 5 * CLOCKS_PER_SEC);  // some 20 ms; a recursive matcher: for ever
}
