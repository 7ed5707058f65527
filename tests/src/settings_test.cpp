// SPDX-License-Identifier: MIT
// Settings: units, ranges, atomic CONFIG SET, redis.conf syntax with file and line in every error, and the shipped conf file.
#include "src/settings.hpp"

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include <catch2/catch.hpp>

#include "resp/quoted_words.hpp"
#include "src/config_file.hpp"
#include "src/settings_values.hpp"
#include "tests/support/scratch_dir.hpp"

using server::Settings;

namespace {

std::string load(Settings& settings, const std::string& text) {
    return server::load_settings_text(settings, "x.conf", text).value_or("");
}

std::string set(Settings& settings, std::vector<Settings::Change> changes) { return settings.set_live(changes).value_or(""); }

struct ConfEntry {
    std::string value;
    int comments = 0;
    int times = 0;
};

// The settings of conf/tokmesh.conf with how many comment lines stand right above each.
std::map<std::string, ConfEntry> shipped_conf() {
    std::ifstream in(std::filesystem::path(TOKMESH_SOURCE_DIR) / "conf/tokmesh.conf");
    REQUIRE(in);
    std::map<std::string, ConfEntry> entries;
    int comments = 0;
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with('#')) {
            ++comments;
            continue;
        }
        std::string text;
        resp::QuotedWords words(line, text);
        std::vector<std::string> directive;
        for (std::string_view word; words.next(word) == resp::QuotedWords::Next::word;) directive.emplace_back(word);
        if (!directive.empty()) {
            ConfEntry& entry = entries[directive[0]];
            ++entry.times;
            entry.comments = comments;
            for (std::size_t i = 1; i < directive.size(); ++i) entry.value += (i > 1 ? " " : "") + directive[i];
        }
        comments = 0;
    }
    return entries;
}

}  // namespace

TEST_CASE("sizes are those of redis.conf") {
    CHECK(server::parse_bytes("1") == 1);
    CHECK(server::parse_bytes("1k") == 1000);
    CHECK(server::parse_bytes("1kb") == 1024);
    CHECK(server::parse_bytes("3MB") == 3 * 1024 * 1024);
    CHECK(server::parse_bytes("2g") == 2'000'000'000);
    for (const char* bad : {"", "k", "-1", "1kk", "1.5mb", " 1", "99999999999999999999", "9999999999999gb"})
        CHECK_FALSE(server::parse_bytes(bad));
}

TEST_CASE("durations are seconds unless they say otherwise") {
    CHECK(server::parse_duration_ms("10") == 10'000);
    CHECK(server::parse_duration_ms("500ms") == 500);
    CHECK(server::parse_duration_ms("2h") == 7'200'000);
    CHECK(server::parse_duration_ms("1d") == 86'400'000);
    CHECK_FALSE(server::parse_duration_ms("2 h"));
    CHECK_FALSE(server::parse_duration_ms("h"));
    CHECK(server::duration_text(7'200'000) == "7200");
    CHECK(server::duration_text(1'500) == "1500ms");
}

TEST_CASE("conf/tokmesh.conf holds every setting once, at its default, explained") {
    const auto entries = shipped_conf();
    for (const server::SettingRow& row : server::setting_rows()) {
        INFO(row.name);
        const auto entry = entries.find(std::string(row.name));
        REQUIRE(entry != entries.end());
        CHECK(entry->second.times == 1);
        CHECK(entry->second.comments >= 2);
        const auto shipped = server::parse_setting(row, entry->second.value),
                   normal = server::parse_setting(row, row.default_text);
        CHECK_FALSE(shipped.error);
        CHECK_FALSE(normal.error);
        CHECK(shipped.text == normal.text);
        CHECK_FALSE(row.why.empty());
    }
    CHECK(entries.size() == server::setting_rows().size());
}

TEST_CASE("a config error names file and line") {
    Settings settings;
    CHECK(load(settings, "port 7000\n\n# comment\n  nonsense 1\n") == "x.conf:4: unknown setting 'nonsense'");
    CHECK(settings.values.port == 7000);
    CHECK(load(settings, "port\n") == "x.conf:1: 'port' has no value");
    CHECK(load(settings, "port 70000\n") ==
          "x.conf:1: bad value for port '70000': argument must be between 0 and 65535 inclusive");
    CHECK(load(settings, "\nport x\r\n") == "x.conf:2: bad value for port 'x': argument couldn't be parsed into an integer");
    CHECK(load(settings, "dir \"unfinished\n") == "x.conf:1: unbalanced quotes");
    CHECK(load(settings, "appendfsync sometimes").find("always, everysec, no") != std::string::npos);
    CHECK(load(settings, "include missing.conf").starts_with("x.conf:1: cannot read "));
    CHECK(load(settings, "requirepass " + std::string(600, 'p')) ==
          "x.conf:1: bad value for requirepass: argument must be 0 to 512 bytes long");
}

TEST_CASE("quotes, case and repeated settings") {
    Settings settings;
    CHECK(load(settings, "DIR \"/a b\"\nrequirepass 'p\"w'\nsave \"\"\nport 1\nport 2\nbind 127.0.0.1 -::1\n").empty());
    CHECK(settings.values.dir == "/a b");
    CHECK(settings.values.requirepass.get() == "p\"w");
    CHECK(settings.values.port == 2);
    CHECK(settings.values.bind == std::vector<std::string>{"127.0.0.1", "-::1"});
    CHECK(load(settings, "bind example.org").find("not an IPv4 or IPv6 address") != std::string::npos);
}

TEST_CASE("includes are relative to the file and may be patterns") {
    support::ScratchDir scratch;
    std::filesystem::create_directory(scratch.path() / "conf.d");
    std::ofstream(scratch.path() / "main.conf") << "port 1\ninclude conf.d/*.conf\ninclude none.d/*.conf\n";
    std::ofstream(scratch.path() / "conf.d/a.conf") << "port 5\n";
    std::ofstream(scratch.path() / "conf.d/b.conf") << "hz 50\nbroken\n";
    Settings settings;
    std::istringstream none;
    server::SettingSources sources;
    sources.file = (scratch.path() / "main.conf").string();
    CHECK(server::load_settings(settings, sources, none) ==
          (scratch.path() / "conf.d/b.conf").string() + ":2: unknown setting 'broken'");
    CHECK(settings.values.port == 5);
    std::ofstream(scratch.path() / "loop.conf") << "include loop.conf\n";
    sources.file = (scratch.path() / "loop.conf").string();
    CHECK(server::load_settings(settings, sources, none)->find("nested too deep") != std::string::npos);
}

TEST_CASE("the command line wins over standard input, which wins over the file") {
    support::ScratchDir scratch;
    std::ofstream(scratch.path() / "main.conf") << "port 1\nhz 1\ntimeout 1\n";
    Settings settings;
    std::istringstream in("hz 2\ntimeout 2\n");
    server::SettingSources sources{(scratch.path() / "main.conf").string(), true, {{"timeout", "3"}}};
    CHECK_FALSE(server::load_settings(settings, sources, in));
    CHECK(settings.values.port == 1);
    CHECK(settings.values.hz == 2);
    CHECK(settings.values.timeout_s == 3);
    sources.options = {{"nope", "1"}};
    CHECK(server::load_settings(settings, sources, in) == "command line: --nope: unknown setting 'nope'");
}

TEST_CASE("CONFIG SET is all or nothing, in Redis's words") {
    Settings settings;
    CHECK(set(settings, {{"maxmemory", "1mb"}, {"TIMEOUT", "5"}}).empty());
    CHECK(settings.text("maxmemory") == "1048576");
    CHECK(settings.values.timeout_s == 5);
    CHECK(set(settings, {{"timeout", "6"}, {"maxmemory", "x"}}) ==
          "CONFIG SET failed (possibly related to argument 'maxmemory') - argument must be a memory value");
    CHECK(settings.values.timeout_s == 5);
    CHECK(set(settings, {{"port", "1"}}) ==
          "CONFIG SET failed (possibly related to argument 'port') - can't set immutable config");
    CHECK(set(settings, {{"hz", "1"}, {"hz", "2"}}) ==
          "CONFIG SET failed (possibly related to argument 'hz') - duplicate parameter");
    for (const char* text : {"01", "-0", "+1", " 1", "1x", "0x10", ""})
        CHECK(set(settings, {{"timeout", "6"}, {"maxclients", text}}) ==
              "CONFIG SET failed (possibly related to argument 'maxclients') - argument couldn't be parsed into an integer");
    CHECK(set(settings, {{"foo", "1"}}) == "Unknown option or number of arguments for CONFIG SET - 'foo'");
    CHECK(set(settings, {{"save", ""}}).empty());
    CHECK_FALSE(set(settings, {{"save", "3600 1"}}).empty());
}

TEST_CASE("settings that contradict each other are refused together") {
    Settings settings;
    CHECK_FALSE(set(settings, {{"session-max-ttl", "1h"}}).empty());
    CHECK(settings.text("session-max-ttl") == "2592000");
    CHECK(set(settings, {{"session-max-ttl", "1h"}, {"session-default-ttl", "30m"}}).empty());
    CHECK(settings.values.storage.session_max_ttl_ms == 3'600'000);
    CHECK_FALSE(set(settings, {{"session-default-ttl", "0"}}).empty());
    CHECK(set(settings, {{"session-max-ttl", "0"}, {"session-default-ttl", "0"}}).empty());
    CHECK(load(settings, "wal-record-max 64mb").empty());
    CHECK(settings.check_together());
}

TEST_CASE("a trigger does something once, reads as no, and when it fails nothing is set") {
    Settings settings;
    int pulled = 0;
    std::optional<std::string> why;
    settings.on_trigger([&](const server::SettingRow& row) {
        ++pulled;
        CHECK(row.name == "encryption-reload");
        return why;
    });
    CHECK(set(settings, {{"encryption-reload", "yes"}, {"hz", "50"}}).empty());
    CHECK(pulled == 1);
    CHECK(settings.text("encryption-reload") == "no");
    CHECK(settings.values.hz == 50);
    CHECK(set(settings, {{"encryption-reload", "no"}}).empty());
    CHECK(set(settings, {{"encryption-reload", "yes"}, {"hz", "x"}}) ==
          "CONFIG SET failed (possibly related to argument 'hz') - argument couldn't be parsed into an integer");
    CHECK_FALSE(set(settings, {{"encryption-reload", "maybe"}}).empty());
    CHECK(pulled == 1);
    why = "not today";
    CHECK(set(settings, {{"hz", "60"}, {"encryption-reload", "yes"}}) ==
          "CONFIG SET failed (possibly related to argument 'encryption-reload') - not today");
    CHECK(settings.values.hz == 50);
    CHECK(load(settings, "encryption-reload yes").empty());
    CHECK(settings.text("encryption-reload") == "no");
}

TEST_CASE("output limits are kept in bytes") {
    Settings settings;
    CHECK(set(settings, {{"client-output-buffer-limit", "normal 1mb 512kb 10"}}).empty());
    CHECK(settings.text("client-output-buffer-limit") == "normal 1048576 524288 10");
    CHECK(settings.values.output_limit.hard_bytes == 1'048'576);
    CHECK_FALSE(set(settings, {{"client-output-buffer-limit", "pubsub 1 1 1"}}).empty());
}

TEST_CASE("CONFIG GET patterns see every match") {
    const Settings settings;
    std::vector<std::string> names;
    settings.each_matching("session-data-*",
                           [&](const server::SettingRow& row, const std::string&) { names.emplace_back(row.name); });
    CHECK(names == std::vector<std::string>{"session-data-name-bytes", "session-data-value-bytes", "session-data-bytes"});
}

TEST_CASE("snapshot settings reach what the snapshot thread reads") {
    Settings settings;
    const storage::SnapshotSettings& is = settings.values.snapshots;
    const storage::SnapshotSettings normal;
    CHECK((is.interval_ms == normal.interval_ms && is.wal_bytes == normal.wal_bytes &&
           is.wal_total_bytes == normal.wal_total_bytes));
    CHECK((is.keep == normal.keep && is.keep_days == normal.keep_days && is.keep_bytes == normal.keep_bytes));
    CHECK((is.compression == normal.compression && is.compression_level == normal.compression_level));
    CHECK((is.on_shutdown == normal.on_shutdown && is.incremental == normal.incremental && is.chain == normal.chain));
    CHECK(set(settings, {{"snapshot-interval", "500ms"}, {"snapshot-wal-bytes", "2mb"}, {"wal-total-bytes", "1gb"}}).empty());
    CHECK((is.interval_ms == 500 && is.wal_bytes == 2U << 20 && is.wal_total_bytes == 1U << 30));
    CHECK(set(settings, {{"snapshot-keep", "3"}, {"snapshot-keep-days", "0"}, {"snapshot-keep-bytes", "7mb"}}).empty());
    CHECK((is.keep == 3 && is.keep_days == 0 && is.keep_bytes == 7U << 20));
    CHECK(set(settings, {{"snapshot-compression", "zstd"}, {"snapshot-compression-level", "9"}}).empty());
    CHECK((is.compression == storage::snapshot::Compression::zstd && is.compression_level == 9));
    CHECK(set(settings, {{"snapshot-on-shutdown", "yes"}, {"snapshot-incremental", "yes"}, {"snapshot-chain", "3"}}).empty());
    CHECK((is.on_shutdown && is.incremental && is.chain == 3));
    CHECK_FALSE(set(settings, {{"snapshot-keep", "1"}}).empty());  // two are recovery's
    CHECK_FALSE(set(settings, {{"snapshot-compression", "gzip"}}).empty());
    CHECK_FALSE(set(settings, {{"snapshot-compression-level", "20"}}).empty());
    CHECK(settings.text("save").empty());
}
