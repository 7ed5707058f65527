// SPDX-License-Identifier: MIT
// Which key seals, which opens, and when keys may be exchanged.
#include "storage/key_ring.hpp"

#include <catch2/catch.hpp>

#include "tests/support/log_fixture.hpp"

using namespace storage;
using Catch::Matchers::Contains;
using test::keys_of;

namespace {

constexpr auto aes = CipherKind::aes_256_gcm;
const Id salt{1, 2, 3};

std::string exchange(KeyRing& ring, std::vector<Key> keys, std::vector<KeyUse> uses = {}) {
    const auto refused = ring.exchange(std::move(keys), [&]() -> KeyRing::Uses { return uses; });
    return refused ? refused->text : "";
}

}  // namespace

TEST_CASE("Key ring: the first key seals, all open, a wrong one is told from a missing one") {
    KeyRing ring(keys_of({"new", "old"}), aes);
    CHECK(ring.current_key_id() == "new");
    const auto cipher = ring.for_new_file(FilePurpose::wal, salt);
    CHECK(cipher->name().key_id == "new");
    CHECK(ring.for_file(FilePurpose::wal, cipher->name(), salt).cipher);
    const auto old = KeyRing(keys_of({"old"}), CipherKind::chacha20_poly1305).for_new_file(FilePurpose::wal, salt)->name();
    CHECK(ring.for_file(FilePurpose::wal, old, salt).cipher);

    CHECK(ring.for_file(FilePurpose::wal, {1, "none", old.key_check}, salt).fault == KeyFault::no_such_key);
    CHECK(ring.for_file(FilePurpose::wal, {1, "new", old.key_check}, salt).fault == KeyFault::wrong_key);
    CHECK(ring.for_file(FilePurpose::wal, {3, "new", old.key_check}, salt).fault == KeyFault::unknown_cipher);
    CHECK(ring.for_file(FilePurpose::wal, cipher->name(), Id{}).fault == KeyFault::wrong_key);
    CHECK(ring.for_file(FilePurpose::snapshot, cipher->name(), salt).fault == KeyFault::wrong_key);
    CHECK_FALSE(ring.for_file(FilePurpose::wal, {1, "new", ""}, salt).cipher);
}

TEST_CASE("Key ring: an exchange that a file does not allow changes nothing") {
    KeyRing ring(keys_of({"one"}), aes);
    const auto generation = ring.generation();
    CHECK(exchange(ring, keys_of({"two", "one"}), {{"wal-1", "one"}, {"wal-2", ""}}).empty());
    CHECK(ring.current_key_id() == "two");
    CHECK(ring.generation() == generation + 1);
    CHECK(exchange(ring, keys_of({"two", "one"})).empty());
    CHECK(ring.generation() == generation + 1);  // nothing new seals

    CHECK(exchange(ring, keys_of({"two"}), {{"wal-1", "one"}}) == "key 'one' is missing, and wal-1 is sealed with it");
    auto changed = keys_of({"three", "two"});
    changed[1].secret.bytes[0] ^= 1;
    CHECK_THAT(exchange(ring, changed), Contains("key 'two' has another secret"));
    const auto unreadable = ring.exchange(keys_of({"three"}), []() -> KeyRing::Uses { return Refusal{"cannot read"}; });
    REQUIRE(unreadable.has_value());
    CHECK(unreadable->text == "cannot read");
    CHECK(ring.current_key_id() == "two");
    CHECK(ring.generation() == generation + 1);
}

TEST_CASE("Key ring: a key seals a file that has no name yet, and cannot be dropped meanwhile") {
    KeyRing ring(keys_of({"one"}), aes);
    auto cipher = ring.for_new_file(FilePurpose::snapshot, salt);
    CHECK_THAT(exchange(ring, keys_of({"two"})), Contains("the file being written is sealed with it"));
    cipher.reset();
    CHECK(exchange(ring, keys_of({"two"})).empty());
    CHECK(ring.current_key_id() == "two");
}

TEST_CASE("Key ring: what it says about a file is one printable line") {
    const SealName name{1, "a\nb\x80" + std::string(100, 'x'), ""};
    const std::string line = describe(KeyFault::no_such_key, "wal-1", name);
    CHECK_THAT(line, Contains("wal-1 is sealed with key 'a?b?xxx") && !Contains("\n"));
    CHECK(line.size() < 150);
}
