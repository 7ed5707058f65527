// SPDX-License-Identifier: MIT
// Inline requests and their quoting rules, case by case as redis-server 7.0 answers them.
#include "resp/quoted_words.hpp"

#include <catch2/catch.hpp>

#include "tests/resp/parser_runs.hpp"

using namespace resp_test;
using namespace std::string_literals;

TEST_CASE("inline requests") {
    check_requests("PING\r\n", {{"PING"}});
    check_requests("PING\n", {{"PING"}});
    check_requests("  SET \t k   v  \r\nGET k\n", {{"SET", "k", "v"}, {"GET", "k"}});
    check_requests("SET k v\r\r\n", {{"SET", "k", "v"}});
    check_requests("SET a\vb c\fd\n", {{"SET", "a\vb", "c\fd"}});
    check_requests("\v\fPING\n", {{"PING"}});
    check_requests("$4\r\n+OK\r\n", {{"$4"}, {"+OK"}});
    check_requests("ECHO \xff\xfe\n", {{"ECHO", "\xff\xfe"}});
    check_requests("PING", {}, 4);
}

TEST_CASE("double quotes") {
    check_requests("SET k \"a b\"\r\n", {{"SET", "k", "a b"}});
    check_requests(R"(SET k "\n\r\t\b\a\\\"\q")"
                   "\r\n",
                   {{"SET", "k", "\n\r\t\b\a\\\"q"}});
    check_requests(R"(SET k "\x41\x0a\xfF\x4\xzz")"
                   "\r\n",
                   {{"SET", "k", "A\n\xffx4xzz"}});
    check_requests("SET k \"\"\r\n", {{"SET", "k", ""}});
    check_requests("SET pre\"fix ed\" \"it's\"\r\n", {{"SET", "prefix ed", "it's"}});
    check_requests("\"\"\r\n", {{""}});
}

TEST_CASE("single quotes") {
    check_requests("SET k 'a b'\n", {{"SET", "k", "a b"}});
    check_requests(R"(SET k 'it\'s \n \x41 "x"')"
                   "\n",
                   {{"SET", "k", "it's \\n \\x41 \"x\""}});
    check_requests("SET '' x''\n", {{"SET", "", "x"}});
}

TEST_CASE("many quoted words stay where they are") {
    Arguments arguments;
    std::string line;
    for (int i = 0; i < 300; ++i) {
        arguments.push_back("word " + std::to_string(i));
        line += '"' + arguments.back() + "\" ";
    }
    check_requests(line + "\n", {arguments});
}

TEST_CASE("unbalanced quotes are a protocol error") {
    for (const char* line : {"SET k \"v", "SET k 'v", "SET k \"v\"x", "SET k 'v'x", "SET k \"v\"\"w\"", "SET k 'v''w'", "\"", "'",
                             "SET k \"v\\\"", "SET k 'v\\'", "SET k \"\\", "a\"b\"c"}) {
        check_error(line + "\r\n"s, "Protocol error: unbalanced quotes in request");
    }
}

TEST_CASE("words of a line without a parser") {
    std::string text;
    resp::QuotedWords words("one \"t\\x77o\"  three", text);
    std::string_view word;
    std::vector<std::string> found;
    while (words.next(word) == resp::QuotedWords::Next::word) found.emplace_back(word);
    CHECK(found == std::vector<std::string>{"one", "two", "three"});
    CHECK(words.next(word) == resp::QuotedWords::Next::end);
}
