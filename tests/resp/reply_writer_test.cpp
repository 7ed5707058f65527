// SPDX-License-Identifier: MIT
// Every kind of reply in both versions, byte for byte; deferred counts; no way out of the framing (S22).
#include "resp/reply_writer.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>

#include "tests/resp/test_seed.hpp"
#include "tests/support/reply.hpp"

using namespace std::string_literals;
using resp::OutputBuffer;
using resp::ReplyWriter;

namespace {

template <class Write>
std::string written(int version, const Write& write) {
    OutputBuffer out;
    ReplyWriter reply(out, version);
    write(reply);
    return std::string(out.view());
}

template <class Write>
void check_both(std::string_view resp2, std::string_view resp3, const Write& write) {
    CHECK(written(2, write) == resp2);
    CHECK(written(3, write) == resp3);
}

template <class Write>
void check_same(std::string_view bytes, const Write& write) {
    check_both(bytes, bytes, write);
}

}  // namespace

TEST_CASE("replies that are the same in both versions") {
    check_same("+OK\r\n", [](auto& r) { r.ok(); });
    check_same("+PONG\r\n", [](auto& r) { r.simple("PONG"); });
    check_same("-ERR no such key\r\n", [](auto& r) { r.error("ERR no such key"); });
    check_same("$5\r\nhello\r\n", [](auto& r) { r.bulk("hello"); });
    check_same("$0\r\n\r\n", [](auto& r) { r.bulk(""); });
    check_same("$4\r\na\r\n\0\r\n"s, [](auto& r) { r.bulk("a\r\n\0"s); });
    check_same("*0\r\n", [](auto& r) { r.array(0); });
    check_same("*1048576\r\n", [](auto& r) { r.array(1'048'576); });
}

TEST_CASE("replies that differ") {
    check_both("$-1\r\n", "_\r\n", [](auto& r) { r.null(); });
    check_both("*-1\r\n", "_\r\n", [](auto& r) { r.null_array(); });
    check_both(":1\r\n", "#t\r\n", [](auto& r) { r.boolean(true); });
    check_both(":0\r\n", "#f\r\n", [](auto& r) { r.boolean(false); });
    check_both("*4\r\n", "%2\r\n", [](auto& r) { r.map(2); });
    check_both("*3\r\n", "~3\r\n", [](auto& r) { r.set(3); });
    check_both("*3\r\n", ">3\r\n", [](auto& r) { r.push(3); });
    check_both("$5\r\nhello\r\n", "=9\r\ntxt:hello\r\n", [](auto& r) { r.verbatim("txt", "hello"); });
    check_both("$1\r\nx\r\n", "=5\r\nmkd:x\r\n", [](auto& r) { r.verbatim("mkd", "x"); });
    check_both("$0\r\n\r\n", "=4\r\ntxt:\r\n", [](auto& r) { r.verbatim("toolong", ""); });
    check_both("$3\r\n-12\r\n", "(-12\r\n", [](auto& r) { r.big_number("-12"); });
}

TEST_CASE("doubles as Redis 7 writes them") {
    const double infinity = std::numeric_limits<double>::infinity();
    check_both("$1\r\n3\r\n", ",3\r\n", [](auto& r) { r.real(3.0); });
    check_both("$19\r\n0.10000000000000001\r\n", ",0.10000000000000001\r\n", [](auto& r) { r.real(0.1); });
    check_both("$23\r\n-1.7976931348623157e+308\r\n"s.replace(1, 2, "24"), ",-1.7976931348623157e+308\r\n",
               [](auto& r) { r.real(std::numeric_limits<double>::lowest()); });
    check_both("$3\r\ninf\r\n", ",inf\r\n", [&](auto& r) { r.real(infinity); });
    check_both("$4\r\n-inf\r\n", ",-inf\r\n", [&](auto& r) { r.real(-infinity); });
    check_both("$3\r\nnan\r\n", ",nan\r\n", [](auto& r) { r.real(-std::nan("")); });
}

TEST_CASE("doubles agree with printf's %.17g") {
    const std::uint64_t seed = resp_test::test_seed();
    CAPTURE(seed);
    resp_test::Random random(seed);
    for (int i = 0; i < 20'000; ++i) {
        const std::uint64_t bits = random.bits();
        double value = 0;
        std::memcpy(&value, &bits, sizeof value);
        if (random.one_in(3)) value = static_cast<double>(static_cast<std::int64_t>(bits) >> random.below(64)) / 100;
        if (std::isnan(value)) continue;
        char expected[64];
        std::snprintf(expected, sizeof expected, ",%.17g\r\n", value);
        REQUIRE(written(3, [&](auto& r) { r.real(value); }) == expected);
    }
}

TEST_CASE("integers and lengths of every number of digits") {
    std::vector<std::int64_t> values{std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max(), -1};
    for (std::int64_t n = 0; n < 1'100; ++n) values.push_back(n);
    for (std::int64_t power = 10; power <= 1'000'000'000'000'000'000 / 10; power *= 10) {
        for (const std::int64_t value : {power - 1, power, -power, 1 - power}) values.push_back(value);
    }
    for (const std::int64_t value : values) {
        CHECK(written(2, [&](auto& r) { r.integer(value); }) == ":" + std::to_string(value) + "\r\n");
    }
    for (const std::size_t size : {9U, 10U, 99U, 100U, 999U, 1'000U, 1'023U, 1'024U, 1'025U, 9'999U, 10'000U, 1'000'000U}) {
        const std::string text(size, 'x');
        CHECK(written(3, [&](auto& r) { r.bulk(text); }) == "$" + std::to_string(size) + "\r\n" + text + "\r\n");
        CHECK(written(3, [&](auto& r) { r.map(size); }) == "%" + std::to_string(size) + "\r\n");
    }
}

TEST_CASE("a count can be filled in afterwards") {
    for (const std::size_t n : {0U, 1U, 9U, 10U, 99U, 100U, 1'024U, 12'345U}) {
        for (const std::size_t expected : {0U, 10U, 1'000U, 100'000U}) {
            for (const int version : {2, 3}) {
                const auto items = [n](ReplyWriter& r) {
                    for (std::size_t i = 0; i < n; ++i) r.bulk("item");
                };
                const std::string late = written(version, [&](ReplyWriter& r) {
                    r.bulk("before");
                    const std::size_t outer = r.begin_array(expected);
                    const std::size_t inner = r.begin_map(expected);
                    items(r);
                    items(r);
                    r.end_map(inner, n);
                    items(r);
                    r.end_array(outer, n + 1);
                    r.bulk("after");
                });
                const std::string plain = written(version, [&](ReplyWriter& r) {
                    r.bulk("before");
                    r.array(n + 1);
                    r.map(n);
                    items(r);
                    items(r);
                    items(r);
                    r.bulk("after");
                });
                REQUIRE(late == plain);
            }
        }
    }
}

TEST_CASE("a reply can be cut back") {
    OutputBuffer out;
    ReplyWriter reply(out);
    reply.ok();
    const std::size_t before = reply.size();
    reply.array(3);
    reply.bulk("half a reply");
    reply.truncate(before);
    reply.error("ERR no");
    CHECK(out.view() == "+OK\r\n-ERR no\r\n");
}

TEST_CASE("version and output can change") {
    OutputBuffer first, second;
    ReplyWriter reply(first);
    CHECK(reply.version() == 2);
    reply.set_version(3);
    CHECK(reply.version() == 3);
    reply.null();
    reply.set_output(second);
    reply.set_version(2);
    reply.null();
    CHECK(first.view() == "_\r\n");
    CHECK(second.view() == "$-1\r\n");
    CHECK(&reply.output() == &second);
}

TEST_CASE("no text breaks the framing") {
    check_same("-ERR unknown command 'a  +OK  $-1', with args\r\n",
               [](auto& r) { r.error("ERR unknown command 'a\r\n+OK\r\n$-1', with args"); });
    check_same("+a  b\r\n", [](auto& r) { r.simple("a\r\nb"); });

    const std::uint64_t seed = resp_test::test_seed();
    CAPTURE(seed);
    resp_test::Random random(seed);
    for (int i = 0; i < 5'000; ++i) {
        const std::string text = random.text(random.below(40), "\r\n+-$*:ab \0"s);
        for (const int version : {2, 3}) {
            for (const int kind : {0, 1, 2, 3}) {
                const std::string bytes = written(version, [&](ReplyWriter& r) {
                    if (kind == 0) r.error(text);
                    if (kind == 1) r.simple(text);
                    if (kind == 2) r.bulk(text);
                    if (kind == 3) r.verbatim("txt", text);
                });
                std::string_view rest = bytes;
                const auto reply = support::parse_reply(rest);
                REQUIRE(reply.has_value());
                REQUIRE(rest.empty());
                REQUIRE(reply->text.size() == text.size());
                if (kind < 2) REQUIRE(reply->text.find_first_of("\r\n") == std::string::npos);
                if (kind >= 2) REQUIRE(reply->text == text);
            }
        }
    }
}
