// SPDX-License-Identifier: MIT
// Every single call of seeded histories fails once, with each error, or writes short. The process dies of an error, as the
// real one does; what it had acknowledged is there when it comes back, whatever the kernel made of the pages it could not write.
#include <catch2/catch.hpp>
#include <cerrno>

#include "tests/support/log_history.hpp"

using storage::Fsync;
using test::check_recovered;
using test::live;
using test::LogFixture;
using Call = test::MemoryDisk::Call;

namespace {

constexpr std::uint64_t seeds = 4;

void fail_everywhere(Fsync mode, Call call, int error, bool then_power_cut) {
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        LogFixture whole(seed);
        live(whole, mode, seed);
        for (std::uint64_t nth = 0; nth < whole.disk.calls(call); ++nth) {
            INFO("seed " << seed << ", call " << nth << " of " << whole.disk.calls(call));
            LogFixture log(seed);
            log.disk.fail({.call = call, .after = nth, .error = error});
            live(log, mode, seed);
            const auto written = log.appended;
            const std::uint64_t durable = log.durable;
            log.kill();
            log.disk.clear_faults();
            if (then_power_cut) log.power_cycle(seed * 100 + nth);
            // Once it may find that the page cache had promised more than the disk holds; then it goes on from the disk.
            if (!log.start()) REQUIRE_THAT(log.refusal, Catch::Matchers::Contains("start again"));
            log.kill();
            check_recovered(log, written, durable);
        }
    }
}

}  // namespace

TEST_CASE("Disk fault: any write fails") {
    const int error = GENERATE(EIO, ENOSPC);
    const Fsync mode = GENERATE(Fsync::always, Fsync::everysec);
    fail_everywhere(mode, Call::pwrite, error, GENERATE(false, true));
}

TEST_CASE("Disk fault: any fdatasync fails, and the kernel calls the pages clean") {
    const Fsync mode = GENERATE(Fsync::always, Fsync::everysec, Fsync::no);
    fail_everywhere(mode, Call::fdatasync, EIO, GENERATE(false, true));
}

TEST_CASE("Disk fault: any change of a name fails") {
    const Call call = GENERATE(Call::create, Call::rename, Call::sync_directory, Call::truncate, Call::unlink);
    fail_everywhere(Fsync::always, call, EIO, GENERATE(false, true));
}

TEST_CASE("Disk fault: short writes and EINTR at any write change nothing") {
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        LogFixture whole(seed);
        live(whole, Fsync::always, seed);
        for (std::uint64_t nth = 0; nth < whole.disk.calls(Call::pwrite); ++nth) {
            LogFixture log(seed);
            log.disk.fail({.call = Call::pwrite, .after = nth, .error = nth % 2 == 0 ? 0 : EINTR, .short_bytes = 1 + nth % 97});
            live(log, Fsync::always, seed);
            REQUIRE(log.appended == whole.appended);
            REQUIRE(log.durable == whole.durable);
            REQUIRE(log.disk.fingerprint() == whole.disk.fingerprint());
        }
    }
}
