// SPDX-License-Identifier: MIT
// Arrays of bulk strings: what is accepted, how it goes on, what it does with lengths of each size.
#include "resp/request_parser.hpp"

#include <catch2/catch.hpp>

#include "tests/resp/parser_runs.hpp"

using namespace resp_test;
using namespace std::string_literals;

TEST_CASE("an array of bulk strings is a request") {
    check_requests("*1\r\n$4\r\nPING\r\n", {{"PING"}});
    check_requests("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n", {{"SET", "k", ""}});
    check_requests("*2\r\n$4\r\nECHO\r\n$8\r\na\r\n\0*1\r\n\r\n"s, {{"ECHO", "a\r\n\0*1\r\n"s}});
    check_requests("*2\r\n$15\r\nSESS.GETBYTOKEN\r\n$21\r\ntmtk_0123456789abcdef\r\n",
                   {{"SESS.GETBYTOKEN", "tmtk_0123456789abcdef"}});
}

TEST_CASE("pipelined requests come one by one, and a rest waits") {
    check_requests("*1\r\n$4\r\nPING\r\n*2\r\n$4\r\nECHO\r\n$1\r\n1\r\nTIME\r\n*1\r\n$4\r\nQUIT\r\n*2\r\n$3\r\nGE",
                   {{"PING"}, {"ECHO", "1"}, {"TIME"}, {"QUIT"}}, 10);
    check_requests("", {});
    check_requests("*", {}, 1);
    check_requests("*1\r", {}, 3);
    check_requests("*1\r\n$4\r\nPING\r", {}, 13);
}

TEST_CASE("a length that came in two pieces leaves nothing behind for the next one") {
    check_requests("*4\r\n$11\r\n12345678901\r\n$1\r\na\r\n$0\r\n\r\n$0\r\n\r\n\r\n*1\r\n$1\r\nb\r\n",
                   {{"12345678901", "a", "", ""}, {"b"}});
}

TEST_CASE("requests without arguments are passed over") {
    check_requests("*0\r\n*1\r\n$4\r\nPING\r\n", {{"PING"}});
    check_requests("*-1\r\n\r\n\n  \r\n\t\n*-9223372036854775808\r\n*1\r\n$4\r\nPING\r\n\r\n", {{"PING"}});
    check_requests("*0\r\n\r\n*0\r\n", {});
    check_requests("\r\n\r\n*1\r\n$4\r\nPI", {}, 10);
    std::string many;
    for (int i = 0; i < 1'000; ++i) many += "\r\n*0\r\n";
    check_requests(many + "PING\r\n", {{"PING"}});
}

TEST_CASE("skipped bytes count as consumed when they are not dropped") {
    resp::RequestParser parser(resp::limits::after_auth);
    CHECK(parser.next("\r\n*0\r\n") == Outcome::need_more);
    CHECK(parser.next("\r\n*0\r\nPING\r\nrest") == Outcome::request);
    CHECK(parser.consumed() == 12);
    CHECK(parser.next("rest") == Outcome::need_more);
    CHECK(parser.drop_skipped() == 0);
}

TEST_CASE("after a restart a request is parsed from its start, wherever the last one was left") {
    const std::string left = "\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$2000\r\nvalue";
    const Arguments whole{"ECHO", "one"};
    for (std::size_t seen = 0; seen <= left.size(); ++seen) {
        resp::RequestParser parser(resp::limits::after_auth);
        REQUIRE(parser.next(std::string_view(left).substr(0, seen)) == Outcome::need_more);
        parser.restart();
        const std::string bytes = encoded(whole);
        REQUIRE(parser.next(bytes) == Outcome::request);
        CHECK(Arguments(parser.args().begin(), parser.args().end()) == whole);
        CHECK(parser.consumed() == bytes.size());
    }
}

TEST_CASE("lengths of every number of digits") {
    for (const std::size_t size : {0U, 1U, 9U, 10U, 11U, 99U, 100U, 101U, 998U, 999U, 1'000U, 1'001U, 9'999U, 10'000U, 70'000U}) {
        const Arguments arguments{"SET", "key", std::string(size, '$'), "EX", "10"};
        check_requests(encoded(arguments) + encoded({"GET", "key"}), {arguments, {"GET", "key"}});
    }
}

TEST_CASE("any number of arguments") {
    for (const std::size_t count : {1U, 2U, 9U, 10U, 15U, 16U, 17U, 31U, 33U, 99U, 100U, 500U}) {
        Arguments arguments;
        for (std::size_t i = 0; i < count; ++i) arguments.push_back("argument-" + std::to_string(i * i));
        check_requests(encoded(arguments) + "*1\r\n$4\r\nPING\r\n" + encoded(arguments), {arguments, {"PING"}, arguments});
    }
}

TEST_CASE("a request in many reads is not parsed again from its start") {
    // 100,000 arguments, read 5 bytes at a time: 220,000 calls. Parsing from the start each time would take 10^10 steps.
    const std::size_t count = 100'000;
    std::string bytes = "*100000\r\n";
    for (std::size_t i = 0; i < count; ++i) bytes += "$5\r\nabcde\r\n";
    resp::RequestParser parser(resp::limits::after_auth);
    Outcome outcome = Outcome::need_more;
    std::size_t calls = 0;
    for (std::size_t size = 5; outcome == Outcome::need_more; size = std::min(size + 5, bytes.size()), ++calls) {
        outcome = parser.next(std::string_view(bytes).substr(0, size));
    }
    REQUIRE(outcome == Outcome::request);
    CHECK(calls > 200'000);
    CHECK(parser.consumed() == bytes.size());
    REQUIRE(parser.args().size() == count);
    CHECK(std::all_of(parser.args().begin(), parser.args().end(), [](std::string_view a) { return a == "abcde"; }));
}

TEST_CASE("bytes_wanted is what a bulk lacks, in steps that grow with what was received") {
    resp::RequestParser parser(resp::limits::after_auth);
    CHECK(parser.next("") == Outcome::need_more);
    CHECK(parser.bytes_wanted() == 1);
    CHECK(parser.next("*2\r\n$3\r\nGET\r\n$100\r\n") == Outcome::need_more);
    CHECK(parser.bytes_wanted() == 102);
    CHECK(parser.next("*2\r\n$3\r\nGET\r\n$100\r\n" + std::string(99, 'x')) == Outcome::need_more);
    CHECK(parser.bytes_wanted() == 3);

    resp::RequestParser large(resp::limits::after_auth);
    std::string bytes = "*2\r\n$3\r\nGET\r\n$16000000\r\n";
    const std::size_t header = bytes.size();
    int reads = 0;
    while (large.next(bytes) == Outcome::need_more) {
        REQUIRE(large.bytes_wanted() <= std::max(resp::limits::read_step_min, bytes.size()));
        bytes.append(large.bytes_wanted(), 'x');
        if (bytes.size() == header + 16'000'002) bytes.replace(bytes.size() - 2, 2, "\r\n");
        ++reads;
    }
    CHECK(large.args()[1].size() == 16'000'000);
    CHECK(large.consumed() == bytes.size());
    CHECK(reads < 30);
}

TEST_CASE("a parser can be moved with a partial request in it") {
    const std::string bytes = encoded({"MSET", "a", "1", "b", "2"});
    resp::RequestParser first(resp::limits::after_auth);
    CHECK(first.next(std::string_view(bytes).substr(0, 20)) == Outcome::need_more);
    resp::RequestParser second(std::move(first));
    CHECK(second.next(bytes) == Outcome::request);
    CHECK(Arguments(second.args().begin(), second.args().end()) == Arguments{"MSET", "a", "1", "b", "2"});
}
