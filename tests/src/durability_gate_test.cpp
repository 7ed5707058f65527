// SPDX-License-Identifier: MIT
// The gate: who waits for which LSN in which mode, and that no wake-up gets lost between two threads.
#include "src/durability_gate.hpp"

#include <array>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

using storage::Fsync;
using storage::Lsn;

namespace {

struct Fixture {
    explicit Fixture(Fsync start = Fsync::always) : mode(start) {
        journal.set_record_fit(1U << 20);
        journal.add_room(1ULL << 40);
        journal.on_progress([this] { gate.progressed(); });
    }

    Lsn append() {
        storage::Credit taken;
        REQUIRE(journal.admit(taken, 100) == storage::Admission::granted);
        const std::array<std::byte, 3> record{};
        const Lsn lsn = journal.append(taken, record);
        journal.release(taken);
        return lsn;
    }
    std::vector<std::uint64_t> ready() {
        std::vector<std::uint64_t> replies;
        credit.clear();
        gate.take_ready(replies, credit);
        return replies;
    }

    storage::Journal journal{storage::Journal::Options{}};
    std::atomic<Fsync> mode;
    std::atomic<int> wakes{0};
    server::DurabilityGate gate{journal, mode, [this] { ++wakes; }};
    std::vector<std::uint64_t> credit;
};

using Ids = std::vector<std::uint64_t>;

}  // namespace

TEST_CASE("always waits for durable, in the order of the log") {
    Fixture f;
    const Lsn first = f.append(), second = f.append();
    CHECK_FALSE(f.gate.open(first));
    f.gate.wait(second, 2);
    f.gate.wait(first, 1);
    f.journal.set_written(second);
    CHECK(f.wakes == 0);
    CHECK(f.ready().empty());
    f.journal.set_durable(first);
    CHECK(f.wakes == 1);
    CHECK(f.ready() == Ids{1});
    f.journal.set_durable(second);
    CHECK(f.wakes == 2);
    CHECK(f.ready() == Ids{2});
    CHECK(f.gate.open(second));
}

TEST_CASE("everysec and no wait for written") {
    for (const Fsync mode : {Fsync::everysec, Fsync::no}) {
        Fixture f(mode);
        const Lsn lsn = f.append();
        f.gate.wait(lsn, 1);
        f.journal.set_written(lsn);
        CHECK(f.wakes == 1);
        CHECK(f.ready() == Ids{1});
    }
}

TEST_CASE("many waiters cost one wake-up a flush") {
    Fixture f;
    Lsn last{};
    for (std::uint64_t id = 1; id <= 100; ++id) f.gate.wait(last = f.append(), id);
    f.journal.set_written(last);
    f.journal.set_durable(last);
    CHECK(f.wakes == 1);
    CHECK(f.ready().size() == 100);
}

TEST_CASE("nobody waits: nobody is woken") {
    Fixture f;
    const Lsn lsn = f.append();
    f.journal.set_written(lsn);
    f.journal.set_durable(lsn);
    CHECK(f.wakes == 0);
}

TEST_CASE("a wish that is fulfilled already rings at once") {
    Fixture f;
    const Lsn lsn = f.append();
    f.journal.set_written(lsn);
    f.journal.set_durable(lsn);
    f.gate.wait(lsn, 1);
    CHECK(f.wakes == 1);
    CHECK(f.ready() == Ids{1});
}

TEST_CASE("a change of appendfsync is seen at the next look") {
    Fixture f;
    const Lsn lsn = f.append();
    f.gate.wait(lsn, 1);
    f.journal.set_written(lsn);
    f.mode = Fsync::no;
    CHECK(f.ready() == Ids{1});
}

TEST_CASE("who waits for credit is woken by any progress") {
    Fixture f;
    const Lsn lsn = f.append();
    f.gate.wait_for_credit(9);
    f.journal.set_written(lsn);
    CHECK(f.wakes == 1);
    CHECK(f.ready().empty());
    CHECK(f.credit == Ids{9});
}

TEST_CASE("no wake-up is lost between the committer and the io thread") {
    Fixture f;
    constexpr std::uint64_t rounds = 20'000;
    std::thread committer([&] {
        for (storage::Batch batch; value(batch.last) < rounds;) {
            if (!f.journal.take(batch)) continue;
            f.journal.set_written(batch.last);
            f.journal.set_durable(batch.last);
        }
    });
    for (std::uint64_t id = 1; id <= rounds; ++id) {
        int wakes = f.wakes;
        f.gate.wait(f.append(), id);
        // Both threads may ring for the same progress, and the second one late: only a wake-up that never comes hangs here.
        Ids released;
        while (released.empty()) {
            while (f.wakes == wakes) std::this_thread::yield();
            wakes = f.wakes;
            released = f.ready();
        }
        REQUIRE(released == Ids{id});
    }
    committer.join();
    CHECK(f.gate.waiting() == 0);
}
