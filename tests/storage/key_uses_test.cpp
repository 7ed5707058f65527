// SPDX-License-Identifier: MIT
// Which keys the files of a directory need, while they come, go and take each other's names.
#include "storage/key_uses.hpp"

#include <catch2/catch.hpp>

#include "tests/support/log_fixture.hpp"

using namespace storage;
using Catch::Matchers::Contains;
using test::LogFixture;
using test::sealed_with;

namespace {

std::string key_ids(KeyUses& uses) {
    const auto now = uses.now();
    if (!now) return now.error().text;
    std::string ids;
    for (const KeyUse& use : *now) ids += (use.key_id.empty() ? "plain" : use.key_id) + " ";
    return ids;
}

}  // namespace

TEST_CASE("Key uses: follow the files, and read each header once") {
    LogFixture log;
    const auto fs = log.disk.mount();
    KeyUses uses(*fs);
    CHECK(key_ids(uses).empty());
    for (const std::string id : {"", "k1", "k2"}) {
        log.encryption = id.empty() ? Encryption{} : sealed_with({id, "k1"});
        if (id == "k1") log.encryption = sealed_with({"k1"});
        log.encryption.migrate = true;
        REQUIRE(log.start());
        REQUIRE(log.write("record"));
        REQUIRE(log.stop());
    }
    CHECK(key_ids(uses) == "plain k1 k2 ");
    const auto reads = log.disk.calls(test::MemoryDisk::Call::pread);
    CHECK(key_ids(uses) == "plain k1 k2 ");
    CHECK(log.disk.calls(test::MemoryDisk::Call::pread) == reads);
    log.disk.remove(log.segments()[1]);
    CHECK(key_ids(uses) == "plain k2 ");
    log.disk.set_bytes("wal-00000000000000000009.log", std::vector<std::byte>(5000));
    CHECK_THAT(key_ids(uses), Contains("wal-00000000000000000009.log") && Contains("damaged"));
}

TEST_CASE("Key uses: a segment that takes the name of an empty one needs its own key") {
    LogFixture log;
    const auto fs = log.disk.mount();
    KeyUses uses(*fs);
    log.encryption = sealed_with({"k1"});
    REQUIRE(log.start());
    REQUIRE(log.write("torn"));
    const std::string name = log.last_segment();
    log.kill();
    log.flip(name, wal::header_block_bytes, 0);
    CHECK(key_ids(uses) == "k1 ");
    log.encryption = sealed_with({"k2", "k1"});
    REQUIRE(log.start());
    REQUIRE(log.write("in its place"));
    REQUIRE(log.last_segment() == name);
    CHECK(key_ids(uses) == "k2 ");
}
