// SPDX-License-Identifier: MIT
// Tokens' hashes: known answers (python's hmac and hashlib), and the directory's secret, which lives as long as the directory.
#include "storage/token.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <numeric>

#include <catch2/catch.hpp>

#include "storage/data_directory.hpp"
#include "storage/snapshot_reader.hpp"
#include "tests/support/store_process.hpp"

using namespace storage;

namespace {

TokenSecret counting_secret() {
    TokenSecret secret;
    std::iota(secret.begin(), secret.end(), static_cast<unsigned char>(1));
    return secret;
}

std::string hex(const TokenHash& hash) {
    std::string text;
    for (const unsigned char byte : hash) {
        static constexpr std::string_view digits = "0123456789abcdef";
        text += {digits[byte >> 4U], digits[byte & 15U]};
    }
    return text;
}

constexpr std::string_view weak = "correct horse battery";

void bring(test::StoreProcess& process, std::string_view token) {
    NewSession wanted;
    wanted.user = "alice";
    wanted.token = token;
    REQUIRE(process.run([&](Op& op) { return process.store().create(op, wanted); }).has_value());
}

bool opens(test::StoreProcess& process, std::string_view token) {
    return process.run([&](Op& op) { return process.store().validate(op, token, {}, [](const SessionView&) {}); }).has_value();
}

bool holds(const std::vector<std::byte>& file, std::span<const unsigned char> wanted) {
    const auto bytes = std::as_bytes(wanted);
    return std::search(file.begin(), file.end(), bytes.begin(), bytes.end()) != file.end();
}

bool on_disk(test::StoreProcess& process, std::span<const unsigned char> wanted) {
    const auto names = process.disk.names();
    return std::any_of(names.begin(), names.end(),
                       [&](const std::string& name) { return holds(process.disk.bytes(name), wanted); });
}

std::string newest_snapshot(test::StoreProcess& process) { return list_data(process.files())->snapshots.back().name; }

}  // namespace

TEST_CASE("Tokens: hashes have the known values") {
    const TokenHasher keyed(counting_secret());
    CHECK(hex(keyed(weak)) == "a891091a09b8e45ef4743b6da2528309b16be23f0c7e9ca2a07f2149095823fd");
    CHECK(hex(keyed(std::string(1024, 'x'))) == "cd795aa75e5d975293d4c02a8d3c6fe65b6b6e39a545348935471a82f48ef55c");
    const std::string made = "tmtk_" + std::string(43, 'A');  // nothing to guess: not keyed
    CHECK(hex(keyed(made)) == "4a230fb968e91b93f5e263c9a4b0c72b1cb2fbb418e3f515c146f8ea76329811");
    CHECK(TokenHasher()(made) == keyed(made));
    CHECK(TokenHasher()(weak) != keyed(weak));
    CHECK(keyed(made + "A") != TokenHasher()(made + "A"));
    CHECK(keyed("tmtj_" + std::string(43, 'A')) != TokenHasher()("tmtj_" + std::string(43, 'A')));
}

TEST_CASE("Tokens: a directory keeps its secret over restarts, keys and snapshots") {
    test::StoreProcess process(7);
    std::vector<std::string> brought;
    TokenSecret secret{};
    for (const std::vector<std::string>& keys : {std::vector<std::string>{}, {"k1"}, {"k2", "k1"}}) {
        INFO(keys.size() << " keys");
        if (!keys.empty()) process.encryption = test::sealed_with(keys);
        process.encryption.migrate = true;
        REQUIRE(process.start());
        brought.push_back("a weak token, number " + std::to_string(keys.size()));
        bring(process, brought.back());
        REQUIRE(process.sync());
        CHECK_FALSE(on_disk(process, TokenHasher()(brought.back())));
        REQUIRE(process.snapshot());
        const auto reader = SnapshotReader::open(process.files(), newest_snapshot(process), process.encryption);
        REQUIRE(reader.has_value());
        if (keys.empty()) secret = (*reader)->token_secret();
        CHECK(secret != TokenSecret{});
        CHECK((*reader)->token_secret() == secret);
        CHECK(holds(process.disk.bytes(newest_snapshot(process)), secret) == keys.empty());  // masked in a sealed file
        REQUIRE(process.stop());
        REQUIRE(process.start());
        for (const std::string& token : brought) CHECK(opens(process, token));
        REQUIRE(process.stop());
    }

    REQUIRE(process.start());
    test::StoreProcess restored(8);
    restored.encryption = process.encryption;
    restored.disk.set_bytes(newest_snapshot(process), process.disk.bytes(newest_snapshot(process)));
    REQUIRE(restored.start());
    for (const std::string& token : brought) CHECK(opens(restored, token));
}

TEST_CASE("Tokens: two directories hash a token differently, one from before there were secrets as it did") {
    test::StoreProcess one(1), another(2), old(3);
    for (test::StoreProcess* process : {&one, &another}) {
        REQUIRE(process->start());
        bring(*process, weak);
        REQUIRE(process->snapshot());
    }
    const auto secret_of = [](test::StoreProcess& process) {
        return (*SnapshotReader::open(process.files(), newest_snapshot(process), {}))->token_secret();
    };
    CHECK(secret_of(one) != secret_of(another));
    CHECK(on_disk(one, TokenHasher(secret_of(one))(weak)));
    CHECK_FALSE(on_disk(another, TokenHasher(secret_of(one))(weak)));

    const std::string golden = std::string(TOKMESH_SOURCE_DIR) + "/tests/storage/golden/snapshot-v1.golden";
    std::ifstream file(golden, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const auto bytes = std::as_bytes(std::span(text));
    old.disk.set_bytes(snapshot_name(Lsn{6}), {bytes.begin(), bytes.end()});
    REQUIRE(old.start());
    bring(old, weak);
    REQUIRE(old.sync());
    CHECK(on_disk(old, TokenHasher()(weak)));
}
