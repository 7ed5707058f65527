// SPDX-License-Identifier: MIT
// Limits that are settings, and memory: S23 and S24, announced sizes do not allocate.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <new>

#include "tests/resp/parser_runs.hpp"

using namespace resp_test;
namespace limits = resp::limits;

namespace {
std::size_t allocated_bytes = 0;  // by this program's operator new; Catch2 runs its tests on one thread
std::size_t allocations = 0;
std::size_t releases = 0;
}  // namespace

[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    allocated_bytes += size;
    ++allocations;
    return std::malloc(size == 0 ? 1 : size);
}
[[gnu::noinline]] void* operator new(std::size_t size) {
    if (void* const block = operator new(size, std::nothrow)) return block;
    throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* block) noexcept {
    ++releases;
    std::free(block);
}
[[gnu::noinline]] void operator delete(void* block, std::size_t) noexcept { operator delete(block); }

TEST_CASE("announced sizes allocate nothing") {
    resp::RequestParser parser(limits::after_auth);
    std::string_view bytes;
    SECTION("a count") { bytes = "*1000000\r\n"; }
    SECTION("a count and its first argument") { bytes = "*1000000\r\n$3\r\nabc"; }
    SECTION("a length") { bytes = "*1\r\n$16777216\r\nabc"; }
    const std::size_t before = allocations;
    const Outcome outcome = parser.next(bytes);
    const std::size_t made = allocations - before;
    CHECK(outcome == Outcome::need_more);
    CHECK(made == 0);
    CHECK(parser.bytes_wanted() <= limits::read_step_min);
}

TEST_CASE("memory grows with the arguments parsed and is given back") {
    std::string bytes = "*1000000\r\n";
    for (int i = 0; i < 1'000; ++i) bytes += "$0\r\n\r\n";
    resp::RequestParser parser(limits::after_auth);
    const std::size_t before = allocated_bytes;
    const Outcome outcome = parser.next(bytes);
    const std::size_t made = allocated_bytes - before;
    CHECK(outcome == Outcome::need_more);
    CHECK(made < 1'000 * 2 * 48);  // a view and a piece each, vectors that doubled
    CHECK(made >= 1'000 * 16);
}

TEST_CASE("what a large request needed is given back before the next one") {
    resp::RequestParser parser(limits::after_auth);
    std::string bytes;
    std::size_t blocks = 0;
    SECTION("views") {
        bytes = encoded(Arguments(2'000, "x"));
        blocks = 1;
    }
    SECTION("quoted words") {
        bytes = "\"a\" " + std::string(20'000, 'x') + "\n";
        blocks = 1;
    }
    SECTION("views, and the offsets of a pause") {
        bytes = encoded(Arguments(3'000, "x"));
        REQUIRE(parser.next(std::string_view(bytes).substr(0, bytes.size() - 20)) == Outcome::need_more);
        blocks = 2;
    }
    REQUIRE(parser.next(bytes) == Outcome::request);
    const std::size_t before = releases;
    const Outcome outcome = parser.next("PING\n");
    const std::size_t given_back = releases - before;
    CHECK(outcome == Outcome::request);
    CHECK(given_back == blocks);
}

TEST_CASE("the steady state allocates nothing") {
    resp::RequestParser parser(limits::after_auth);
    const std::string usual = encoded({"SESS.GETBYTOKEN", std::string(48, 't')});
    const std::string wide = encoded(Arguments(60, "value"));
    const std::string quoted = "SET \"a key\" 'a value'\r\n";
    const auto round = [&] {
        for (const std::string* request : {&usual, &wide, &quoted}) {
            for (const std::size_t cut : {std::size_t{7}, request->size() / 2, request->size()}) {
                const Outcome first = parser.next(std::string_view(*request).substr(0, cut));
                if (first == Outcome::need_more && parser.next(*request) != Outcome::request) FAIL("not whole");
            }
        }
    };
    round();
    const std::size_t before = allocations;
    for (int i = 0; i < 100; ++i) round();
    const std::size_t made = allocations - before;
    CHECK(made == 0);
}

TEST_CASE("the limit of a bulk is a setting, within bounds") {
    resp::RequestLimits set = limits::after_auth;
    set.argument_bytes_max = 5'000;
    check_requests(encoded({"ECHO", std::string(5'000, 'x')}), {{"ECHO", std::string(5'000, 'x')}}, 0, set);
    check_error("*2\r\n$4\r\nECHO\r\n$5001\r\n", "Protocol error: invalid bulk length", set);
    check_error("ECHO " + std::string(5'001, 'x') + "\n", "Protocol error: invalid bulk length", set);

    set.argument_bytes_max = std::size_t{1} << 40;
    set.request_bytes_max = std::size_t{1} << 40;
    set.arguments_max = 0;
    const resp::RequestParser parser(set);
    CHECK(parser.request_limits().argument_bytes_max == limits::bulk_bytes_ceiling);
    CHECK(parser.request_limits().request_bytes_max == limits::request_bytes_ceiling);
    CHECK(parser.request_limits().arguments_max == 1);
    set.argument_bytes_max = set.request_bytes_max = 0;
    CHECK(resp::RequestParser(set).request_limits().argument_bytes_max == limits::bulk_bytes_min);
    CHECK(resp::RequestParser(set).request_limits().request_bytes_max == limits::request_bytes_min);
}

TEST_CASE("a whole request has a limit, refused at the length that would pass it") {
    resp::RequestLimits set = limits::after_auth;
    set.request_bytes_max = limits::mib;
    const std::string third(349'000, 'x');
    const std::string start = encoded({"MSET", third, third}).replace(1, 1, "4");
    const std::size_t room = limits::mib - start.size() - 2;
    std::string last(room - std::string_view("$123456\r\n").size(), 'y');
    REQUIRE(last.size() >= 100'000);
    const std::string fits = start + "$" + std::to_string(last.size()) + "\r\n" + last + "\r\n";
    REQUIRE(fits.size() == limits::mib);
    CHECK(run_split(fits, {}, set).requests.size() == 1);
    CHECK(run_split(fits, places(fits.size()), set).requests.size() == 1);
    const std::string beyond = start + "$" + std::to_string(last.size() + 1) + "\r\n";
    CHECK(run_split(beyond, {}, set).error == "Protocol error: too big request");
    CHECK(run_split(beyond, places(beyond.size()), set).error == "Protocol error: too big request");

    // The same in small arguments, which take another way.
    std::string small = "*300000\r\n";
    while (small.size() + 7 <= limits::mib) small += "$1\r\na\r\n";
    CHECK(run_split(small, {}, set).error.empty());
    CHECK(run_split(small + "$1\r\na\r\n", {}, set).error == "Protocol error: too big request");
}

TEST_CASE("limits change between two requests") {
    resp::RequestParser parser(limits::before_auth);
    const std::string wide = encoded(Arguments(20, "x"));
    REQUIRE(parser.next("AUTH secret\r\n" + wide) == Outcome::request);
    parser.set_limits(limits::after_auth);
    REQUIRE(parser.next(wide) == Outcome::request);
    CHECK(parser.args().size() == 20);
    parser.set_limits(limits::before_auth);
    CHECK(parser.next(wide) == Outcome::protocol_error);
}

TEST_CASE("limits may shrink while a request is on its way") {
    resp::RequestParser parser(limits::after_auth);
    const std::string bytes = encoded({"SET", std::string(3 * limits::mib, 'x'), "value"});
    REQUIRE(parser.next(std::string_view(bytes).substr(0, bytes.size() - 8)) == Outcome::need_more);
    parser.set_limits(limits::before_auth);
    CHECK(parser.next(bytes) == Outcome::protocol_error);
    CHECK(parser.error() == "Protocol error: too big request");
}

TEST_CASE("endless empty requests in a buffer that is not dropped come to an end") {
    resp::RequestParser parser(limits::before_auth);
    const std::string blank(limits::mib + 1, '\n');
    CHECK(parser.next(blank) == Outcome::protocol_error);
    resp::RequestParser dropping(limits::before_auth);
    for (int i = 0; i < 40; ++i) {
        REQUIRE(dropping.next(std::string_view(blank).substr(0, 65'536)) == Outcome::need_more);
        REQUIRE(dropping.drop_skipped() == 65'536);
    }
}
