// SPDX-License-Identifier: MIT
// The table: every row says all it must, names are found in any case, and COMMAND derives from it.
#include "src/command_table.hpp"

#include <set>
#include <string>

#include <catch2/catch.hpp>

#include "tests/support/command_runner.hpp"

using namespace server;

TEST_CASE("every row is complete") {
    std::set<std::string_view> names;
    each_command_row([&](const CommandSpec& spec, std::uint32_t) {
        INFO(spec.name);
        CHECK(names.insert(spec.name).second);
        CHECK_FALSE(spec.summary.empty());
        CHECK_FALSE(spec.summary.ends_with('.'));
        CHECK_FALSE(spec.group.empty());
        CHECK_FALSE(spec.since.empty());
        CHECK(spec.acl.starts_with('@'));
        CHECK(spec.arity != 0);
        CHECK(spec.name.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ ") == std::string_view::npos);
        CHECK((spec.run != nullptr || !spec.subs.empty()));
        CHECK(((spec.flags & subcommands) != 0) == !spec.subs.empty());
        CHECK((spec.flags & (reads | writes)) != (reads | writes));
        if ((spec.flags & removes) != 0) CHECK((spec.flags & writes) != 0);
        if (spec.keys.first != 0) CHECK((spec.flags & (reads | writes)) != 0);
        const bool slow = spec.acl.find("@slow") != std::string_view::npos,
                   quick = spec.acl.find("@fast") != std::string_view::npos;
        CHECK(slow != quick);
        CHECK(((spec.flags & fast) != 0) == quick);
        if ((spec.flags & (by_token | by_key)) != 0) {  // what is parsed ahead: request_batch.hpp
            CHECK((spec.flags & (by_token | by_key)) != (by_token | by_key));
            CHECK((spec.flags & (reads | writes)) != 0);
            CHECK((spec.flags & (subcommands | no_auth | loading_ok)) == 0);
            CHECK((spec.keys.first == 1 && spec.keys.last == 1));
        }
        for (const CommandSpec& sub : spec.subs) CHECK(sub.name.starts_with(std::string(spec.name) + "|"));
    });
    CHECK(names.size() == command_row_count());
}

TEST_CASE("names are found in any case") {
    CHECK(find_command("get") == find_command("GET"));
    CHECK(find_command("gEt")->name == "get");
    CHECK(find_command("sess.CREATE")->name == "sess.create");
    CHECK(find_command("getx") == nullptr);
    CHECK(find_command("") == nullptr);
    CHECK(find_command(std::string(100'000, 'g')) == nullptr);
    for (const CommandSpec* spec : all_commands()) CHECK(find_command(spec->name) == spec);
    CHECK(find_subcommand(*find_command_entry("client"), "KILL").spec->name == "client|kill");
    CHECK(find_subcommand(*find_command_entry("client"), "kil").spec == nullptr);
}

TEST_CASE("words are the same in any case of ASCII, and in nothing else") {
    const auto folded = [](unsigned c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; };
    for (const std::size_t size : {1U, 2U, 3U, 4U, 5U, 7U, 8U, 9U, 12U, 16U, 19U})
        for (std::size_t at = 0; at < size; ++at)
            for (unsigned x = 0; x < 256; ++x)
                for (unsigned y = 0; y < 256; y += x % 3 + 1) {
                    std::string a(size, 'q'), b(size, 'Q');
                    a[at] = static_cast<char>(x);
                    b[at] = static_cast<char>(y);
                    if (same_word(a, b) != (folded(x) == folded(y))) FAIL(size << ' ' << at << ' ' << x << ' ' << y);
                }
    CHECK_FALSE(same_word("get", "gets"));
    CHECK(same_word("", ""));
}

TEST_CASE("a session command routes by its first argument") {
    for (const CommandSpec* spec : all_commands()) {
        if (spec->group != "session" || spec->arity == 1 || spec->arity == -1) continue;
        INFO(spec->name);
        CHECK(spec->keys.first == 1);
    }
}

TEST_CASE("COMMAND derives from the rows") {
    support::CommandRunner run;
    CHECK(run.show("COMMAND", "COUNT") == run.show("COMMAND", "COUNT"));
    CHECK(run("COMMAND").items.size() == all_commands().size());
    CHECK(run("COMMAND", "LIST").items.size() == command_row_count());
    CHECK(run("COMMAND", "INFO", "sess.create", "nope").items.size() == 2);
    run("COMMAND", "DOCS");
    CHECK(run.bytes().find("sess.getbytoken") != std::string::npos);
    run("COMMAND", "GETKEYS", "SET", "k", "v");
    CHECK(run.bytes() == "*1\r\n$1\r\nk\r\n");
    run("COMMAND", "GETKEYS", "MSET", "a", "1", "b", "2");
    CHECK(run.bytes() == "*2\r\n$1\r\na\r\n$1\r\nb\r\n");
    run("COMMAND", "GETKEYS", "PING", "x");
    CHECK(run.bytes() == "-ERR The command has no key arguments\r\n");
    run("COMMAND", "GETKEYS", "nope", "x");
    CHECK(run.bytes() == "-ERR Invalid command specified\r\n");
    run("COMMAND", "LIST", "FILTERBY", "PATTERN", "sess.del*");
    CHECK(run.bytes() == "*3\r\n$8\r\nsess.del\r\n$15\r\nsess.delbytoken\r\n$12\r\nsess.deluser\r\n");
}

TEST_CASE("COMMAND tells tips and what happens to each key, in the words of redis-server 7.0.15") {
    support::CommandRunner run;
    const auto show = [&](const char* name, std::size_t item) {
        return run("COMMAND", "INFO", name).items.at(0).items.at(item).shown();
    };
    constexpr std::size_t tips = 7, key_specs = 8;
    CHECK(show("dbsize", tips) == R"(["request_policy:all_shards", "response_policy:agg_sum"])");
    CHECK(show("sess.count", tips) == show("dbsize", tips));
    CHECK(show("sess.list", tips) == R"(["request_policy:all_shards", "response_policy:special"])");
    CHECK(show("flushall", tips) == R"(["request_policy:all_shards", "response_policy:all_succeeded"])");
    CHECK(show("scan", tips) == R"(["nondeterministic_output", "request_policy:special"])");
    CHECK(show("mget", tips) == R"(["request_policy:multi_shard"])");
    CHECK(show("get", tips) == "[]");
    const auto copy = run("COMMAND", "INFO", "copy").items.at(0).items.at(key_specs).items;
    REQUIRE(copy.size() == 2);
    CHECK(copy[0].items.at(1).shown() == "[+RO, +access]");
    CHECK(copy[1].items.at(1).shown() == "[+OW, +update]");
    CHECK(run("COMMAND", "INFO", "mset").items.at(0).items.at(key_specs).items.at(0).items.at(1).shown() == "[+OW, +update]");
    CHECK(run.show("COMMAND", "GETKEYSANDFLAGS", "SET", "k", "v") == R"([["k", [+OW, +update]]])");
    CHECK(run.show("COMMAND", "GETKEYSANDFLAGS", "SET", "k", "GET", "get") == R"([["k", [+RW, +access, +update]]])");
    CHECK(run.show("COMMAND", "GETKEYSANDFLAGS", "COPY", "a", "b") == R"([["a", [+RO, +access]], ["b", [+OW, +update]]])");
    CHECK(run.show("COMMAND", "INFO", "nosuch") == "[$-1]");
    for (const char* name : {"GET", "PING"})
        CHECK(run.show("COMMAND", "GETKEYS", name) == "-ERR wrong number of arguments for 'command|getkeys' command");
}

TEST_CASE("every COMMAND answer is whole in RESP3 too") {
    support::CommandRunner run;
    run.use_resp(3);
    for (const char* sub : {"COUNT", "INFO", "DOCS", "LIST", "HELP"}) CHECK_NOTHROW(run("COMMAND", sub));
    CHECK_NOTHROW(run("COMMAND"));
    for (const char* of : {"CLIENT", "CONFIG"}) CHECK_NOTHROW(run(of, "HELP"));
}
