// SPDX-License-Identifier: MIT
// The key file: what is read, what is refused, and that a refusal never shows what stands there.
#include "storage/key_file.hpp"

#include <sys/stat.h>

#include <fstream>

#include <catch2/catch.hpp>

#include "tests/support/scratch_dir.hpp"

using namespace storage;
using Catch::Matchers::Contains;

namespace {

const std::string key_hex = "000102030405060708090a0b0c0d0e0f101112131415161718191a1B1C1D1E1F";

std::string error_of(const std::string& text) {
    const auto keys = parse_key_file(text, "keys");
    return keys ? "" : keys.error().text;
}

std::filesystem::path write_file(const support::ScratchDir& scratch, const std::string& text, ::mode_t mode) {
    auto path = scratch / "keys";
    std::ofstream(path) << text;
    REQUIRE(::chmod(path.c_str(), mode) == 0);
    return path;
}

}  // namespace

TEST_CASE("Key file: lines of a key id and 64 hex digits, in their order") {
    const auto keys = parse_key_file("# comment\n\n  new-2026\t" + key_hex + " \r\n\told_1.a " + std::string(64, 'f'), "keys");
    REQUIRE(keys.has_value());
    REQUIRE(keys->size() == 2);
    CHECK(keys->at(0).id == "new-2026");
    CHECK(keys->at(1).id == "old_1.a");
    for (std::size_t i = 0; i < key_bytes; ++i) CHECK(keys->at(0).secret.bytes[i] == i);
    CHECK_FALSE(keys->at(0).secret == keys->at(1).secret);
}

TEST_CASE("Key file: what is wrong is named with its line and what is allowed, and never shown") {
    const std::string id = "the key id must be 1 to 64 letters, digits, '.', '_' or '-'";
    const std::string digits = "a key id must be followed by exactly 64 hex digits and nothing else";
    CHECK(error_of("k1 " + key_hex + "\n\nk2 abc\n") == "keys:3: " + digits);
    CHECK(error_of("k1") == "keys:1: " + digits);
    CHECK(error_of("k1 " + key_hex + "0") == "keys:1: " + digits);
    CHECK(error_of("k1 " + key_hex.substr(1) + "g") == "keys:1: " + digits);
    CHECK(error_of("k1 " + key_hex + " more") == "keys:1: " + digits);
    CHECK(error_of("k/1 " + key_hex) == "keys:1: " + id);
    CHECK(error_of(std::string(65, 'k') + " " + key_hex) == "keys:1: " + id);
    CHECK(error_of(key_hex + key_hex + " k1") == "keys:1: " + id);
    CHECK(error_of(std::string("k\0 ", 3) + key_hex) == "keys:1: " + id);
    CHECK(error_of("k1 " + key_hex + "\nk1 " + key_hex) ==
          "keys:2: this key id stands in the file already; each may be there once");
    CHECK(error_of("# nothing\n\n") == "keys: no key; there must be a line `<key id> <64 hex digits>`");
    CHECK(error_of("") == error_of("\n"));
    const std::string line = "k1 " + key_hex, twice = line + "\n" + line, longer = line + key_hex, turned = key_hex + " k1";
    for (const std::string& text : {turned, longer, twice, key_hex}) CHECK_THAT(error_of(text), !Contains(key_hex.substr(0, 8)));
}

TEST_CASE("Key file: number and size are bounded") {
    std::string text;
    for (std::size_t i = 0; i < keys_max; ++i) text += "k" + std::to_string(i) + " " + key_hex + "\n";
    CHECK(parse_key_file(text, "keys").has_value());
    CHECK_THAT(error_of(text + "one-more " + key_hex), Contains("keys:65: more than 64 keys"));
    const std::string comments(key_file_bytes_max - key_hex.size() - 4, '#');
    CHECK(parse_key_file("k1 " + key_hex + "\n" + comments, "keys").has_value());
    CHECK_THAT(error_of("k1 " + key_hex + "\n" + comments + "#"), Contains("more than 65536 bytes"));
}

TEST_CASE("Key file: a regular file that only its owner may use") {
    support::ScratchDir scratch;
    const std::string text = "k1 " + key_hex + "\n";
    for (const ::mode_t mode : {0600U, 0400U}) CHECK(read_key_file(write_file(scratch, text, mode)).has_value());
    for (const ::mode_t mode : {0640U, 0620U, 0604U, 0601U, 0660U}) {
        const auto read = read_key_file(write_file(scratch, text, mode));
        REQUIRE_FALSE(read.has_value());
        CHECK_THAT(read.error().text, Contains((scratch / "keys").string()) && Contains("mode 0600"));
    }
    CHECK_THAT(read_key_file(scratch.path()).error().text, Contains("regular file"));
    CHECK_THAT(read_key_file(scratch / "none").error().text, Contains("none") && Contains("No such file"));
    CHECK_THAT(read_key_file(write_file(scratch, std::string(key_file_bytes_max + 2, '\n'), 0600)).error().text,
               Contains("more than 65536 bytes"));
}
