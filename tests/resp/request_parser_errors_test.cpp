// SPDX-License-Identifier: MIT
// What is refused, in Redis's words: S04 to S06, S11 to S18 and S20 of the security cases.
#include <catch2/catch.hpp>

#include "tests/resp/parser_runs.hpp"

using namespace resp_test;
using namespace std::string_literals;
namespace limits = resp::limits;

namespace {
const std::string bad_count = "Protocol error: invalid multibulk length";
const std::string bad_bulk = "Protocol error: invalid bulk length";
}  // namespace

TEST_CASE("a count must be a plain number in range") {
    for (const char* text : {"",
                             "abc",
                             "+1",
                             " 1",
                             "1 ",
                             "01",
                             "001",
                             "010",
                             "00",
                             "-0",
                             "--1",
                             "1a",
                             "-",
                             "1.0",
                             "0x1",
                             "1e1",
                             ":",
                             "?",
                             "/",
                             "1:",
                             "1048577",
                             "3000000000",
                             "2147483648",
                             "4294967297",
                             "100000000000000000000",
                             "9223372036854775808",
                             "-9223372036854775809",
                             "18446744073709551617"}) {
        check_error("*"s + text + "\r\n$4\r\nPING\r\n", bad_count);
        check_error("*1\r\n$4\r\nPING\r\n*"s + text + "\r\n$4\r\nPING\r\n", bad_count, limits::after_auth, {{"PING"}});
    }
    check_error("*1\rx$4\r\nPING\r\n", bad_count);
    check_error("*1\r\r\n$4\r\nPING\r\n", bad_count);
    check_error("*1\n$4\r\nPING\r\n", bad_count);
    check_error("*\0001\r\n$4\r\nPING\r\n"s, bad_count);
}

TEST_CASE("a bulk length must be a plain number in range") {
    for (const char* text : {"",
                             "abc",
                             "+4",
                             " 4",
                             "4 ",
                             "04",
                             "004",
                             "0004",
                             "00",
                             "-0",
                             "-1",
                             "-2",
                             "4a",
                             "a4",
                             "4.",
                             ":",
                             "1:",
                             "?4",
                             "16777217",
                             "536870913",
                             "629145600",
                             "2147483648",
                             "4294967300",
                             "9223372036854775807",
                             "100000000000000000000"}) {
        check_error("*1\r\n$"s + text + "\r\nPING\r\n", bad_bulk);
        check_error("*2\r\n$4\r\nECHO\r\n$"s + text + "\r\nPING\r\n", bad_bulk);
    }
    check_error("*1\r\n$4\rxPING\r\n", bad_bulk);
    check_error("*1\r\n$4\r\r\nPING\r\n", bad_bulk);
    check_error("*1\r\n$4\nPING\r\n", bad_bulk);
}

TEST_CASE("a header that came in two pieces leaves nothing behind for the next one") {
    check_error("*2\r\n$11\r\n12345678901\r\n$\r\n", bad_bulk);
    check_error("    \n*2\r\n$4\r\nECHO\r\n$\r\n", bad_bulk);
    check_error("\r\n*2\r\n$11\r\n12345678901\r\n$\r\n\r\n\r\n", bad_bulk);
}

TEST_CASE("an argument begins with a dollar") {
    check_error("*1\r\nfoo\r\n", "Protocol error: expected '$', got 'f'");
    check_error("*1\r\n*1\r\n$4\r\nPING\r\n", "Protocol error: expected '$', got '*'");
    check_error("*2\r\n$4\r\nPING\r\n:1\r\n", "Protocol error: expected '$', got ':'");
    check_error("*1\r\n\r\n", "Protocol error: expected '$', got '\r'");
    check_error("*1\r\n\0"s, "Protocol error: expected '$', got '\0'"s);
    check_error("*3\r\n$1\r\na\r\n$1\r\nb\r\n\xff", "Protocol error: expected '$', got '\xff'");
}

TEST_CASE("the bytes behind a bulk are CR LF") {
    for (const char* end : {"xx", "\n\r", "\r\r", "\n\n", "\rx", "  "}) {
        check_error("*1\r\n$4\r\nPING"s + end, "Protocol error: expected CRLF after bulk");
        check_error("*2\r\n$4\r\nPING"s + end + "$1\r\na\r\n", "Protocol error: expected CRLF after bulk");
        check_error("*1\r\n$1200\r\n" + std::string(1'200, 'x') + end, "Protocol error: expected CRLF after bulk");
    }
}

TEST_CASE("lines without an end are given up at 64 KiB") {
    const std::string line(limits::line_bytes_max, '1');
    check_requests("*" + line.substr(1), {}, limits::line_bytes_max);
    check_error("*" + line, "Protocol error: too big mbulk count string");
    check_error("*" + line + line + "\r\n", "Protocol error: too big mbulk count string");
    check_error("*" + line.substr(1) + "\r\n", bad_count);
    check_error("*1\r\n$" + line, "Protocol error: too big bulk count string");
    check_error("*1\r\n$" + line.substr(1) + "\r\n", bad_bulk);
    check_error("x" + line, "Protocol error: too big inline request");
    check_error("x" + line + line + "\r\n", "Protocol error: too big inline request");
    check_requests(line + "\n", {{line}});
    check_error("\0"s + line, "Protocol error: too big inline request");
}

TEST_CASE("before AUTH lengths are small and errors say why") {
    const auto& before = limits::before_auth;
    const std::string count = "Protocol error: unauthenticated multibulk length";
    const std::string bulk = "Protocol error: unauthenticated bulk length";
    for (const char* text : {"11", "16", "17", "100", "1048576", "1048577", "2147483647"}) {
        check_error("*"s + text + "\r\n", count, before);
    }
    check_error("*2147483648\r\n", bad_count, before);
    check_error("*abc\r\n", bad_count, before);
    for (const char* text : {"16385", "20000000", "16777217", "536870912"}) {
        check_error("*2\r\n$4\r\nAUTH\r\n$"s + text + "\r\n", bulk, before);
    }
    check_error("*1\r\n$536870913\r\n", bad_bulk, before);
    check_error("*1\r\n$-1\r\n", bad_bulk, before);

    const Arguments full(10, std::string(16'384, 'x'));
    check_requests(encoded(full), {full}, 0, before);
    check_error("1 2 3 4 5 6 7 8 9 10 11\r\n", count, before);
    check_requests("1 2 3 4 5 6 7 8 9 10\r\n", {{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10"}}, 0, before);
    check_error("AUTH " + std::string(16'385, 'x') + "\r\n", bulk, before);
}

TEST_CASE("nothing is executed behind an error") {
    check_error("*1\r\n$4\r\nPING\r\n*x\r\n*1\r\n$8\r\nFLUSHALL\r\n", bad_count, limits::after_auth, {{"PING"}});
    resp::RequestParser parser(limits::after_auth);
    REQUIRE(parser.next("*x\r\n") == Outcome::protocol_error);
    CHECK(parser.next("*1\r\n$4\r\nPING\r\n") == Outcome::protocol_error);
    CHECK(parser.args().empty());
}
