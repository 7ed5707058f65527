// SPDX-License-Identifier: MIT
// A whole export: what was cut, changed or made up is known, and the line is named.
#include "src/tools/export_file.hpp"

#include <catch2/catch.hpp>

#include "tests/support/export_text.hpp"

using namespace server;
using namespace storage;

namespace {

const std::string header = test::export_header();
const std::string one = R"({"type":"string","lsn":3,"db":0,"key":"k","value":"v"})";
const std::string two = R"({"type":"string","key":"l","value":"w"})";

struct Outcome {
    std::string fault;  // "": none
    std::size_t records = 0;
};

Outcome read(const std::string& text, std::size_t piece = 4096) {
    ExportReader reader(test::pieces_of(text, piece), "backup.jsonl");
    if (const auto begun = reader.header(); !begun) return {begun.error().text};
    for (Outcome outcome;; ++outcome.records) {
        const auto next = reader.next();
        if (!next) return {next.error().text, outcome.records};
        if (*next == nullptr) return outcome;
    }
}

}  // namespace

TEST_CASE("Export file: what is written is read, in pieces of any size", "[export]") {
    std::string text;
    ExportWriter writer([&](std::string_view bytes) {
        text += bytes;
        return storage::Result<void>();
    });
    ExportHeader of;
    for (unsigned char i = 0; i < id_bytes; ++i) of.directory[i] = i;
    of.last = Lsn{9};
    of.now = 1'760'000'000'000;
    writer.header(of);
    REQUIRE(writer.record({Lsn{3}, 0, PutString{"k", 0, "v", 0}}).has_value());
    REQUIRE(writer.end().has_value());
    CHECK(text == test::export_of(header, {one}));
    CHECK(writer.bytes() == text.size());
    for (std::size_t piece = 1; piece <= text.size() + 1; ++piece) CHECK(read(text, piece).fault.empty());
    CHECK(read(text).records == 1);
}

TEST_CASE("Export file: the header says whose state it is, and a record without LSN is as new as that", "[export]") {
    const std::string secret = R"(,"token_secret":")" + std::string(64, '7') + "\"";
    ExportReader reader(test::pieces_of(test::export_of(test::export_header(9, 77, secret + R"(,"db":0)"), {two})),
                        "backup.jsonl");
    const auto found = reader.header();
    REQUIRE(found.has_value());
    CHECK(found->last == Lsn{9});
    CHECK(found->now == 77);
    CHECK(found->db == DbIndex{0});
    CHECK(found->directory[15] == 15);
    CHECK(found->token_secret[31] == 0x77);
    CHECK(value(reader.next().value()->lsn) == 9);
    CHECK(reader.next().value() == nullptr);
}

TEST_CASE("Export file: cut at any byte it is refused", "[export]") {
    const std::string whole = test::export_of(header, {one, two});
    for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
        INFO("cut to " << bytes);
        const Outcome outcome = read(whole.substr(0, bytes));
        CHECK_THAT(outcome.fault, Catch::StartsWith("backup.jsonl ends after line ") && Catch::Contains("cut off"));
    }
    CHECK(read(whole).fault.empty());
}

TEST_CASE("Export file: any byte that changes is found, but for one that JSON does not mind", "[export]") {
    const std::string whole = test::export_of(header, {one, two});
    for (std::size_t at = 0; at < whole.size(); ++at) {
        INFO("byte " << at);
        std::string changed = whole;
        changed[at] = static_cast<char>(changed[at] ^ 1);
        CHECK_FALSE(read(changed).fault.empty());
    }
}

TEST_CASE("Export file: each fault is named with its line", "[export]") {
    using test::export_of;
    const std::string whole = export_of(header, {one, two});
    const std::string end = test::lines_of(whole).back();
    const std::vector<std::pair<std::string, std::string>> wrong{
        {"", "backup.jsonl ends after line 0"},
        {"\n", "backup.jsonl:1: not JSON: "},
        {"[]\n", "backup.jsonl:1: must be a JSON object"},
        {one + "\n", R"(backup.jsonl:1: an export begins with {"tokmesh_export":1,...}: this is none)"},
        {export_of(R"({"tokmesh_export":2})", {}), "backup.jsonl:1: written by a newer version: tokmesh_export 2"},
        {export_of(R"({"tokmesh_export":1})", {}), "backup.jsonl:1: field 'directory' is missing"},
        {export_of(test::export_header(9, 5, R"(,"more":1)"), {}), R"(backup.jsonl:1: unknown field "more")"},
        {export_of(test::export_header(9, 5, R"(,"token_secret":"77")"), {}),
         "backup.jsonl:1: field 'token_secret' must be 64 hex digits in lower case"},
        {export_of(test::export_header(9, 5, R"(,"db":16)"), {}), "backup.jsonl:1: field 'db' must be"},
        {export_of(test::export_header(value(lsn_start_max) + 1, 5), {}),
         "backup.jsonl:1: field 'last_lsn' must be a whole number, 0 to 72056494526300159"},
        {export_of(header, {R"({"type":"string","key":"k","key":"l","value":"v"})"}),
         "backup.jsonl:2: a field, or a name of 'data', is there twice"},
        {export_of(header, {R"({"type":"session","data":{"a":"1","\u0061":"2"}})"}),
         "backup.jsonl:2: a field, or a name of 'data', is there twice"},
        {export_of(header, {R"({"type":"session","data":[{"a":"1"},{"a":"2"}]})"}), "backup.jsonl:2: field 'id' is missing"},
        {export_of(header, {"nonsense"}), "backup.jsonl:2: not JSON: "},
        {export_of(header, {one, ""}), "backup.jsonl:3: not JSON: "},
        {export_of(header, {one, "\"k\""}), "backup.jsonl:3: must be a JSON object"},
        {export_of(header, {one, one + " " + two}), "backup.jsonl:3: not JSON: "},
        {export_of(header, {one, "{\"type\":\"string\",\"key\":\"\xff\",\"value\":\"\"}"}), "backup.jsonl:3: not JSON: "},
        {export_of(header, {"[[[[[[[[[[]]]]]]]]]]"}), "backup.jsonl:2: not JSON: "},
        {export_of(header, {R"({"type":"string","lsn":10,"key":"k","value":"v"})"}),
         "backup.jsonl:2: field 'lsn' must be at most 9, the header's last_lsn"},
        {export_of(test::export_header(9, 5, R"(,"db":1)"), {one}), "backup.jsonl:2: field 'db' must be 1, as the header says"},
        {header + "\n" + one + "\n" + end + "\n", "backup.jsonl:3: the export had 2 records, here are 1"},
        {header + "\n" + two + "\n" + one + "\n" + end + "\n", "backup.jsonl:4: the SHA-256 of the lines before is another one"},
        {header + "\n" + R"({"end":false})" + "\n", "backup.jsonl:2: field 'end' must be true"},
        {header + "\n" + R"({"end":true,"records":0})" + "\n", "backup.jsonl:2: field 'sha256' is missing"},
        {whole + "\n", "backup.jsonl:5: nothing may follow the last line of an export"},
        {whole + one, "backup.jsonl:4: nothing may follow the last line of an export"},
        {whole + whole, "backup.jsonl:5: nothing may follow the last line of an export"},
    };
    for (const auto& [text, fault] : wrong) {
        INFO(text);
        CHECK_THAT(read(text).fault, Catch::StartsWith(fault));
    }
}

TEST_CASE("Export file: what looks like a name in a text is none", "[export]") {
    const std::string line = R"({"type":"string","key":"\\\":,\"key\":","value":"{\"a\":1,\"a\":2}\\"})";
    CHECK(read(test::export_of(header, {line, one})).fault.empty());
}

TEST_CASE("Export file: a line that wants more memory than a record is refused", "[export]") {
    std::string line = R"({"type":"session","data":[0)";
    for (int i = 0; i < 20'000'000; ++i) line += ",0";
    CHECK(read(test::export_of(header, {one, line + "]}"}), 1U << 20).fault ==
          "backup.jsonl:3: takes more memory than any record needs");
}

TEST_CASE("Export file: a line without an end is not read for ever, and a failing disk is said", "[export]") {
    std::uint64_t given = 0;
    const auto endless = [&](std::span<char> to) -> storage::Result<std::size_t> {
        std::fill(to.begin(), to.end(), 'x');
        given += to.size();
        return to.size();
    };
    ExportReader reader(endless, "endless");
    CHECK_THAT(reader.header().error().text, Catch::StartsWith("endless:1: the line is longer than "));
    CHECK(given <= 4 * export_line_bytes_max);
    const auto failing = [](std::span<char>) -> storage::Result<std::size_t> {
        return boost::system::error_code(EIO, boost::system::system_category());
    };
    ExportReader broken(failing, "broken");
    CHECK_THAT(broken.header().error().text, Catch::StartsWith("cannot read broken: "));
}
