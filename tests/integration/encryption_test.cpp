// SPDX-License-Identifier: MIT
// Encryption at rest, from outside: nothing in clear on the disk, restarts, wrong keys, migration, and keys exchanged by SIGHUP.
#include "tests/support/integration.hpp"

#include <sys/stat.h>

#include <csignal>
#include <fstream>
#include <map>

namespace integration {

namespace {

std::string key_line(const std::string& id, char digit) { return id + " " + std::string(64, digit) + "\n"; }
const std::string k1 = key_line("k1", '1'), k2 = key_line("k2", '2'), k3 = key_line("k3", '3');

class KeyFile {
public:
    explicit KeyFile(const std::string& text) { write(text); }
    void write(const std::string& text) const {
        std::ofstream(path()) << text;
        REQUIRE(::chmod(path().c_str(), 0600) == 0);
    }
    std::string path() const { return (scratch_ / "keys").string(); }
    std::vector<std::string> args(const std::vector<std::string>& more = {}) const {
        std::vector<std::string> all{"--encryption-key-file", path()};
        all.insert(all.end(), more.begin(), more.end());
        return all;
    }

private:
    support::ScratchDir scratch_;
};

// A start that ends by itself, says one line and leaves every file as it was.
std::string unchanged_refusal(ServerProcess& server) {
    const auto before = files_of(server.dir());
    const std::size_t said_before = server.stderr_text().size();
    server.launch();
    CHECK(server.wait_exit() == 1);
    CHECK(files_of(server.dir()) == before);
    std::string line = server.stderr_text().substr(said_before);
    CHECK(std::count(line.begin(), line.end(), '\n') == 1);
    return line;
}

std::string encryption(Redis& redis, const std::string& what) {
    return support::info_field(redis, "persistence", "encryption_" + what);
}

// The next write that finds enough room prepared begins a segment under the new key.
void write_until_needed(Redis& redis, const std::string& key, const std::string& ids) {
    REQUIRE(eventually([&] { return redis("SET", key, key).is_ok() && encryption(redis, "key_ids_needed") == ids; }));
}

}  // namespace

TEST_CASE("sealed: sessions and values survive kill -9, and stand nowhere in clear", "[encryption]") {
    const std::string cipher = GENERATE("auto", "aes-256-gcm", "chacha20-poly1305");
    const KeyFile keys(k1);
    ServerProcess server(keys.args({"--encryption-cipher", cipher, "--appendfsync", "always"}));
    std::string token;
    {
        Redis redis = server.redis();
        token = create(redis, "canary-user", "DEVICE", "canary-device", "DATA", 1, "canary-name", "canary-data").at("token").text;
        REQUIRE(redis("SET", "canary-key", "canary-value").is_ok());
        CHECK(encryption(redis, "cipher") == (cipher == "auto" ? encryption(redis, "cipher") : cipher));
        CHECK(encryption(redis, "key_id") == "k1");
    }
    for (int life = 0; life < 3; ++life) {
        server.restart_hard();
        Redis redis = server.redis();
        CHECK(redis("SESS.GETBYTOKEN", token).at("data").at("canary-name").text == "canary-data");
        CHECK(redis.show("GET", "canary-key") == "\"canary-value\"");
        REQUIRE(redis("SET", "canary-" + std::to_string(life), "canary").is_ok());
    }
    REQUIRE(server.stop() == 0);
    CHECK_FALSE(support::find_in_files(server.dir(), "canary"));
    CHECK_THAT(server.stdout_text(), Contains("encrypted with ") && Contains("key 'k1'") && !Contains(std::string(16, '1')));
}

TEST_CASE("sealed: without its key a directory refuses the start, and no file changes", "[encryption][start]") {
    const KeyFile keys(k1);
    ServerProcess server(keys.args());
    {
        Redis redis = server.redis();
        create(redis, "alice");
    }
    server.kill_hard();
    server.set_args({});
    CHECK_THAT(unchanged_refusal(server), Contains("no key given opens it") && Contains("'k1'"));
    server.set_args(keys.args());
    keys.write(k2);
    CHECK_THAT(unchanged_refusal(server), Contains("there is no such key"));
    keys.write(key_line("k1", '5'));
    CHECK_THAT(unchanged_refusal(server), Contains("the key of that name is another one") && !Contains("5555"));
    keys.write(k2 + k1);
    server.start();
    Redis redis = server.redis();
    CHECK(redis.show("SESS.COUNTUSER", "alice") == "(integer) 1");
}

TEST_CASE("sealed: a key file that cannot be used refuses the start before anything is touched", "[encryption][start]") {
    const KeyFile keys(k1);
    ServerOptions options;
    options.args = keys.args();
    options.start = false;
    ServerProcess server(options);
    keys.write(k1 + "k2 123\n");
    CHECK_THAT(unchanged_refusal(server), Contains(keys.path() + ":2: ") && Contains("64 hex digits") && !Contains("123\n"));
    keys.write(k1);
    REQUIRE(::chmod(keys.path().c_str(), 0644) == 0);
    CHECK_THAT(unchanged_refusal(server), Contains(keys.path()) && Contains("0600"));
    server.set_args({"--encryption-key-file", keys.path() + ".none"});
    CHECK_THAT(unchanged_refusal(server), Contains("No such file"));
    CHECK(files_of(server.dir()).empty());
}

TEST_CASE("sealed: plain data refuse a key, until they are to be migrated", "[encryption]") {
    const KeyFile keys(k1);
    ServerProcess server;
    {
        Redis redis = server.redis();
        REQUIRE(redis("SET", "before", "plain").is_ok());
    }
    server.kill_hard();
    server.set_args(keys.args());
    CHECK_THAT(unchanged_refusal(server), Contains("not encrypted") && Contains("encryption-migrate"));
    server.set_args(keys.args({"--encryption-migrate", "yes"}));
    server.start();
    Redis redis = server.redis();
    CHECK(redis.show("GET", "before") == "\"plain\"");
    REQUIRE(redis("SET", "after", "canary").is_ok());
    CHECK(encryption(redis, "plain_files") == "1");
    CHECK(encryption(redis, "key_ids_needed") == "k1");
    server.kill_hard();
    CHECK_FALSE(support::find_in_files(server.dir(), "canary"));
}

TEST_CASE("sealed: keys are exchanged by SIGHUP and CONFIG SET, and none that is needed can go", "[encryption]") {
    const KeyFile keys(k1);
    ServerProcess server(keys.args());
    {
        Redis redis = server.redis();
        REQUIRE(redis("SET", "one", "1").is_ok());
        keys.write(k2 + k1);
        server.signal(SIGHUP);
        REQUIRE(eventually([&] { return encryption(redis, "key_id") == "k2"; }));
        CHECK(encryption(redis, "key_ids_needed") == "k1");
        write_until_needed(redis, "two", "k1,k2");
        keys.write(k3 + k2 + k1);
        CHECK(redis("CONFIG", "SET", "encryption-reload", "yes").is_ok());
        write_until_needed(redis, "three", "k1,k2,k3");
        CHECK(encryption(redis, "reloads") == "2");

        keys.write(k3 + k2);
        const Reply refused = redis("CONFIG", "SET", "encryption-reload", "yes");
        CHECK_THAT(refused.text, Contains("key 'k1' is missing") && Contains("wal-00000000000000000001.log"));
        server.signal(SIGHUP);
        REQUIRE(eventually([&] { return encryption(redis, "reloads_refused") == "2"; }));
        keys.write(k3 + "nonsense\n");
        CHECK_THAT(redis("CONFIG", "SET", "encryption-reload", "yes").text, Contains(":2: ") && !Contains("nonsense"));
        CHECK(encryption(redis, "key_id") == "k3");
        CHECK(redis("CONFIG", "GET", "encryption-reload").at("encryption-reload").text == "no");
    }
    server.kill_hard();
    keys.write(k3 + k1);
    CHECK_THAT(unchanged_refusal(server), Contains("'k2'"));
    keys.write(k1 + k2 + k3);
    server.start();
    Redis redis = server.redis();
    CHECK(redis.show("MGET", "one", "two", "three") == R"(["1", "two", "three"])");
}

TEST_CASE("sealed: without a key file there is nothing to exchange, and SIGHUP is ignored", "[encryption]") {
    ServerProcess server;
    Redis redis = server.redis();
    CHECK(encryption(redis, "cipher") == "none");
    CHECK_THAT(redis("CONFIG", "SET", "encryption-reload", "yes").text, Contains("there is no encryption-key-file"));
    CHECK(redis("CONFIG", "SET", "encryption-reload", "no").is_ok());
    server.signal(SIGHUP);
    CHECK(redis.show("PING") == "+PONG");
}

}  // namespace integration
