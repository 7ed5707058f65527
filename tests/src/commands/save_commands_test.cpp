// SPDX-License-Identifier: MIT
// SAVE, BGSAVE, BGREWRITEAOF, LASTSAVE and SHUTDOWN over snapshots that the test begins and ends.
#include <optional>
#include <string>

#include <catch2/catch.hpp>

#include "tests/support/command_runner.hpp"

using server::LastSnapshot;
using support::CommandRunner;

namespace {

constexpr const char* save_runs = "ERR Background save already in progress";

// What the snapshot thread is to the commands.
struct Snapshots {
    explicit Snapshots(CommandRunner& run) : runner(run) {
        run.state().saves.connect({.ask = [this](storage::Pace wanted) -> std::optional<std::uint64_t> {
                                       if (figures.running) return std::nullopt;
                                       pace = wanted;
                                       figures.running = true;
                                       return attempts + 1;
                                   },
                                   .attempts = [this] { return attempts; },
                                   .figures = [this] { return figures; },
                                   .wake = [this] { ++woken; }});
    }
    void end(const std::string& error = "") {
        ++attempts;
        figures.running = false;
        figures.last_ok = error.empty();
        if (error.empty()) {
            ++figures.taken;
            figures.last_at = runner.now();
            figures.last_duration_ns = 2'500'000'000;
        } else {
            ++figures.failed;
            figures.last_error = error;
        }
        runner.state().saves.attempt_ended();
    }
    CommandRunner& runner;
    storage::SnapshotFigures figures;
    std::uint64_t attempts = 0;
    std::optional<storage::Pace> pace;  // that the last one was asked for with
    int woken = 0;
};

bool has(CommandRunner& run, const std::string& line) {
    return run("INFO", "persistence").text.find("\r\n" + line + "\r\n") != std::string::npos;
}

}  // namespace

TEST_CASE("BGSAVE answers in Redis's words, whoever took the snapshot that runs") {
    CommandRunner run;
    Snapshots snapshots(run);
    CHECK(run("BGSAVE").text == "Background saving started");
    CHECK(snapshots.pace == storage::Pace::background);
    CHECK(has(run, "rdb_bgsave_in_progress:1"));
    CHECK(run("BGSAVE").text == save_runs);
    CHECK(run("BGSAVE", "SCHEDULE").text == save_runs);  // of a save, not of a rewrite
    CHECK(run("SAVE").text == save_runs);
    snapshots.end();
    CHECK(run("bgsave", "schedule").text == "Background saving started");
    snapshots.end();
    CHECK(run("BGSAVE", "nonsense").text == "ERR syntax error");
    CHECK(run("BGSAVE", "SCHEDULE", "SCHEDULE").text == "ERR syntax error");
    CHECK(run("SAVE", "now").text == "ERR wrong number of arguments for 'save' command");
    CHECK(has(run, "rdb_bgsave_in_progress:0"));
    CHECK(has(run, "rdb_saves:2"));
    CHECK(has(run, "rdb_last_bgsave_time_sec:2"));
}

TEST_CASE("SAVE answers when the snapshot has ended, and does not turn in circles until then") {
    CommandRunner run;
    Snapshots snapshots(run);
    REQUIRE_FALSE(run.start({"SAVE"}, 2));
    CHECK(snapshots.pace == storage::Pace::awaited);  // nobody waits for a rest
    CHECK(snapshots.woken == 0);
    const server::Turn turn = server::Executor(run.state(), run.counters()).run(run.dialogue(), "");
    CHECK(turn.stop == server::Stop::paused);
    SECTION("well") {
        snapshots.end();
        CHECK(snapshots.woken == 1);
        CHECK(run.finish().text == "OK");
        REQUIRE_FALSE(run.start({"SAVE"}, 5));  // it waits for one of its own
        snapshots.end();
        CHECK(run.finish().text == "OK");
    }
    SECTION("or not") {
        snapshots.end("cannot write the snapshot: No space left on device");
        CHECK(run.finish().text == "ERR TM-SYS-5002 the snapshot failed: cannot write the snapshot: No space left on device");
        CHECK(has(run, "rdb_last_bgsave_status:err"));
        CHECK(has(run, "snapshot_last_error:cannot write the snapshot: No space left on device"));
        REQUIRE_FALSE(run.start({"SAVE"}, 5));
        snapshots.end();
        CHECK(run.finish().text == "OK");
        CHECK(has(run, "rdb_last_bgsave_status:ok"));
        CHECK(has(run, "snapshots_failed:1"));
    }
}

TEST_CASE("SAVE does not take the end of the snapshot before for its own") {
    CommandRunner run;
    Snapshots snapshots(run);
    CHECK(run("BGSAVE").text == "Background saving started");
    ++snapshots.attempts;  // it has ended, but the word of it is still on its way
    snapshots.figures.running = false;
    REQUIRE_FALSE(run.start({"SAVE"}, 2));
    run.state().saves.attempt_ended();
    const server::Turn turn = server::Executor(run.state(), run.counters()).run(run.dialogue(), "");
    CHECK(turn.stop == server::Stop::paused);
    snapshots.end();
    CHECK(run.finish().text == "OK");
}

TEST_CASE("BGREWRITEAOF is a snapshot that BGSAVE does not mistake for a save") {
    CommandRunner run;
    Snapshots snapshots(run);
    CHECK(run("BGREWRITEAOF").text == "Background append only file rewriting started");
    CHECK(has(run, "aof_rewrite_in_progress:1"));
    CHECK(run("BGREWRITEAOF").text == "ERR Background append only file rewriting already in progress");
    CHECK(run("BGSAVE").text ==
          "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order to schedule a BGSAVE "
          "whenever possible.");
    CHECK(run("BGSAVE", "SCHEDULE").text == "Background saving scheduled");
    run.state().saves.begin_scheduled();  // a tick: too early
    CHECK(has(run, "aof_rewrite_in_progress:1"));
    snapshots.end();
    CHECK(has(run, "aof_rewrite_in_progress:0"));
    CHECK(has(run, "aof_rewrites:1"));
    CHECK(has(run, "aof_last_rewrite_time_sec:2"));
    CHECK(has(run, "rdb_bgsave_in_progress:0"));
    run.state().saves.begin_scheduled();
    CHECK(has(run, "rdb_bgsave_in_progress:1"));
    CHECK(has(run, "aof_rewrite_in_progress:0"));  // it is the save that was put off
    CHECK(run("BGREWRITEAOF").text == "Background append only file rewriting scheduled");
    CHECK(has(run, "aof_rewrite_scheduled:1"));
    snapshots.end("disk on fire");
    run.state().saves.begin_scheduled();
    CHECK(has(run, "aof_rewrite_in_progress:1"));
    CHECK(has(run, "aof_rewrite_scheduled:0"));
    snapshots.end("disk on fire");
    CHECK(has(run, "aof_last_bgrewrite_status:err"));
    run.state().saves.begin_scheduled();  // nothing is left to begin
    CHECK(has(run, "rdb_bgsave_in_progress:0"));
}

TEST_CASE("LASTSAVE is the start, until there is a snapshot") {
    CommandRunner run;
    Snapshots snapshots(run);
    CHECK(run("LASTSAVE").integer == CommandRunner::start_ms / 1000);
    run.advance(100'000);
    CHECK(run("LASTSAVE").integer == CommandRunner::start_ms / 1000);
    CHECK(has(run, "snapshot_age_seconds:-1"));
    CHECK(has(run, "rdb_last_bgsave_time_sec:-1"));
    REQUIRE(run("BGSAVE").text == "Background saving started");
    snapshots.end("no");
    CHECK(run("LASTSAVE").integer == CommandRunner::start_ms / 1000);
    REQUIRE(run("BGSAVE").text == "Background saving started");
    snapshots.end();
    CHECK(run("LASTSAVE").integer == CommandRunner::start_ms / 1000 + 102);  // begun at 100, 2.5 s long
    run.advance(7'000);
    CHECK(has(run, "snapshot_age_seconds:7"));
}

TEST_CASE("SHUTDOWN knows Redis's words and passes on what was asked of the last snapshot") {
    CommandRunner run;
    std::optional<LastSnapshot> asked;
    run.state().on_stop_asked = [&](LastSnapshot last) { asked = last; };
    for (const std::vector<std::string>& words : {std::vector<std::string>{"SAVE", "NOSAVE"},
                                                  {"ABORT", "NOW"},
                                                  {"ABORT", "SAVE"},
                                                  {"FORCE", "ABORT"},
                                                  {"nonsense"},
                                                  {"SAVE", "nonsense"}}) {
        std::vector<std::string> args{"SHUTDOWN"};
        args.insert(args.end(), words.begin(), words.end());
        CHECK(run.call(args).text == "ERR syntax error");
    }
    CHECK(run("SHUTDOWN", "ABORT").text == "ERR No shutdown in progress.");
    CHECK(run("SHUTDOWN", "ABORT", "abort").text == "ERR No shutdown in progress.");
    CHECK_FALSE(asked);
    const std::pair<std::vector<std::string>, LastSnapshot> right[] = {{{"SHUTDOWN"}, LastSnapshot::as_set},
                                                                       {{"SHUTDOWN", "NOW", "FORCE"}, LastSnapshot::as_set},
                                                                       {{"SHUTDOWN", "save", "NOW"}, LastSnapshot::yes},
                                                                       {{"SHUTDOWN", "FORCE", "NoSave"}, LastSnapshot::no}};
    for (const auto& [args, expected] : right) {
        CAPTURE(args);
        CHECK_THROWS(run.call(args));  // no reply: the end of the connection is the answer
        CHECK(asked == expected);
    }
}
