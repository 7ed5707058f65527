// SPDX-License-Identifier: MIT
// inspect, verify and repair, as an operator runs them: exit codes, what is printed and what must never be, a directory in use,
// one that cannot be written, keys, and a server that starts after a repair.
#include "tests/support/integration.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <map>

#include <boost/json.hpp>

#include "tests/support/tool_run.hpp"

namespace integration {

namespace {

using support::run_tool;
using support::ToolRun;

std::filesystem::path file_like(const std::filesystem::path& directory, const std::string& prefix) {
    const auto found = files_named(directory, prefix);
    REQUIRE_FALSE(found.empty());
    return found.back();
}

void flip(const std::filesystem::path& file, std::size_t at) {
    std::string bytes = support::read_file(file);
    REQUIRE(at < bytes.size());
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
    std::ofstream(file, std::ios::binary) << bytes;
}

// Sessions, a snapshot, more sessions; stopped. The tokens of all.
std::vector<std::string> fill(ServerProcess& server) {
    std::vector<std::string> tokens;
    Redis redis = server.redis();
    for (int i = 0; i < 20; ++i) {
        if (i == 10) REQUIRE(redis("SAVE").is_ok());
        if (i == 15) {
            tokens.emplace_back("canary-token-that-a-client-brought");
            create(redis, "canary-user", "TOKEN", tokens.back());
            continue;
        }
        const Reply made = create(redis, "canary-user", "DEVICE", "canary-device", "DATA", 1, "canary-name", "canary-data");
        tokens.push_back(made.at("token").text);
    }
    REQUIRE(server.stop() == 0);
    return tokens;
}

class OneKeyFile {
public:
    explicit OneKeyFile(const std::string& id, char digit = '1') {
        std::ofstream(path()) << id + " " + std::string(64, digit) + "\n";
        REQUIRE(::chmod(path().c_str(), 0600) == 0);
    }
    std::string path() const { return (scratch_ / "keys").string(); }

private:
    support::ScratchDir scratch_;
};

}  // namespace

TEST_CASE("tools: a sound directory", "[tools]") {
    ServerProcess server({"--appendfsync", "always"});
    const auto tokens = fill(server);
    const std::string dir = server.dir().string();
    const auto before = files_of(dir);

    const ToolRun verify = run_tool({"verify", dir});
    CHECK(verify.exit_code == 0);
    CHECK(verify.err.empty());
    CHECK_THAT(verify.out, Contains(": sound; a start serves the state at LSN 20 from snapshot-00000000000000000010.tms"));

    const ToolRun repair = run_tool({"repair", dir, "--apply"});
    CHECK(repair.exit_code == 0);
    CHECK_THAT(repair.out, Contains("nothing is to be repaired"));

    const ToolRun text = run_tool({"inspect", dir});
    CHECK(text.exit_code == 0);
    CHECK_THAT(text.out, Contains("snapshot-00000000000000000010.tms") && Contains("LSN 1 to 20") &&
                             Contains("first bad byte: none") && Contains("keys needed: none"));
    const ToolRun json = run_tool({"inspect", "--json", dir});
    CHECK(json.exit_code == 0);
    const auto object = boost::json::parse(json.out).as_object();
    CHECK(object.at("last_lsn").to_number<std::int64_t>() == 20);
    CHECK(object.at("durable_lsn").to_number<std::int64_t>() == 20);
    CHECK(object.at("snapshots").as_array().at(0).as_object().at("sessions").to_number<int>() == 10);
    CHECK(object.at("segments").as_array().at(0).as_object().at("records").to_number<int>() == 20);
    CHECK(object.at("first_bad").is_null());
    for (const std::string* out : {&text.out, &json.out, &verify.out}) {
        CHECK_THAT(*out, !Contains("canary"));
        for (const std::string& token : tokens) CHECK_THAT(*out, !Contains(token));
    }
    CHECK(files_of(dir) == before);
}

TEST_CASE("tools: what a kill leaves is no damage", "[tools]") {
    ServerProcess server({"--appendfsync", "always"});
    {
        Redis redis = server.redis();
        for (int i = 0; i < 5; ++i) create(redis, "alice");
    }
    server.kill_hard();
    const auto segment = file_like(server.dir(), "wal-");
    std::string bytes = support::read_file(segment);
    const std::size_t end = bytes.find_last_not_of('\0') + 1;
    const std::size_t torn = (end + 7) / 8 * 8;
    bytes.replace(torn, 24, "no frame, half a frame..");
    std::ofstream(segment, std::ios::binary) << bytes;
    const ToolRun verify = run_tool({"verify", server.dir().string()});
    CHECK(verify.exit_code == 0);
    CHECK_THAT(verify.out, Contains("note: ") && Contains("are what a crash left; a start sets them aside"));
    CHECK_THAT(run_tool({"inspect", server.dir().string()}).out, Contains("what a crash leaves"));
    CHECK(run_tool({"repair", server.dir().string()}).exit_code == 0);
    server.start();
    Redis redis = server.redis();
    CHECK(redis.show("SESS.COUNTUSER", "alice") == "(integer) 5");
}

TEST_CASE("tools: damage is said, repaired, and a server starts", "[tools]") {
    const bool sealed = GENERATE(false, true);
    const OneKeyFile keys("k1");
    std::vector<std::string> args{"--appendfsync", "always"};
    if (sealed) args.insert(args.end(), {"--encryption-key-file", keys.path()});
    ServerProcess server(args);
    const auto tokens = fill(server);
    const std::string dir = server.dir().string();
    const auto tool = [&](std::vector<std::string> words) {
        if (sealed) words.insert(words.end(), {"--key-file", keys.path()});
        return run_tool(words);
    };
    // The payload of the last session's frame: LSN 20 is lost, and so is nothing else.
    const auto segment = file_like(dir, "wal-");
    const std::string bytes = support::read_file(segment);
    std::size_t frame = 0;
    for (std::size_t at = 4096; at + 8 < bytes.size(); at += 8)
        if (bytes.compare(at, 4, std::string("TMF\1")) == 0) frame = at;
    flip(segment, frame + 60);
    const auto before = files_of(dir);

    const ToolRun verify = tool({"verify", dir});
    CHECK(verify.exit_code == 1);
    const std::string place = segment.filename().string() + " at byte " + std::to_string(frame);
    CHECK_THAT(verify.out, Contains("damage: " + place) && Contains("a start refuses") && Contains("tokmesh repair"));
    CHECK_THAT(run_tool({"inspect", dir}).out, Contains("first bad byte: " + place));  // without a key
    const auto json = boost::json::parse(run_tool({"inspect", dir, "--json"}).out).as_object();
    CHECK(json.at("first_bad").as_object().at("offset").to_number<std::size_t>() == frame);

    const ToolRun dry = tool({"repair", dir});
    CHECK(dry.exit_code == 1);
    CHECK_THAT(dry.out, Contains("saved: the state at LSN 19") && Contains("dropped: LSN 20, which cannot be read") &&
                            Contains("moved: " + segment.filename().string()) && Contains("nothing was changed"));
    CHECK(files_of(dir) == before);

    const ToolRun repair = tool({"repair", dir, "--apply"});
    INFO(repair.out << repair.err);
    CHECK(repair.exit_code == 0);
    CHECK(tool({"verify", dir}).exit_code == 0);
    CHECK(support::read_file(file_like(dir, "lost-") / segment.filename()) == before.at(segment.string()));
    server.start();
    Redis redis = server.redis();
    CHECK(redis.show("SESS.COUNTUSER", "canary-user") == "(integer) 19");
    for (std::size_t i = 0; i < tokens.size(); ++i) CHECK(redis("SESS.GETBYTOKEN", tokens[i]).is_null() == (i == 19));
    create(redis, "canary-user");
    server.restart_hard();
    Redis again = server.redis();
    CHECK(again.show("SESS.COUNTUSER", "canary-user") == "(integer) 20");
    if (sealed) CHECK_FALSE(support::find_in_files(dir, "canary"));
}

TEST_CASE("tools: a directory that nothing can be saved of is emptied only on demand", "[tools]") {
    ServerProcess server({"--appendfsync", "always"});
    Redis redis = server.redis();
    for (int i = 0; i < 10; ++i) create(redis, "alice");
    REQUIRE(server.stop() == 0);
    const std::string dir = server.dir().string();
    const auto segment = file_like(dir, "wal-");
    flip(segment, 30);
    const auto before = files_of(dir);
    const ToolRun refused = run_tool({"repair", dir, "--apply"});
    CHECK(refused.exit_code == 1);
    CHECK_THAT(refused.out, Contains("saved: NOTHING") && Contains("dropped: LSN 1 and on; how far they went cannot be told"));
    CHECK_THAT(refused.err, Contains("nothing was changed") && Contains("--apply --empty"));
    CHECK(files_of(dir) == before);
    CHECK(run_tool({"repair", dir, "--empty"}).exit_code == 2);
    CHECK(run_tool({"repair", dir, "--apply", "--empty"}).exit_code == 0);
    const ToolRun verify = run_tool({"verify", dir});
    CHECK(verify.exit_code == 2);
    CHECK(verify.err == "tokmesh verify: " + dir + ": holds no data, only " + file_like(dir, "lost-").filename().string() + "\n");
    CHECK(support::read_file(file_like(dir, "lost-") / segment.filename()) == before.at(segment.string()));
    server.start();
}

TEST_CASE("tools: a plan that cannot be printed is not carried out", "[tools]") {
    ServerProcess server({"--appendfsync", "always"});
    fill(server);
    const std::string dir = server.dir().string();
    flip(file_like(dir, "snapshot-"), 4300);
    const auto before = files_of(dir);
    const ToolRun run = run_tool({"repair", dir, "--apply"}, {}, "", "/dev/full");
    CHECK(run.exit_code == 2);
    CHECK_THAT(run.err, Contains("cannot write the answer"));
    CHECK(files_of(dir) == before);
}

TEST_CASE("tools: what is no regular file under a name of data is refused, and holds nobody up", "[tools]") {
    ServerProcess server;
    fill(server);
    const std::string dir = server.dir().string(), name = "wal-00000000000000009999.log";
    const bool fifo = GENERATE(true, false);
    const support::ScratchDir scratch;
    CAPTURE(fifo);
    REQUIRE((fifo ? ::mkfifo((dir + "/" + name).c_str(), 0600) : ::mkdir((dir + "/" + name).c_str(), 0700)) == 0);
    for (const std::string tool : {"inspect", "verify", "repair"}) {
        const ToolRun run = run_tool({tool, dir});
        CHECK(run.exit_code == 2);
        CHECK_THAT(run.err, Contains("cannot open " + name));
    }
    const ToolRun start = run_tool({"serve", "--dir", dir, "--port", "0", "--unixsocket", (scratch / "socket").string()});
    CHECK(start.exit_code == 1);
    CHECK_THAT(start.err + start.out, Contains("cannot open " + name));
}

TEST_CASE("tools: a name of a leftover forges no line and no escape", "[tools]") {
    ServerProcess server;
    fill(server);
    const std::string dir = server.dir().string(), bad = "x\xff\x1b[2J\ntotal: 0";
    std::ofstream(dir + "/doomed-" + bad) << "text";
    std::filesystem::create_directory(dir + "/lost-" + bad);
    const std::string shown = "x??[2J?total: 0";
    const auto json = boost::json::parse(run_tool({"inspect", dir, "--json"}).out).as_object();
    CHECK(json.at("leftovers").as_array().at(0).as_object().at("name").as_string() == "doomed-" + shown);
    CHECK(json.at("lost").as_array().at(0).as_string() == "lost-" + shown);
    CHECK_THAT(run_tool({"inspect", dir}).out, Contains("  doomed-" + shown) && Contains("  lost-" + shown + "\n"));
    CHECK_THAT(run_tool({"verify", dir}).out, Contains("note: doomed-" + shown));
    for (const char* tool : {"inspect", "verify", "repair"}) CHECK_THAT(run_tool({tool, dir}).out, !Contains("\x1b"));
    std::filesystem::remove(file_like(dir, "snapshot-"));
    std::filesystem::remove(file_like(dir, "wal-"));
    CHECK_THAT(run_tool({"verify", dir}).err, Contains("holds no data, only lost-" + shown + "\n"));
}

TEST_CASE("tools: a leftover that cannot be opened hides nothing", "[tools]") {
    ServerProcess server;
    fill(server);
    const std::string dir = server.dir().string();
    std::filesystem::create_symlink("nowhere", dir + "/doomed-link");
    std::filesystem::create_directory(dir + "/spare-7");
    for (const char* tool : {"inspect", "verify", "repair"}) CHECK(run_tool({tool, dir}).exit_code == 0);
    CHECK_THAT(run_tool({"inspect", dir}).out, Contains("  doomed-link  0 bytes\n") && Contains("  spare-7  0 bytes\n"));
}

TEST_CASE("tools: they cannot look", "[tools]") {
    const std::string tool = GENERATE("inspect", "verify", "repair");
    CAPTURE(tool);
    const auto refused = [&](const std::vector<std::string>& words, const std::string& why) {
        const ToolRun run = run_tool(words);
        CAPTURE(run.out, run.err);
        CHECK(run.exit_code == 2);
        CHECK(run.out.empty());
        CHECK(std::count(run.err.begin(), run.err.end(), '\n') == 1);
        CHECK_THAT(run.err, StartsWith("tokmesh " + tool + ": ") && Contains(why));
    };
    support::ScratchDir scratch;
    refused({tool}, "an argument is missing");
    refused({tool, "a", "b"}, "unexpected 'b'");
    refused({tool, "--no-such", "a"}, "unknown option '--no-such'");
    refused({tool, scratch.path().string(), "--key-file"}, "'--key-file' needs a value");
    refused({tool, (scratch / "nowhere").string()}, "No such file");
    CHECK_FALSE(std::filesystem::exists(scratch / "nowhere"));
    std::ofstream(scratch / "file") << "text";
    refused({tool, (scratch / "file").string()}, "Not a directory");
    std::filesystem::create_directory(scratch / "empty");
    if (tool == "verify") refused({tool, (scratch / "empty").string()}, "holds no data\n");
    refused({tool, scratch.path().string(), "--key-file", (scratch / "nokey").string()}, "nokey");
    const ToolRun help = run_tool({tool, "--help"});
    CHECK(help.exit_code == 0);
    CHECK_THAT(help.out, StartsWith("Usage: tokmesh " + tool + " DIR") && Contains("Exit code"));
    CHECK_THAT(run_tool({"--help"}).out, Contains("  " + tool));

    ServerProcess server;
    refused({tool, server.dir().string()}, "in use by another process");
    Redis redis = server.redis();
    CHECK(redis.show("PING") == "+PONG");
}

TEST_CASE("tools: a sealed directory without its key", "[tools]") {
    const OneKeyFile keys("k1"), others("k1", '2');
    ServerProcess server({"--encryption-key-file", keys.path()});
    fill(server);
    const std::string dir = server.dir().string();
    for (const std::string tool : {"verify", "repair"}) {
        CHECK(run_tool({tool, dir, "--key-file", keys.path()}).exit_code == 0);
        const ToolRun without = run_tool({tool, dir});
        CHECK(without.exit_code == 2);
        CHECK_THAT(without.err, Contains("key 'k1'"));
        CHECK(run_tool({tool, dir, "--key-file", others.path()}).exit_code == 2);
    }
    const ToolRun inspect = run_tool({"inspect", dir, "--json"});
    CHECK(inspect.exit_code == 0);
    const auto object = boost::json::parse(inspect.out).as_object();
    CHECK(object.at("key_ids_needed").as_array().at(0).as_string() == "k1");
    CHECK(object.at("last_lsn").to_number<int>() == 20);
    CHECK(object.at("snapshots").as_array().at(0).as_object().at("records").is_null());
    const auto opened = boost::json::parse(run_tool({"inspect", dir, "--json", "--key-file", keys.path()}).out).as_object();
    CHECK(opened.at("snapshots").as_array().at(0).as_object().at("records").to_number<int>() == 10);
    CHECK(::chmod(keys.path().c_str(), 0644) == 0);
    CHECK(run_tool({"inspect", dir, "--key-file", keys.path()}).exit_code == 2);  // others could read it
}

TEST_CASE("tools: plain files under a key are refused, as a start refuses them", "[tools]") {
    const OneKeyFile keys("k1");
    ServerProcess server;
    fill(server);
    const std::string dir = server.dir().string();
    flip(file_like(dir, "snapshot-"), 4300);
    const auto before = files_of(dir);
    for (const std::vector<std::string>& tool : {std::vector<std::string>{"verify"},
                                                 {"repair"},
                                                 {"repair", "--apply"},
                                                 {"export"},
                                                 {"import", "--revoked-users", keys.path()}}) {
        CAPTURE(tool);
        std::vector<std::string> words = tool;
        words.insert(words.end(), {dir, "--key-file", keys.path()});
        const ToolRun run = run_tool(words);
        CHECK(run.exit_code == (words[0] == "verify" || words[0] == "repair" ? 2 : 1));
        CHECK_THAT(run.err, Contains("is not sealed (encryption-migrate yes reads it and seals what is new)"));
    }
    CHECK(files_of(dir) == before);
    CHECK(run_tool({"inspect", dir, "--key-file", keys.path()}).exit_code == 0);
    const ToolRun verify = run_tool({"verify", dir, "--key-file", keys.path(), "--migrate"});
    CHECK(verify.exit_code == 1);
    CHECK_THAT(verify.out, Contains("note: wal-00000000000000000001.log is not sealed"));
    CHECK(run_tool({"export", dir, "--key-file", keys.path(), "--migrate"}).exit_code == 0);
    CHECK(run_tool({"repair", dir, "--apply", "--key-file", keys.path(), "--migrate"}).exit_code == 0);
}

TEST_CASE("tools: a directory that may only be read", "[tools]") {
    ServerProcess server;
    fill(server);
    if (::geteuid() != 0) {
        REQUIRE(::chmod(server.dir().c_str(), 0500) == 0);
        CHECK(run_tool({"inspect", server.dir().string()}).exit_code == 0);
        CHECK(run_tool({"verify", server.dir().string()}).exit_code == 0);
        CHECK(run_tool({"repair", server.dir().string(), "--apply"}).exit_code == 2);
        REQUIRE(::chmod(server.dir().c_str(), 0700) == 0);
        return;
    }
    // As root nothing is closed: another user, for whom the files are there to be read.
    support::ScratchDir scratch;
    std::filesystem::permissions(scratch.path(), std::filesystem::perms(0755));
    const auto copy = scratch / "copy";
    std::filesystem::copy(server.dir(), copy);
    for (const auto& entry : std::filesystem::directory_iterator(copy))
        std::filesystem::permissions(entry.path(), std::filesystem::perms(0444));
    std::filesystem::permissions(copy, std::filesystem::perms(0555));
    constexpr uid_t nobody = 65534;
    const ToolRun inspect = run_tool({"inspect", copy.string()}, nobody);
    if (inspect.exit_code == 126 || inspect.exit_code == 127) {
        WARN("the binary cannot be run as another user here (its path is closed to others); the case was left out");
        return;
    }
    CHECK(inspect.exit_code == 0);
    CHECK(run_tool({"verify", copy.string()}, nobody).exit_code == 0);
    const ToolRun repair = run_tool({"repair", copy.string(), "--apply"}, nobody);
    CHECK(repair.exit_code == 2);
    CHECK_THAT(repair.err, Contains("denied", Catch::CaseSensitive::No));
}

}  // namespace integration
