// SPDX-License-Identifier: MIT
// Backup and restore as README.md tells it: a snapshot copied under load, put back, and what was revoked since ended again; and
// export and import from outside.
#include "tests/support/integration.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <map>
#include <thread>

#include "tests/support/tool_run.hpp"

namespace integration {

namespace {

namespace fs = std::filesystem;
using support::run_tool;
using support::ScratchDir;
using support::ToolRun;

// Runs with and without encryption: arguments for the server, and for a tool.
struct Keys {
    explicit Keys(bool sealed) {
        if (!sealed) return;
        const std::string path = scratch / "keys";
        std::ofstream(path) << "k1 " << std::string(64, '1') << "\n";
        REQUIRE(::chmod(path.c_str(), 0600) == 0);
        server = {"--encryption-key-file", path};
        tool = {"--key-file", path};
    }
    ToolRun run(std::vector<std::string> args, const std::string& in = "") const {
        args.insert(args.end(), tool.begin(), tool.end());
        return run_tool(args, {}, in);
    }
    std::vector<std::string> with(const std::vector<std::string>& more) const {
        std::vector<std::string> all = server;
        all.insert(all.end(), more.begin(), more.end());
        return all;
    }
    ScratchDir scratch;
    std::vector<std::string> server, tool;
};

void save(Redis& redis) {
    const std::int64_t before = std::stoll(support::info_field(redis, "persistence", "rdb_saves"));
    REQUIRE(redis.show("BGSAVE") == "+Background saving started");
    REQUIRE(
        eventually([&] { return std::stoll(support::info_field(redis, "persistence", "rdb_saves")) > before; }, snapshot_limit));
}

// BGSAVE, and the file that it makes copied while writes go on.
void copy_newest_under_load(const ServerProcess& server, Redis& redis, const fs::path& to) {
    std::atomic<bool> done = false;
    std::thread writer([&] {
        Redis own = server.redis();
        for (int i = 0; !done; ++i) (void)own("SET", "w" + std::to_string(i), i);
    });
    save(redis);
    const fs::path newest = snapshot_files(server.dir()).back();
    fs::copy(newest, to / newest.filename());
    done = true;
    writer.join();
}

ServerOptions on(const fs::path& dir, const std::vector<std::string>& args) {
    ServerOptions options;
    options.args = args;
    options.data_dir = dir;
    return options;
}

struct Users {
    std::map<std::string, std::string> tokens;
    void create(Redis& redis, const std::string& user) {
        tokens[user] = integration::create(redis, user, "DATA", 1, "n", "v").at("token").text;
    }
    std::string state(Redis& redis, const std::string& user) const {
        const Reply reply = redis("SESS.VALIDATE", tokens.at(user));
        return reply.is_error("TM-TOKN-4012") ? "revoked" : reply.is_error("TM-TOKN-4010") ? "unknown" : reply.at("user_id").text;
    }
};

}  // namespace

TEST_CASE("backup: a snapshot copied under load is the state at its LSN; what was revoked since ends again", "[backup]") {
    const Keys keys(GENERATE(false, true));
    ServerProcess server(keys.with({"--io-threads", "2"}));
    const ScratchDir backup, elsewhere;
    Users users;
    std::string export_path = elsewhere / "newer.jsonl";
    {
        Redis redis = server.redis();
        for (const char* user : {"alice", "bob", "carol", "dave"}) users.create(redis, user);
        for (int i = 0; i < 3'000; ++i) redis.append("SET", "k" + std::to_string(i), "before");
        for (int i = 0; i < 3'000; ++i) REQUIRE(redis.next().is_ok());
        copy_newest_under_load(server, redis, backup.path());
        REQUIRE(redis("SESS.DELUSER", "alice").integer == 1);
        REQUIRE(redis("SESS.DELBYTOKEN", users.tokens["bob"]).integer == 1);
        users.tokens["carol, rotated"] = redis("SESS.ROTATE", users.tokens["carol"], "GRACE", 0).text;
        REQUIRE(redis("DEL", "k0").integer == 1);
        users.create(redis, "erin");
    }
    const auto in_use = keys.run({"export", server.dir().string()});
    CHECK(in_use.exit_code == 1);
    CHECK(in_use.out.empty());
    CHECK_THAT(in_use.err, StartsWith("tokmesh export: " + server.dir().string() + ": in use by another process"));
    server.kill_hard();

    // The state is that at the snapshot, and what was revoked lives again.
    std::optional<ServerProcess> restored(on(backup.path(), keys.with({})));
    {
        Redis redis = restored->redis();
        CHECK(redis("GET", "k0").text == "before");
        CHECK(redis("GET", "k2999").text == "before");
        for (const char* user : {"alice", "bob", "carol", "dave"}) CHECK(users.state(redis, user) == user);
        CHECK(users.state(redis, "erin") == "unknown");
        const auto lsn = std::stoull(snapshot_files(backup.path()).back().filename().string().substr(9, 20));
        CHECK(std::to_string(lsn) == support::info_field(redis, "wal", "wal_appended_lsn"));
        users.create(redis, "frank");  // after the restore
    }
    CHECK(restored->stop() == 0);

    const auto before = files_of(server.dir());
    const auto exported = keys.run({"export", server.dir().string(), "--out", export_path});
    INFO(exported.err);
    REQUIRE(exported.exit_code == 0);
    CHECK(files_of(server.dir()) == before);
    struct stat about {};
    REQUIRE(::stat(export_path.c_str(), &about) == 0);
    CHECK((about.st_mode & 0777) == 0600);

    const auto untouched = files_of(backup.path());
    const auto dry = keys.run({"import", backup.path().string(), "--revoked-since", export_path, "--dry-run"});
    CHECK(dry.out == "would end 3 sessions of 3 users\n");
    CHECK(files_of(backup.path()) == untouched);
    const auto ended = keys.run({"import", backup.path().string(), "--revoked-since", export_path});
    INFO(ended.err);
    REQUIRE(ended.exit_code == 0);
    CHECK(ended.out == "ended 3 sessions of 3 users\n");
    CHECK(keys.run({"import", backup.path().string(), "--revoked-since", export_path}).out == "ended 0 sessions of 0 users\n");

    restored.emplace(on(backup.path(), keys.with({})));
    Redis redis = restored->redis();
    for (const char* user : {"alice", "bob", "carol"}) CHECK(users.state(redis, user) == "revoked");
    for (const char* user : {"dave", "frank"}) CHECK(users.state(redis, user) == user);
    CHECK(redis("GET", "k2999").text == "before");
}

TEST_CASE("backup: a list of users ends all of theirs", "[backup]") {
    const Keys keys(GENERATE(false, true));
    ServerProcess server(keys.server);
    Users users;
    {
        Redis redis = server.redis();
        for (const char* user : {"alice", "bob", "carol"}) users.create(redis, user);
        create(redis, "alice", "DEVICE", "phone");
    }
    CHECK(server.stop() == 0);
    const ScratchDir elsewhere;
    const std::string list = elsewhere / "users";
    std::ofstream(list) << "alice\ncarol\nnobody\n";
    CHECK(keys.run({"import", server.dir().string(), "--revoked-users", list, "--dry-run"}).out ==
          "would end 3 sessions of 2 users\n");
    const std::string newer = elsewhere / "newer.jsonl";
    REQUIRE(keys.run({"export", server.dir().string(), "--db", "3", "--out", newer}).exit_code == 0);
    CHECK_THAT(keys.run({"import", server.dir().string(), "--revoked-since", newer, "--dry-run"}).err,
               Contains("the export is of database 3 alone: databases other than that were not looked at"));
    const ToolRun ended = keys.run({"import", server.dir().string(), "--revoked-users", list});
    CHECK(ended.out == "ended 3 sessions of 2 users\n");
    CHECK_THAT(ended.err, Contains("1 of 3 listed users has no session here"));
    server.start();
    Redis redis = server.redis();
    CHECK(users.state(redis, "alice") == "revoked");
    CHECK(users.state(redis, "bob") == "bob");
    CHECK(redis("SESS.COUNT").integer == 1);
    CHECK(keys.run({"import", server.dir().string(), "--revoked-users", list}).exit_code == 1);  // in use
}

TEST_CASE("backup: an export makes a directory that serves the same", "[backup]") {
    const Keys from(GENERATE(false, true)), to(GENERATE(false, true));
    ServerProcess server(from.server);
    Users users;
    {
        Redis redis = server.redis();
        for (const char* user : {"alice", "bob"}) users.create(redis, user);
        const std::string brought = "a-token-that-was-brought";
        create(redis, "carol", "TOKEN", brought);
        users.tokens["carol"] = brought;
        users.tokens["bob"] = redis("SESS.ROTATE", users.tokens["bob"], "GRACE", 300).text;
        REQUIRE(redis("SESS.DELUSER", "alice").integer == 1);
        REQUIRE(redis("SET", "binary", std::string("\xff\0\n", 3), "EX", 1000).is_ok());
        REQUIRE(redis("SELECT", 3).is_ok());
        REQUIRE(redis("SET", "elsewhere", "3").is_ok());
    }
    server.kill_hard();  // its log ends as a crash leaves it
    const ToolRun exported = from.run({"export", server.dir().string()});
    INFO(exported.err);
    REQUIRE(exported.exit_code == 0);
    CHECK_THAT(exported.err, StartsWith("exported 2 sessions, 2 strings and 1 ended session that is remembered"));
    for (const auto& [user, token] : users.tokens) CHECK(exported.out.find(token) == std::string::npos);
    CHECK(exported.out.find("tmtk_") == std::string::npos);

    const ScratchDir scratch;
    const fs::path made = scratch / "made";
    const ToolRun imported = to.run({"import", made.string()}, exported.out);
    INFO(imported.err);
    REQUIRE(imported.exit_code == 0);
    CHECK_THAT(imported.err, StartsWith("imported 2 sessions, 2 strings and 1 ended session that is remembered, into "));
    struct stat about {};
    REQUIRE(::stat(made.c_str(), &about) == 0);
    CHECK((about.st_mode & 0777) == 0700);
    if (!to.server.empty()) CHECK_FALSE(support::find_in_files(made, "carol"));
    ServerProcess copy(on(made, to.server));
    Redis redis = copy.redis();
    CHECK(users.state(redis, "alice") == "revoked");
    CHECK(users.state(redis, "bob") == "bob");
    CHECK(users.state(redis, "carol") == "carol");
    CHECK(redis("SESS.CREATE", "mallory", "TOKEN", "a-token-that-was-brought").is_error("TM-TOKN-4090"));
    CHECK(redis("SESS.GETBYTOKEN", users.tokens["bob"]).at("data").at("n").text == "v");
    CHECK(redis("GET", "binary").text == std::string("\xff\0\n", 3));
    CHECK(redis("TTL", "binary").integer > 900);
    REQUIRE(redis("SELECT", 3).is_ok());
    CHECK(redis("GET", "elsewhere").text == "3");
}

TEST_CASE("backup: an import that is refused leaves nothing, whatever is wrong", "[backup]") {
    ServerProcess server;
    {
        Redis redis = server.redis();
        create(redis, "alice");
        REQUIRE(redis("SET", "k", "v").is_ok());
    }
    REQUIRE(server.stop() == 0);
    const std::string text = run_tool({"export", server.dir().string()}).out;
    const ScratchDir scratch;
    const std::string made = scratch / "made", file = scratch / "in.jsonl";
    const auto refused = [&](const std::string& input, const std::string& why) {
        std::ofstream(file, std::ios::binary | std::ios::trunc) << input;
        const ToolRun run = run_tool({"import", made, "--in", file});
        CHECK(run.exit_code == 1);
        CHECK_THAT(run.err, StartsWith("tokmesh import: " + why));
        CHECK(std::count(run.err.begin(), run.err.end(), '\n') == 1);
        CHECK_FALSE(fs::exists(made));
    };
    refused("", file + " ends after line 0");
    refused(text.substr(0, text.size() / 2), file + " ends after line ");
    refused(text + text, file + ":5: nothing may follow");
    std::string changed = text;
    changed[text.find("alice")] = 'b';
    refused(changed, file + ":4: the SHA-256 of the lines before is another one");
    changed = text;
    changed.replace(changed.find("\"user_id\""), 9, "\"user\"");
    refused(changed, file + ":2: field 'user_id' is missing");

    const ToolRun over_data = run_tool({"import", server.dir().string()}, {}, text);
    CHECK(over_data.exit_code == 1);
    CHECK_THAT(over_data.err, Contains(" is not empty, it has ") && Contains("an import needs an empty or absent directory"));
    CHECK(run_tool({"export", made}).exit_code == 1);
    CHECK_THAT(run_tool({"export", made}).err, Contains("No such file"));
    const ToolRun there = run_tool({"export", server.dir().string(), "--out", file});
    CHECK(there.exit_code == 1);
    CHECK_THAT(there.err, Contains("is there already, and is not written over"));
    CHECK(support::read_file(file) == changed);
    CHECK_THAT(run_tool({"import", server.dir().string(), "--revoked-since", file}).err, Contains(":2: field 'user_id'"));
}

TEST_CASE("backup: a usage that makes no sense is 2, and help is 0", "[backup]") {
    const std::vector<std::vector<std::string>> wrong{
        {"export"},
        {"export", "a", "b"},
        {"export", "a", "--colour"},
        {"export", "a", "--db", "16"},
        {"export", "a", "--db", "x"},
        {"import"},
        {"import", "a", "--dry-run"},
        {"import", "a", "--in", "b", "--revoked-since", "c"},
    };
    for (const auto& args : wrong) {
        const ToolRun run = run_tool(args);
        INFO(run.err);
        CHECK(run.exit_code == 2);
        CHECK_FALSE(fs::exists("a"));
    }
    for (const char* tool : {"export", "import"}) {
        const ToolRun run = run_tool({tool, "--help"});
        CHECK(run.exit_code == 0);
        CHECK_THAT(run.out, StartsWith(std::string("Usage: tokmesh ") + tool + " DIR"));
    }
}

TEST_CASE("backup: an incremental snapshot alone is none", "[backup][start]") {
    ServerProcess server({"--snapshot-incremental", "yes"});
    {
        Redis redis = server.redis();
        REQUIRE(redis("SET", "k", std::string(100'000, 'v')).is_ok());
        save(redis);
        REQUIRE(redis("SET", "l", "w").is_ok());
        save(redis);
    }
    server.kill_hard();
    const auto files = snapshot_files(server.dir());
    REQUIRE(files.size() == 2);
    const ScratchDir backup, whole;
    fs::copy(files[1], backup.path() / files[1].filename());
    ServerOptions options = on(backup.path(), {});
    options.start = false;
    ServerProcess restored(options);
    const auto before = files_of(backup.path());
    restored.launch();
    CHECK(restored.wait_exit() == 1);
    CHECK(files_of(backup.path()) == before);
    CHECK_THAT(restored.stderr_text(),
               Contains(files[1].filename().string() + " is incremental, no backup by itself, and builds upon " +
                        files[0].filename().string()));
    CHECK(run_tool({"export", backup.path().string()}).exit_code == 1);
    fs::copy(files[0], whole.path() / files[0].filename());  // the full one is
    ServerProcess from_full(on(whole.path(), {}));
    CHECK(from_full.redis()("DBSIZE").integer == 1);
}

TEST_CASE("backup: 100,000 sessions go out and in within seconds", "[backup]") {
    ServerProcess server({"--io-threads", "2"});
    constexpr int sessions = 100'000;
    {
        Redis redis = server.redis();
        for (int from = 0; from < sessions; from += 1'000) {
            for (int i = from; i < from + 1'000; ++i)
                redis.append("SESS.CREATE", "user" + std::to_string(i / 10), "DATA", 1, "cart", std::string(100, 'c'));
            for (int i = 0; i < 1'000; ++i) REQUIRE(redis.next().has("id"));
        }
    }
    REQUIRE(server.stop() == 0);
    const ScratchDir scratch;
    const std::string file = scratch / "all.jsonl", made = scratch / "made";
    const auto begun = std::chrono::steady_clock::now();
    REQUIRE(run_tool({"export", server.dir().string(), "--out", file}).exit_code == 0);
    REQUIRE(run_tool({"import", made, "--in", file}).exit_code == 0);
    const auto took = std::chrono::steady_clock::now() - begun;
    CHECK(took < 20s * slack);
    ServerProcess copy(on(made, {}));
    CHECK(copy.redis()("SESS.COUNT").integer == sessions);
}

}  // namespace integration
