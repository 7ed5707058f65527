// SPDX-License-Identifier: MIT
// The power goes at every single I/O step of seeded histories, recovery's own steps included. Whatever the disk kept of what
// was not synced: nothing acknowledged as durable is lost, nothing is invented, and the state is a prefix of the history.
#include <catch2/catch.hpp>

#include "tests/support/log_history.hpp"
#include "tests/support/run_options.hpp"

using storage::Fsync;
using test::check_recovered;
using test::live;
using test::LogFixture;
using Records = std::vector<std::string>;

namespace {

// What was written by then; a kill and start in the history moves `appended` to what came back, which is all of it.
struct Cut {
    Records written;
    std::uint64_t durable;
};

enum class Files { plain, sealed };

struct CutLog : LogFixture {
    CutLog(std::uint64_t seed, Files files) : LogFixture(seed) {
        if (files == Files::sealed) encryption = test::sealed_with({"k1"});
    }
};

Cut cut_at(LogFixture& log, Fsync mode, std::uint64_t seed, std::uint64_t step) {
    log.disk.cut_power_at(step);
    live(log, mode, seed);
    Cut cut{log.appended, log.durable};
    log.power_cycle(seed * 1000 + step);
    return cut;
}

void cut_everywhere(Fsync mode, Files files) {
    for (std::uint64_t seed = test::seed_of_run(); seed < test::seed_of_run() + test::power_histories(); ++seed) {
        CutLog whole(seed, files);
        INFO("TOKMESH_TEST_SEED=" << seed);
        const bool lived = live(whole, mode, seed);
        INFO(whole.refusal);
        REQUIRE(lived);
        const std::uint64_t steps = whole.disk.steps();
        for (std::uint64_t step = 1; step <= steps; ++step) {
            INFO("TOKMESH_TEST_SEED=" << seed << " step " << step << " of " << steps);
            CutLog log(seed, files);
            const Cut cut = cut_at(log, mode, seed, step);
            check_recovered(log, cut.written, cut.durable);
        }
    }
}

// The same, and then the power goes again at every step of recovery.
void cut_recovery_everywhere(Fsync mode, Files files) {
    const std::uint64_t seed = test::seed_of_run() + 1000;
    CutLog whole(seed, files);
    live(whole, mode, seed);
    for (std::uint64_t step = 1; step <= whole.disk.steps(); ++step) {
        for (std::uint64_t again = 1;; ++again) {
            INFO("TOKMESH_TEST_SEED=" << test::seed_of_run() << " step " << step << ", then step " << again << " of recovery");
            CutLog log(seed, files);
            const Cut cut = cut_at(log, mode, seed, step);
            log.disk.cut_power_at(log.disk.steps() + again);
            const bool through = log.start() && !log.disk.power_is_cut();
            if (log.running()) REQUIRE(log.appended.size() >= cut.durable);
            log.power_cycle(step * 100 + again);
            check_recovered(log, cut.written, cut.durable);
            if (through) break;
        }
    }
}

}  // namespace

TEST_CASE("Power cut: at every step, appendfsync always") { cut_everywhere(Fsync::always, Files::plain); }
TEST_CASE("Power cut: at every step, appendfsync everysec") { cut_everywhere(Fsync::everysec, Files::plain); }
TEST_CASE("Power cut: at every step, appendfsync no") { cut_everywhere(Fsync::no, Files::plain); }
TEST_CASE("Power cut: at every step, sealed, appendfsync always") { cut_everywhere(Fsync::always, Files::sealed); }
TEST_CASE("Power cut: at every step, sealed, appendfsync everysec") { cut_everywhere(Fsync::everysec, Files::sealed); }
TEST_CASE("Power cut: at every step, sealed, appendfsync no") { cut_everywhere(Fsync::no, Files::sealed); }
TEST_CASE("Power cut: and again at every step of recovery, always") { cut_recovery_everywhere(Fsync::always, Files::plain); }
TEST_CASE("Power cut: and again at every step of recovery, everysec") { cut_recovery_everywhere(Fsync::everysec, Files::plain); }
TEST_CASE("Power cut: and again at every step of recovery, no") { cut_recovery_everywhere(Fsync::no, Files::plain); }
TEST_CASE("Power cut: and again at every step of recovery, sealed, always") {
    cut_recovery_everywhere(Fsync::always, Files::sealed);
}
TEST_CASE("Power cut: and again at every step of recovery, sealed, everysec") {
    cut_recovery_everywhere(Fsync::everysec, Files::sealed);
}

// The oracle must be able to see a loss: a disk that lies about syncs has to show one.
TEST_CASE("Power cut: a disk that lies about syncs loses what was acknowledged, and the oracle sees it") {
    int lost = 0;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        LogFixture log(seed);
        log.disk.lie_about_sync(true);
        live(log, Fsync::always, seed);
        const std::uint64_t acknowledged = log.durable;
        log.power_cycle(seed);
        log.disk.lie_about_sync(false);
        if (!log.start() || log.appended.size() < acknowledged) ++lost;
    }
    CHECK(lost > 10);
}
