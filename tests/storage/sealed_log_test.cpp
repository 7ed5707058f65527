// SPDX-License-Identifier: MIT
// The log with encryption at rest: what is read again, what refuses a start, when keys change.
#include <map>
#include <set>

#include <catch2/catch.hpp>

#include "storage/log.hpp"
#include "tests/support/log_history.hpp"
#include "tests/support/server_process.hpp"

using namespace storage;
using test::LogFixture;
using test::sealed_with;
using Records = std::vector<std::string>;
using Catch::Matchers::Contains;

namespace {

constexpr auto each_cipher = {CipherKind::aes_256_gcm, CipherKind::chacha20_poly1305};

bool holds(const std::vector<std::byte>& bytes, std::string_view text) {
    const auto wanted = std::as_bytes(std::span(text));
    return std::search(bytes.begin(), bytes.end(), wanted.begin(), wanted.end()) != bytes.end();
}

bool on_disk(const LogFixture& log, std::string_view text) {
    const auto names = log.disk.names();
    return std::any_of(names.begin(), names.end(), [&](const auto& name) { return holds(log.disk.bytes(name), text); });
}

SealName seal_of(const LogFixture& log, const std::string& segment) {
    const auto decoded = wal::decode_header(log.disk.bytes(segment));
    REQUIRE(decoded.header);
    return decoded.header->seal;
}

void refuses(LogFixture& log, const std::string& why) {
    const auto fingerprint = log.disk.fingerprint();
    CHECK_FALSE(log.start());
    CHECK_THAT(log.refusal, Contains(why) && Contains("(nothing was changed)") && !Contains("\n"));
    CHECK(log.disk.fingerprint() == fingerprint);
}

}  // namespace

TEST_CASE("Sealed log: what was written is read again, over lives and segments, and stands nowhere in clear") {
    for (const CipherKind cipher : each_cipher) {
        LogFixture log;
        log.encryption = sealed_with({"k1"}, cipher);
        test::SeededRandom random(7);
        Records all;
        for (int life = 0; life < 6; ++life) {
            REQUIRE(log.start());
            REQUIRE(log.appended == all);
            for (int i = 0; i < 25; ++i) {
                Records batch = {"canary " + std::to_string(life) + " " + std::to_string(i)};
                for (std::uint64_t more = random.below(3); more > 0; --more) batch.push_back(test::random_record(random, 900));
                REQUIRE(log.write_batch(batch));
                if (i % 10 == 0) REQUIRE(log.mark());
            }
            all = log.appended;
            life % 2 == 0 ? static_cast<void>(log.stop()) : log.kill();
        }
        CHECK(log.read_all() == all);
        CHECK(log.segments().size() > 10);
        CHECK(log.notices.empty());
        CHECK_FALSE(on_disk(log, "canary"));
        for (const std::string& segment : log.segments())
            CHECK(seal_of(log, segment).cipher == static_cast<std::uint32_t>(cipher));
    }
}

TEST_CASE("Sealed log: the search for plaintext finds it where nothing is sealed") {
    LogFixture log;
    REQUIRE(log.start());
    REQUIRE(log.write("canary"));
    CHECK(on_disk(log, "canary"));
}

TEST_CASE("Sealed log: a missing or wrong key refuses the start, and nothing is touched") {
    LogFixture log;
    log.encryption = sealed_with({"k1"});
    REQUIRE(log.start());
    REQUIRE(log.write("record"));
    log.kill();
    log.disk.set_bytes("spare-1", std::vector<std::byte>(10));
    const Encryption right = log.encryption;
    SECTION("no key at all") {
        log.encryption = {};
        refuses(log, "no key given opens it");
    }
    SECTION("only another key") {
        log.encryption = sealed_with({"k2"});
        refuses(log, "sealed with key 'k1' and there is no such key");
    }
    SECTION("another secret under the same name") {
        auto keys = test::keys_of({"k1"});
        keys[0].secret.bytes[31] ^= 1;
        log.encryption.keys = std::make_shared<KeyRing>(std::move(keys), CipherKind::aes_256_gcm);
        refuses(log, "the key of that name is another one");
    }
    SECTION("nor does encryption-migrate help") {
        log.encryption = {nullptr, true};
        refuses(log, "no key given opens it");
    }
    log.encryption = right;
    CHECK(log.read_all() == Records{"record"});
}

TEST_CASE("Sealed log: plain data under a key refuse, unless they are to be migrated") {
    LogFixture log;
    REQUIRE(log.start());
    REQUIRE(log.write("plain one"));
    log.kill();
    log.encryption = sealed_with({"k1"});
    refuses(log, "not encrypted, although a key is configured");
    log.encryption.migrate = true;
    REQUIRE(log.start());
    CHECK(log.appended == Records{"plain one"});
    REQUIRE(log.write("sealed two"));
    REQUIRE(log.stop());
    CHECK_FALSE(on_disk(log, "sealed two"));
    CHECK(log.read_all() == Records{"plain one", "sealed two"});
    log.encryption.migrate = false;
    refuses(log, "not encrypted, although a key is configured");  // as long as the plain segment is there
    log.encryption = {};
    refuses(log, "no key given opens it");
}

TEST_CASE("Sealed log: a cipher that this version does not know is a newer version's") {
    LogFixture log;
    REQUIRE(log.start());
    REQUIRE(log.write("record"));
    const std::string name = log.last_segment();
    log.kill();
    auto content = log.disk.bytes(name);
    auto header = *wal::decode_header(content).header;
    header.seal = {7, "k1", "0123456789abcdef"};
    const auto block = wal::encode(header);
    std::copy(block.begin(), block.end(), content.begin());
    log.disk.set_bytes(name, content);
    refuses(log, "written by a newer version");
    log.encryption = sealed_with({"k1"});
    refuses(log, "written by a newer version");
}

TEST_CASE("Sealed log: old segments open with the key that they name, new ones are sealed with the first") {
    LogFixture log;
    const std::vector<std::vector<std::string>> files = {{"k1"}, {"k2", "k1"}, {"k3", "k1", "k2"}};
    for (const auto& ids : files) {
        log.encryption = sealed_with(ids, ids.size() % 2 == 0 ? CipherKind::chacha20_poly1305 : CipherKind::aes_256_gcm);
        REQUIRE(log.start());
        REQUIRE(log.write("with " + ids.front()));
        REQUIRE(log.stop());
        CHECK(seal_of(log, log.last_segment()).key_id == ids.front());
    }
    CHECK(log.read_all() == Records{"with k1", "with k2", "with k3"});
    log.encryption = sealed_with({"k3", "k2"});
    refuses(log, "sealed with key 'k1'");
}

namespace {

// What was ever seen sealed under a file's salt and a frame's offset, which make the subkey and the nonce.
using SealedOnce = std::map<std::pair<Id, std::uint64_t>, std::vector<std::byte>>;

void remember(const LogFixture& log, SealedOnce& seen) {
    for (const std::string& name : log.segments()) {
        const auto file = log.disk.bytes(name);
        const auto header = wal::decode_header(file).header;
        REQUIRE(header);
        const auto offsets = log.frame_offsets(name);
        for (std::size_t i = 0; i + 1 < offsets.size(); ++i) {
            const auto frame = std::span(file).subspan(offsets[i], offsets[i + 1] - offsets[i]);
            const auto decoded = wal::decode_frame(frame.first<wal::frame_header_bytes>(), header->seed(), true);
            if (decoded->kind != wal::FrameKind::data) continue;
            const std::vector<std::byte> bytes(frame.begin(), frame.end());
            REQUIRE(seen.emplace(std::pair(header->salt, offsets[i]), bytes).first->second == bytes);
        }
    }
}

}  // namespace

TEST_CASE("Sealed log: no nonce seals two contents, whenever the power goes") {
    std::size_t frames = 0;
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        LogFixture whole(seed);
        whole.encryption = sealed_with({"k1"});
        test::live(whole, Fsync::everysec, seed);
        for (std::uint64_t step = 1; step <= whole.disk.steps(); ++step) {
            INFO("seed " << seed << " step " << step);
            LogFixture log(seed);
            log.encryption = whole.encryption;
            SealedOnce seen;
            log.disk.cut_power_at(step);
            test::live(log, Fsync::everysec, seed);
            remember(log, seen);  // what the disk may have got of it, all included
            log.power_cycle(step);
            for (int life = 0; life < 3; ++life) {
                REQUIRE(log.start());
                REQUIRE(log.write("life " + std::to_string(life)));
                remember(log, seen);
                log.kill();
            }
            frames += seen.size();
        }
    }
    CHECK(frames > 1000);
}

namespace {

// The log with its threads; waiting is for the words of the journal.
struct Running {
    explicit Running(test::MemoryDisk& disk, Encryption encryption, std::uint64_t reserve = 64 << 10) {
        LogOptions options;
        options.appendfsync = Fsync::always;
        options.segment_bytes = options.segment_bytes_first = 64 << 10;
        options.removal_reserve_bytes = reserve;
        options.encryption = std::move(encryption);
        auto opened = Log::open(disk.mount(), options, clock, now, random);
        REQUIRE(opened.has_value());
        log = std::move(*opened);
        REQUIRE(log->recover(list).has_value());
        log->start();
    }
    void append(const std::string& record) {
        Credit credit;
        REQUIRE(support::eventually([&] { return log->journal().admit(credit, record.size()) == Admission::granted; }));
        const Lsn lsn = log->journal().append(credit, std::as_bytes(std::span(record)));
        log->journal().release(credit);
        REQUIRE(support::eventually([&] { return value(log->journal().durable()) >= value(lsn); }));
    }
    std::set<std::string> key_ids() {
        std::set<std::string> ids;
        const auto uses = log->key_uses().now();
        REQUIRE(uses.has_value());
        for (const KeyUse& use : *uses) ids.insert(use.key_id);
        return ids;
    }

    test::ManualClock clock;
    SteadyNow now{clock};
    test::SeededRandom random{1};
    test::RecordList list;
    std::unique_ptr<Log> log;
};

}  // namespace

TEST_CASE("Sealed log: after an exchange of keys the next write begins a segment under the new one") {
    test::MemoryDisk disk;
    Records all;
    {
        Running server(disk, sealed_with({"k1"}));
        KeyRing& keys = *server.log->encryption().keys;
        const auto exchange = [&](const std::vector<std::string>& ids) {
            return keys.exchange(test::keys_of(ids), [&] { return server.log->key_uses().now(); });
        };
        for (const std::string id : {"k1", "k2", "k3"}) {
            if (id == "k2") REQUIRE_FALSE(exchange({"k2", "k1"}).has_value());
            if (id == "k3") REQUIRE_FALSE(exchange({"k3", "k2", "k1"}).has_value());
            for (int i = 0; i < 20; ++i) {
                all.push_back("under " + id + " " + std::to_string(i));
                server.append(all.back());
            }
        }
        CHECK(server.key_ids() == std::set<std::string>{"k1", "k2", "k3"});
        CHECK(server.log->figures().segments == 3);
        const auto refused = exchange({"k3", "k2"});
        REQUIRE(refused.has_value());
        CHECK_THAT(refused->text, Contains("key 'k1' is missing") && Contains("wal-00000000000000000001.log"));
        server.log->stop();
    }
    Running again(disk, sealed_with({"k3", "k2", "k1"}));
    CHECK(again.list.records == all);
}

TEST_CASE("Sealed log: a segment is not given up for a key while what was promised may need its rest") {
    test::MemoryDisk disk;
    Running server(disk, sealed_with({"k1"}), 0);
    server.append("one");
    disk.set_capacity(0);  // nothing more can be prepared
    Journal& journal = server.log->journal();
    std::vector<Credit> promised(1);  // as if commands were about to write all that is ready
    while (journal.admit(promised.back(), 8 << 10) == Admission::granted) promised.emplace_back();
    const auto refused =
        server.log->encryption().keys->exchange(test::keys_of({"k2", "k1"}), [&] { return server.log->key_uses().now(); });
    REQUIRE_FALSE(refused.has_value());
    const Lsn two = journal.append(promised.front(), std::as_bytes(std::span(std::string_view("two"))));
    journal.kick();
    REQUIRE(support::eventually([&] { return value(journal.durable()) >= value(two); }));
    CHECK(server.key_ids() == std::set<std::string>{"k1"});
    for (Credit& credit : promised) journal.release(credit);
    server.append("three");
    CHECK(server.key_ids() == std::set<std::string>{"k1", "k2"});
}
