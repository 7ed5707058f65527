// SPDX-License-Identifier: MIT
// The whole log with its threads, on the memory disk and on a real one.
#include "storage/log.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <thread>

#include <catch2/catch.hpp>

#include "storage/data_directory.hpp"
#include "storage/posix_file_system.hpp"
#include "tests/support/log_server.hpp"
#include "tests/support/scratch_dir.hpp"

using namespace storage;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using Call = test::MemoryDisk::Call;

namespace {

using Server = test::LogServer;

std::vector<std::string> read_back(test::MemoryDisk& disk) {
    Server server(disk);
    REQUIRE(server.refusal.empty());
    return server.list.records;
}

}  // namespace

TEST_CASE("Log: always makes groups durable, fewer than there are records, and reads them back") {
    test::MemoryDisk disk;
    Lsn last{};
    {
        Server server(disk);
        std::vector<std::thread> writers;
        for (int t = 0; t < 4; ++t)
            writers.emplace_back([&, t] {
                for (int i = 0; i < 200; ++i) {
                    Credit credit;
                    const std::string record = "writer " + std::to_string(t) + " record " + std::to_string(i);
                    while (server.log->journal().admit(credit, record.size()) != Admission::granted) std::this_thread::yield();
                    server.log->journal().append(credit, std::as_bytes(std::span(record)));
                    server.log->journal().release(credit);
                }
            });
        for (std::thread& writer : writers) writer.join();
        last = server.log->journal().appended();
        CHECK(last == Lsn{800});
        CHECK(server.durable(last));
        const LogFigures figures = server.log->figures();
        CHECK(figures.group_records.sum == 800);
        CHECK(figures.group_records.count <= 800);
        CHECK(figures.sync_ns.count >= figures.group_records.count);  // one a group, and those of rotations
        CHECK(figures.durable == last);
    }
    CHECK(read_back(disk).size() == 800);
}

TEST_CASE("Log: what is durable survives a power cut in always, without a clean stop") {
    test::MemoryDisk disk;
    Server server(disk);
    const Lsn lsn = server.append("acknowledged");
    REQUIRE(server.durable(lsn));
    disk.cut_power_at(disk.steps() + 1);
    server.log.reset();
    CHECK(!server.fatal.empty());
    disk.power_on(3);
    CHECK(read_back(disk) == std::vector<std::string>{"acknowledged"});
}

TEST_CASE("Log: everysec writes at once and is durable a second later") {
    test::MemoryDisk disk;
    Server server(disk, Fsync::everysec);
    const auto begun = std::chrono::steady_clock::now();
    const Lsn lsn = server.append("record");
    CHECK(server.until([&] { return server.log->journal().written() >= lsn; }));
    CHECK(server.durable(lsn));
    CHECK(std::chrono::steady_clock::now() - begun < 5s);
}

TEST_CASE("Log: no leaves syncing to the kernel, until it is asked or stopped") {
    test::MemoryDisk disk;
    Server server(disk, Fsync::no);
    const Lsn lsn = server.append("record");
    CHECK(server.until([&] { return server.log->journal().written() >= lsn; }));
    CHECK(server.log->journal().durable() == Lsn{0});
    SECTION("asked") {
        server.log->request_sync();
        CHECK(server.durable(lsn));
    }
    SECTION("switched to always while running") {
        server.log->set_appendfsync(Fsync::always);
        CHECK(server.durable(lsn));
        CHECK(server.durable(server.append("another")));
        CHECK(server.log->appendfsync() == Fsync::always);
    }
    SECTION("stopped") {
        server.log->stop();
        CHECK(server.log->journal().durable() == lsn);
    }
}

TEST_CASE("Log: the mode may change while records are written") {
    test::MemoryDisk disk;
    const std::string large(1U << 20, 'L');  // copying it in keeps the journal from the committer, between any two of its steps
    std::size_t records = 0;
    {
        Server server(disk, Fsync::everysec, false);
        std::atomic<bool> done{false};
        std::thread switching([&] {  // each change asks for a sync
            for (int i = 0; !done; ++i) server.log->set_appendfsync(i % 2 == 0 ? Fsync::no : Fsync::everysec);
        });
        for (int i = 0; i < 50; ++i) {
            for (int j = 0; j < 10; ++j) server.append("record");
            server.append(large);
            records += 11;
        }
        done = true;
        switching.join();
        CHECK(server.fatal.empty());
    }
    CHECK(read_back(disk).size() == records);
}

TEST_CASE("Log: a sync that is asked for at any moment is made") {
    for (int round = 0; round < 60; ++round) {
        test::MemoryDisk disk;
        Server server(disk, Fsync::no);
        const Lsn lsn = server.append("record");
        if (round % 2 == 1) REQUIRE(server.until([&] { return server.log->journal().written() >= lsn; }));
        server.log->request_sync();
        REQUIRE(server.durable(lsn));
    }
}

TEST_CASE("Log: in always nothing is durable before its fdatasync has returned") {
    test::MemoryDisk disk;
    Server server(disk);
    REQUIRE(server.durable(server.append("first")));
    REQUIRE(server.prepared());
    disk.hold_syncs(true);
    const Lsn lsn = server.append("second");
    REQUIRE(server.until([&] { return disk.syncs_held() == 1; }));
    CHECK(server.log->journal().written() == lsn);
    CHECK(server.log->journal().durable() < lsn);
    disk.hold_syncs(false);
    CHECK(server.durable(lsn));
}

TEST_CASE("Log: the figures hold what the disk took, and what a reply waited for it") {
    test::MemoryDisk disk;
    Server server(disk);
    REQUIRE((server.durable(server.append("first")) && server.prepared()));
    const auto ns_since = [](auto then) { return static_cast<std::uint64_t>((std::chrono::steady_clock::now() - then).count()); };
    const auto begun = std::chrono::steady_clock::now();
    disk.hold_syncs(true);
    const Lsn lsn = server.append("second");
    REQUIRE(server.until([&] { return disk.syncs_held() == 1; }));
    const auto held = std::chrono::steady_clock::now();
    REQUIRE_FALSE(server.until([&] { return server.log->journal().durable() >= lsn; }, 20ms));
    const auto held_ns = ns_since(held);
    disk.hold_syncs(false);
    REQUIRE(server.until([&] { return server.log->figures().reply_ns.count == 2; }));
    const auto all_ns = ns_since(begun);
    const LogFigures figures = server.log->figures();
    CHECK((figures.group_records.count == 2 && figures.group_records.p50 == 1 && figures.group_records.max == 1));
    CHECK((figures.write_ns.count == 2 && figures.sync_ns.max >= held_ns));
    CHECK(figures.sync_ns.p50 < held_ns);  // the others were not held
    CHECK((figures.reply_ns.max >= figures.sync_ns.max && figures.reply_ns.max <= all_ns));
}

TEST_CASE("Log: a failed fdatasync is the end: nothing is acknowledged, nothing is tried again") {
    test::MemoryDisk disk;
    Server server(disk);
    REQUIRE(server.durable(server.append("first")));
    REQUIRE(server.prepared());
    disk.fail({.call = Call::fdatasync, .after = 0, .error = EIO});
    const Lsn lsn = server.append("second");
    REQUIRE(server.until([&] { return !server.fatal.empty(); }));
    CHECK_THAT(server.fatal, Contains("cannot sync wal-"));
    server.log->stop();
    CHECK(server.log->journal().durable() < lsn);
}

TEST_CASE("Log: a failed fdatasync is told once, so no other thread may sync and acknowledge after it") {
    test::MemoryDisk disk;
    Server server(disk, Fsync::everysec);
    REQUIRE(server.durable(server.append("first")));
    REQUIRE(server.prepared());
    disk.hold_syncs(true);
    const Lsn lsn = server.append("second");
    REQUIRE(server.until([&] { return disk.syncs_held() == 1; }));  // the syncer's
    server.log->set_appendfsync(Fsync::always);
    const Lsn last = server.append("third");
    REQUIRE(server.until([&] { return server.log->journal().written() >= last; }));  // and the committer comes to sync too
    disk.fail({.call = Call::fdatasync, .after = 0, .error = EIO});
    disk.hold_syncs(false);
    REQUIRE(server.until([&] { return !server.fatal.empty(); }));
    server.log->stop();
    CHECK(server.log->journal().durable() < lsn);
}

TEST_CASE("Log: an error writing into prepared room is the end too, a short write and EINTR are not") {
    test::MemoryDisk disk;
    Server server(disk);
    REQUIRE(server.durable(server.append("first")));
    REQUIRE(server.prepared());
    SECTION("ENOSPC") {
        disk.fail({.call = Call::pwrite, .after = 0, .error = ENOSPC});
        const Lsn lsn = server.append("second");
        REQUIRE(server.until([&] { return !server.fatal.empty(); }));
        CHECK_THAT(server.fatal, Contains("No space left"));
        CHECK(server.log->journal().written() < lsn);
    }
    SECTION("short, then interrupted") {
        disk.fail({.call = Call::pwrite, .after = 0, .error = 0, .short_bytes = 13});
        disk.fail({.call = Call::pwrite, .after = 0, .error = EINTR});
        REQUIRE(server.durable(server.append("second")));
        server.log.reset();
        CHECK(read_back(disk) == std::vector<std::string>{"first", "second"});
    }
}

TEST_CASE("Log: on a full disk writes are refused, removals go on, and room makes it well again") {
    test::MemoryDisk disk;
    Server server(disk);
    REQUIRE(server.durable(server.append("first")));
    disk.set_capacity(0);
    Journal& journal = server.log->journal();
    const std::string record(8000, 'x');
    const auto fill = [&](Purpose purpose) {
        int written = 0;
        REQUIRE(server.until([&] {
            Credit credit;
            const Admission answer = journal.admit(credit, record.size(), purpose);
            if (answer == Admission::granted) {
                journal.append(credit, std::as_bytes(std::span(record)));
                journal.release(credit);
                ++written;
            }
            return answer == Admission::no_space;
        }));
        return written;
    };
    const int any = fill(Purpose::any);
    CHECK(any > 0);
    CHECK(server.log->figures().preparing_failed);
    CHECK_THAT(server.log->figures().what_failed, Contains("No space left"));
    const int removals = fill(Purpose::removal);
    CHECK(removals > 0);
    CHECK(server.durable(journal.appended()));
    CHECK(server.fatal.empty());
    disk.set_capacity(std::nullopt);
    Credit credit;
    CHECK(server.until([&] { return journal.admit(credit, record.size()) == Admission::granted; }));
    journal.release(credit);
    CHECK_FALSE(server.log->figures().preparing_failed);
    server.log.reset();
    CHECK(read_back(disk).size() == static_cast<std::size_t>(1 + any + removals));
}

TEST_CASE("Log: it starts on a full disk, and refuses writes only") {
    test::MemoryDisk disk;
    {
        Server server(disk);
        REQUIRE(server.durable(server.append("first")));
    }
    disk.set_capacity(0);
    Server server(disk);
    REQUIRE(server.refusal.empty());
    CHECK(server.list.records == std::vector<std::string>{"first"});
    Credit credit;
    CHECK(server.log->journal().admit(credit, 10) == Admission::no_space);
    disk.set_capacity(std::nullopt);
    CHECK(server.until([&] { return server.log->journal().admit(credit, 10) == Admission::granted; }));
    server.log->journal().release(credit);
}

TEST_CASE("Log: a record larger than a segment gets one of its own size") {
    test::MemoryDisk disk;
    const std::string large(3 << 20, 'L');
    {
        Server server(disk);
        REQUIRE(server.durable(server.append("before")));
        REQUIRE(server.durable(server.append(large)));
        REQUIRE(server.durable(server.append("after")));
    }
    CHECK(read_back(disk) == std::vector<std::string>{"before", large, "after"});
}

TEST_CASE("Log: an idle second ends with a mark, after which the last frame cannot pass for torn") {
    test::MemoryDisk disk;
    Server server(disk, Fsync::everysec);
    const Lsn lsn = server.append("record");
    REQUIRE(server.durable(lsn));
    const std::string name = segment_name(Lsn{1});
    REQUIRE(server.until([&] {
        const auto bytes = disk.bytes(name);
        const auto header = wal::decode_header(bytes).header;
        const std::uint64_t at = wal::header_block_bytes + wal::frame_bytes(4 + 6);
        const auto frame = wal::decode_frame(std::span(bytes).subspan(at).first<wal::frame_header_bytes>(), header->seed());
        return frame && frame->kind == wal::FrameKind::mark && frame->durable_lsn == lsn;
    }));
}

TEST_CASE("Log: a current segment that lost its name ends the process") {
    test::MemoryDisk disk;
    Server server(disk);
    REQUIRE(server.durable(server.append("first")));
    disk.remove(segment_name(Lsn{1}));
    REQUIRE(server.until([&] { return !server.fatal.empty(); }));
    CHECK_THAT(server.fatal, Contains("has been moved or removed"));
}

TEST_CASE("Log: more than two seconds behind, everysec parks writes until the disk answers") {
    test::MemoryDisk disk;
    Server server(disk, Fsync::everysec);
    REQUIRE(server.durable(server.append("first")));
    disk.hold_syncs(true);
    server.append("second");
    REQUIRE(server.until([&] { return server.log->figures().behind; }));
    CHECK(server.log->figures().sync_delayed == 1);
    Credit credit;
    CHECK(server.log->journal().admit(credit, 10) == Admission::wait);
    disk.hold_syncs(false);
    CHECK(server.until([&] { return server.log->journal().admit(credit, 10) == Admission::granted; }));
    server.log->journal().release(credit);
    CHECK_FALSE(server.log->figures().behind);
}

TEST_CASE("Log: two processes cannot have one directory") {
    test::MemoryDisk disk;
    Server first(disk);
    REQUIRE(first.refusal.empty());
    Server second(disk);
    CHECK_THAT(second.refusal, Contains("in use by another process"));
}

TEST_CASE("Log: a directory that open made goes again when nothing came into it", "[log]") {
    support::ScratchDir scratch;
    const std::string dir = (scratch / "data").string();
    {
        auto first = open_posix_file_system(dir, true);
        REQUIRE(first);
        auto late = open_posix_file_system(dir, true);
        REQUIRE(late);
        REQUIRE((*first)->lock());
        CHECK((*late)->lock().error().value() == EWOULDBLOCK);
        first->reset();
        CHECK(::access(dir.c_str(), F_OK) != 0);
        CHECK((*late)->lock().error().value() == ENOENT);  // what it has open is no place for data any more
    }
    REQUIRE(::mkdir(dir.c_str(), 0700) == 0);
    { REQUIRE(open_posix_file_system(dir, true)); }
    CHECK(::access(dir.c_str(), F_OK) == 0);
}

TEST_CASE("Log: on a real directory, with its lock, its modes and its files") {
    support::ScratchDir scratch;
    const std::string dir = (scratch / "data").string();
    const auto open = [&] {
        auto fs = open_posix_file_system(dir, true);
        REQUIRE(fs);
        return std::move(*fs);
    };
    {
        Server server(open(), Fsync::always, false);
        REQUIRE(server.refusal.empty());
        REQUIRE(server.durable(server.append("on a real disk")));
        Server second(open(), Fsync::always, false);
        CHECK_THAT(second.refusal, Contains("in use by another process"));
    }
    Server server(open(), Fsync::always, false);
    CHECK(server.list.records == std::vector<std::string>{"on a real disk"});
    REQUIRE(server.durable(server.append("again")));
    struct stat s {};
    REQUIRE(::stat(dir.c_str(), &s) == 0);
    CHECK((s.st_mode & 0777) == 0700);
    REQUIRE(::stat((dir + "/" + segment_name(Lsn{1})).c_str(), &s) == 0);
    CHECK((s.st_mode & 0777) == 0600);
    CHECK(::access((dir + "/lock").c_str(), F_OK) != 0);  // the directory itself is what is locked
    REQUIRE(::rename(dir.c_str(), (dir + "-moved").c_str()) == 0);
    REQUIRE(server.until([&] { return !server.fatal.empty(); }));
    CHECK_THAT(server.fatal, Contains("the data directory has been moved"));
}
