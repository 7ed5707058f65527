// SPDX-License-Identifier: MIT
// A full disk: writes are refused before anything changed, reads and log-outs go on, and freeing space heals it without a
// restart. Needs a small tmpfs, so root; elsewhere it says so and checks nothing.
#include "tests/support/integration.hpp"

#include <sys/mount.h>
#include <unistd.h>

#include <fstream>

namespace integration {

namespace {

class SmallDisk {
public:
    explicit SmallDisk(const std::string& size) {
        mounted_ = ::mount("tmpfs", scratch_.path().c_str(), "tmpfs", MS_NOSUID | MS_NODEV,
                           ("size=" + size + ",mode=0777").c_str()) == 0;
    }
    ~SmallDisk() {
        if (mounted_) {
            ::umount2(scratch_.path().c_str(), MNT_DETACH);
        }
    }
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;
    bool mounted() const { return mounted_; }
    std::filesystem::path path() const { return scratch_.path(); }

private:
    support::ScratchDir scratch_;
    bool mounted_ = false;
};

}  // namespace

TEST_CASE("a full disk refuses writes, lets one log out, and heals by itself", "[disk]") {
    SmallDisk disk("40m");
    if (!disk.mounted()) {
        WARN("left out: a small disk needs the right to mount a tmpfs (root)");
        return;
    }
    std::filesystem::create_directory(disk.path() / "data");
    ServerOptions options;
    options.args = {"--appendfsync", "always"};
    options.data_dir = disk.path() / "data";
    ServerProcess server(options);
    std::string token;
    int kept = 0, sessions = 0;
    {
        Redis redis = server.redis();
        token = create(redis, "alice").at("token").text;
        std::ofstream ballast(disk.path() / "ballast", std::ios::binary);
        const std::string block(1 << 20, 'b');
        for (int i = 0; i < 64 && ballast.write(block.data(), static_cast<std::streamsize>(block.size())).flush(); ++i) {
        }
        const std::string value(16 * 1024, 'v');
        Reply reply = redis("SET", "k0", value);
        while (reply.is_ok() && kept < 10'000) {
            ++kept;
            reply = redis("SET", "k" + std::to_string(kept), value);
        }
        INFO(reply.shown());
        CHECK(reply.is_error("MISCONF"));
        CHECK_THAT(reply.text, Contains("TM-SYS-5001"));
        WARN(kept << " writes of 16 KiB until the disk was full");
        CHECK(redis.show("EXISTS", "k" + std::to_string(kept)) == "(integer) 0");  // refused is not kept
        // Small changes still fit behind the large one that did not; then nothing does.
        while (redis("SESS.CREATE", "bob" + std::to_string(sessions)).has("id")) {
            REQUIRE(++sessions < 100'000);
        }
        CHECK(redis("SESS.CREATE", "bob").is_error("MISCONF"));
        CHECK(redis("SESS.COUNTUSER", "bob").integer == 0);
        CHECK(redis("SET", "small", "v").is_error("MISCONF"));
        CHECK_THAT(server.stdout_text(), Contains("Cannot prepare log files: No space left on device"));
        // Reads go on, touches do not fail.
        CHECK(redis("GET", "k0").text == value);
        CHECK_FALSE(redis("SESS.GETBYTOKEN", token, "TOUCH", "IP", "10.0.0.1").is_null());
        CHECK(redis.show("PING") == "+PONG");
        // One can still log out.
        CHECK(redis.show("SESS.DELUSER", "alice") == "(integer) 1");
        CHECK(redis("SESS.GETBYTOKEN", token).is_null());
        CHECK(redis.show("DEL", "k0") == "(integer) 1");
    }
    // A start on a full disk: what was acknowledged is there.
    server.restart_hard();
    Redis redis = server.redis();
    CHECK(redis("SESS.GETBYTOKEN", token).is_null());
    CHECK(redis("DBSIZE").integer == kept - 1 + sessions);
    CHECK(redis.show("STRLEN", "k1") == "(integer) 16384");
    std::filesystem::remove(disk.path() / "ballast");
    CHECK(eventually([&] { return redis("SET", "healed", "1").is_ok(); }, 15s));
    CHECK_THAT(server.stdout_text(), Contains("Log files can be prepared again"));
    create(redis, "carol");
    server.restart_hard();
    Redis again = server.redis();
    CHECK(again.show("GET", "healed") == "\"1\"");
    CHECK(again("SESS.COUNTUSER", "carol").integer == 1);
}

}  // namespace integration
