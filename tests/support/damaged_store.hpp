// SPDX-License-Identifier: MIT
// A store's directory that is damaged on purpose, and what must come of a repair.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "storage/repair.hpp"
#include "tests/support/disk_image.hpp"
#include "tests/support/run_options.hpp"
#include "tests/support/store_process.hpp"

namespace test {

struct Expect {
    std::uint64_t last = 0;                             // of the state that is saved
    std::uint64_t dropped_first = 0, dropped_last = 0;  // 0: nothing is
    std::string damage{};                               // in one of the findings
    std::optional<bool> writes_snapshot{};
};

class DamagedStore {
public:
    explicit DamagedStore(std::uint64_t seed = 1, bool sealed = false);

    // ---- its life ----
    void live(std::size_t segments);  // until so many more were begun, and a little more; all is synced
    void live_some();
    void live_with_snapshots();  // of several segments, two snapshots, the second one in the middle of a segment
    void set(const std::string& key);
    std::uint64_t last() const { return process.digests.rbegin()->first; }

    // ---- its files ----
    std::vector<std::string> segments() const;
    std::vector<std::string> snapshots() const;
    std::string segment_of(storage::Lsn covered) const;  // the one that goes on above it
    struct PlacedFrame {
        storage::wal::FrameHeader header;
        std::uint64_t offset = 0;
    };
    std::vector<PlacedFrame> frames(const std::string& segment) const;  // data frames
    std::uint64_t frames_end(const std::string& segment) const;         // behind the last of them
    std::vector<std::byte> in_lost(const std::string& name) const;      // of the newest lost-*/ that has it

    // ---- damage ----
    void flip(const std::string& name, std::size_t offset);
    void cut(const std::string& name, std::size_t bytes);
    void tear_last_frame();
    void spoil_record(storage::Lsn lsn);  // under right checksums, in a plain segment without an end
    std::string damage_at_random(SeededRandom& dice);

    // ---- repair ----
    storage::Health health();
    storage::RepairPlan plan();
    bool try_apply(const storage::RepairPlan& plan);
    void apply(const storage::RepairPlan& plan);
    // Plans, compares, applies, verifies, starts, and compares the state with the one that was there at that LSN.
    void check(const Expect& expected);
    void check_plan_comes_true();
    // After a cut of the power: a start or another repair comes to the state at this LSN.
    void check_same_state_again(storage::Lsn last);

    StoreProcess process;
    SeededRandom dice;

private:
    storage::TokenSecret token_secret_{};
    void check_starts_at(storage::Lsn last, std::uint64_t above_epoch = 0);
    void check_applied(const storage::RepairPlan& plan);
    std::uint64_t highest_epoch();  // of the headers that can be read
};

}  // namespace test
