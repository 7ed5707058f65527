// SPDX-License-Identifier: MIT
#include "storage/journal.hpp"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <cstdio>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "storage/wal_format.hpp"

using namespace storage;

namespace {

constexpr std::uint64_t plenty = 1ULL << 40;

Journal::Options small_options() {
    return {.pending_bytes_max = 10'000, .record_bytes_max = 10'000, .last = {}, .removal_reserve_bytes = 1000};
}

struct JournalFixture {
    explicit JournalFixture(std::uint64_t room = plenty, Journal::Options options = small_options()) : journal(options) {
        journal.set_record_fit(1U << 20);
        journal.add_room(room);
        journal.on_progress([this] { ++progress; });
        journal.on_room_wanted([this] { ++wanted; });
    }
    Admission admit(std::size_t bytes, Purpose purpose = Purpose::any) { return journal.admit(credit, bytes, purpose); }
    Lsn append(std::string_view record) { return journal.append(credit, std::as_bytes(std::span(record))); }
    Lsn write(std::string_view record) {
        REQUIRE(admit(record.size()) == Admission::granted);
        return append(record);
    }

    Journal journal;
    Credit credit;
    int progress = 0, wanted = 0;
};

// Does this end the process by an invariant?
template <class F>
bool aborts(F f) {
    const pid_t child = ::fork();
    if (child == 0) {
        std::signal(SIGABRT, SIG_DFL);
        std::fclose(stderr);
        f();
        ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

// How much of this memory the system holds for us.
std::size_t resident_bytes(std::span<const std::byte> memory) {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    const auto begin = reinterpret_cast<std::uintptr_t>(memory.data()) / page * page;
    std::vector<unsigned char> pages((memory.size() + page - 1) / page);
    REQUIRE(::mincore(reinterpret_cast<void*>(begin), memory.size(), pages.data()) == 0);
    return page *
           static_cast<std::size_t>(std::count_if(pages.begin(), pages.end(), [](unsigned char p) { return (p & 1U) != 0; }));
}

}  // namespace

TEST_CASE("Journal: a batch is a dense run of records with their lengths") {
    JournalFixture f;
    CHECK(f.write("one") == Lsn{1});
    CHECK(f.write("three") == Lsn{2});
    CHECK(f.journal.appended() == Lsn{2});
    Batch batch;
    REQUIRE(f.journal.take(batch));
    CHECK(batch.first == Lsn{1});
    CHECK(batch.last == Lsn{2});
    CHECK(batch.count == 2);
    wal::Entries entries(batch.bytes);
    std::span<const std::byte> record;
    std::vector<std::string> found;
    while (entries.next(record)) found.emplace_back(reinterpret_cast<const char*>(record.data()), record.size());
    CHECK_FALSE(entries.broken());
    CHECK(found == std::vector<std::string>{"one", "three"});
    f.journal.set_written(batch.last);
    CHECK_FALSE(f.journal.take(batch));
    CHECK(f.write("x") == Lsn{3});
}

TEST_CASE("Journal: credit covers the record and its framing, and what is left goes back") {
    JournalFixture f;
    REQUIRE(f.admit(100) == Admission::granted);
    CHECK(f.credit.bytes == Journal::cost(100));
    CHECK(f.journal.figures().pending_bytes == Journal::cost(100));
    CHECK(f.journal.figures().unwritten_bytes == 0);
    f.append(std::string(40, 'x'));
    CHECK(f.credit.bytes == 60);
    f.journal.release(f.credit);
    CHECK(f.credit.bytes == 0);
    CHECK(f.journal.figures().pending_bytes == Journal::cost(40));
    Batch batch;
    REQUIRE(f.journal.take(batch));
    CHECK(f.journal.figures().pending_bytes == Journal::cost(40));
    CHECK(f.journal.figures().unwritten_bytes == Journal::cost(40));
    f.journal.set_written(batch.last);
    CHECK(f.journal.figures().pending_bytes == 0);
    CHECK(f.journal.figures().unwritten_bytes == 0);
}

TEST_CASE("Journal: over wal-pending-bytes admission waits, and is called when it is worth another try") {
    JournalFixture f;
    REQUIRE(f.admit(5000) == Admission::granted);
    Credit other;
    CHECK(f.journal.admit(other, 9000) == Admission::wait);
    CHECK(other.bytes == 0);
    CHECK(f.progress == 0);
    SECTION("by credit that comes back") { f.journal.release(f.credit); }
    SECTION("by a batch that was written") {
        f.append(std::string(5000, 'x'));
        f.journal.release(f.credit);
        f.progress = 0;
        CHECK(f.journal.admit(other, 9000) == Admission::wait);
        Batch batch;
        REQUIRE(f.journal.take(batch));
        f.journal.set_written(batch.last);
    }
    CHECK(f.progress == 1);
    CHECK(f.journal.admit(other, 9000) == Admission::granted);
    CHECK(f.journal.figures().admissions_parked > 0);
}

TEST_CASE("Journal: a record larger than wal-pending-bytes goes in once half is free") {
    JournalFixture f;
    Credit large;
    REQUIRE(f.admit(4000) == Admission::granted);
    CHECK(f.journal.admit(large, 20'000) == Admission::granted);
    CHECK(f.admit(10) == Admission::wait);
}

TEST_CASE("Journal: each record is charged twice its cost of file room, and a batch says how much") {
    JournalFixture f(100'000);
    f.write(std::string(100, 'x'));
    f.write(std::string(50, 'x'));
    const std::uint64_t charged = 2 * (Journal::cost(100) + Journal::cost(50));
    CHECK(f.journal.figures().room_bytes == static_cast<std::int64_t>(100'000 - charged));
    Batch batch;
    REQUIRE(f.journal.take(batch));
    CHECK(batch.charged_room == charged);
    f.journal.set_written(batch.last);
    f.journal.add_room(batch.charged_room - 200);
    CHECK(f.journal.figures().room_bytes == 100'000 - 200);
}

TEST_CASE("Journal: no room waits while it is prepared, and is refused when preparing failed") {
    JournalFixture f(1000 + 2 * Journal::cost(100));
    REQUIRE(f.admit(100) == Admission::granted);
    Credit other;
    CHECK(f.journal.admit(other, 100) == Admission::wait);
    CHECK(f.wanted == 1);
    CHECK(f.journal.room_wanted() == 1000 + 4 * Journal::cost(100));
    CHECK(f.journal.room_is_low());
    f.journal.set_preparing_failed(true);
    CHECK(f.progress == 1);
    CHECK(f.journal.admit(other, 100) == Admission::no_space);
    CHECK(f.journal.figures().admissions_refused == 1);
    f.journal.set_preparing_failed(false);
    f.journal.add_room(1000);
    CHECK(f.journal.room_wanted() == 0);
    CHECK(f.journal.admit(other, 100) == Admission::granted);
}

TEST_CASE("Journal: the last room serves removals only") {
    JournalFixture f(1000 + 2 * Journal::cost(100));
    f.journal.set_preparing_failed(true);
    REQUIRE(f.admit(100) == Admission::granted);
    Credit other;
    CHECK(f.journal.admit(other, 100) == Admission::no_space);
    CHECK(f.journal.admit(other, 100, Purpose::removal) == Admission::granted);
    int removals = 1;
    while (f.journal.admit(other, 100, Purpose::removal) == Admission::granted) ++removals;
    CHECK(removals == static_cast<int>(1000 / (2 * Journal::cost(100))));
}

TEST_CASE("Journal: room is given up only while what was promised and the reserve keep theirs") {
    JournalFixture f(1000 + 2 * Journal::cost(100) + 500);
    REQUIRE(f.admit(100) == Admission::granted);
    CHECK_FALSE(f.journal.give_up_room(501));
    CHECK(f.journal.give_up_room(400));
    CHECK(f.journal.figures().room_bytes == static_cast<std::int64_t>(1000 + 2 * Journal::cost(100) + 100));
    f.append(std::string(100, 'x'));  // is charged what was promised: nothing changes
    CHECK_FALSE(f.journal.give_up_room(101));
    CHECK(f.journal.give_up_room(100));
    CHECK_FALSE(f.journal.give_up_room(1));
}

TEST_CASE("Journal: a record that no segment could hold waits until segments are large enough") {
    JournalFixture f(plenty,
                     {.pending_bytes_max = 8U << 20, .record_bytes_max = 8U << 20, .last = {}, .removal_reserve_bytes = 0});
    CHECK(f.admit(2U << 20) == Admission::wait);
    CHECK(f.wanted == 1);
    CHECK(f.journal.record_fit_wanted() == Journal::cost(2U << 20));
    f.journal.set_record_fit(3U << 20);
    CHECK(f.journal.record_fit_wanted() == 0);
    CHECK(f.progress == 1);
    CHECK(f.admit(2U << 20) == Admission::granted);
}

TEST_CASE("Journal: credit that was there before and what comes to it pay for one record, which a segment must hold") {
    JournalFixture f(plenty,
                     {.pending_bytes_max = 8U << 20, .record_bytes_max = 8U << 20, .last = {}, .removal_reserve_bytes = 0});
    REQUIRE(f.admit(8000) == Admission::granted);
    const std::size_t missing = (1U << 20) - 4000;  // alone it would fit
    CHECK(f.admit(missing) == Admission::wait);
    CHECK(f.journal.record_fit_wanted() == Journal::cost(8000) + Journal::cost(missing));
    f.journal.set_record_fit(2U << 20);
    CHECK(f.admit(missing) == Admission::granted);
}

TEST_CASE("Journal: behind by more than two seconds, admissions wait") {
    JournalFixture f;
    f.journal.set_behind(true);
    CHECK(f.admit(1) == Admission::wait);
    f.journal.set_behind(false);
    CHECK(f.progress == 1);
    CHECK(f.admit(1) == Admission::granted);
}

TEST_CASE("Journal: appended >= written >= durable, whoever moves them") {
    JournalFixture f;
    f.write("a");
    f.write("b");
    CHECK(aborts([&] { f.journal.set_written(Lsn{3}); }));
    CHECK(aborts([&] { f.journal.set_durable(Lsn{1}); }));
    f.journal.set_written(Lsn{2});
    f.journal.set_durable(Lsn{1});
    f.journal.set_durable(Lsn{2});
    f.journal.set_durable(Lsn{1});  // the slower of two threads
    CHECK(f.journal.durable() == Lsn{2});
    CHECK(f.progress == 3);
}

TEST_CASE("Journal: appending more than was admitted ends the process") {
    JournalFixture f;
    REQUIRE(f.admit(10) == Admission::granted);
    CHECK(aborts([&] { f.append(std::string(10 + Journal::record_overhead + 1, 'x')); }));
}

TEST_CASE("Journal: threads append, nothing is lost and no LSN is given twice") {
    JournalFixture f(plenty,
                     {.pending_bytes_max = 8U << 20, .record_bytes_max = 1U << 20, .last = Lsn{41}, .removal_reserve_bytes = 0});
    f.journal.on_progress(nullptr);
    constexpr int threads = 4, each = 2000;
    std::vector<std::thread> writers;
    std::vector<std::vector<std::uint64_t>> given(threads);
    for (std::size_t t = 0; t < threads; ++t)
        writers.emplace_back([&, t] {
            for (int i = 0; i < each; ++i) {
                Credit credit;
                while (f.journal.admit(credit, 20) != Admission::granted) std::this_thread::yield();
                given[t].push_back(value(f.journal.append(credit, std::as_bytes(std::span("0123456789", 10)))));
                f.journal.release(credit);
            }
        });
    std::uint64_t taken = 0;
    while (taken < threads * each) {
        f.journal.wait_for_records(1'000'000'000);
        Batch batch;
        if (!f.journal.take(batch)) continue;
        CHECK(value(batch.first) == 42 + taken);
        CHECK(batch.bytes.size() == batch.count * std::size_t{14});
        taken += batch.count;
        f.journal.set_written(batch.last);
    }
    for (std::thread& writer : writers) writer.join();
    std::set<std::uint64_t> all;
    for (const auto& lsns : given) all.insert(lsns.begin(), lsns.end());
    CHECK(all.size() == threads * each);
    CHECK(*all.begin() == 42);
    CHECK(f.journal.figures().pending_bytes == 0);
}

TEST_CASE("Journal: memory grows with what is appended and goes back after a burst") {
    JournalFixture f(plenty,
                     {.pending_bytes_max = 64U << 20, .record_bytes_max = 32U << 20, .last = {}, .removal_reserve_bytes = 0});
    f.journal.set_record_fit(64U << 20);
    f.write("small");
    Batch batch;
    REQUIRE(f.journal.take(batch));
    f.journal.set_written(batch.last);
    CHECK(resident_bytes({batch.bytes.data(), 32U << 20}) < (1U << 20));
    const std::string record(16U << 20, 'x');
    f.write(record);
    f.write(record);
    REQUIRE(f.journal.take(batch));
    f.journal.set_written(batch.last);
    const auto burst = batch.bytes;
    CHECK(resident_bytes(burst) >= (32U << 20));
    f.write("small");
    REQUIRE(f.journal.take(batch));
    CHECK(resident_bytes(burst) < (8U << 20));
}
