// SPDX-License-Identifier: MIT
#include "storage/recovery_decision.hpp"

#include <catch2/catch.hpp>
#include <vector>

using namespace storage;

namespace {

std::vector<Findings> every_combination() {
    std::vector<Findings> all;
    for (const bool in_use : {false, true})
        for (const bool newer : {false, true})
            for (const KeyState key : {KeyState::right, KeyState::wrong_or_missing, KeyState::plain_under_key})
                for (const bool foreign : {false, true})
                    for (const bool gap : {false, true})
                        for (const Damage damage : {Damage::none, Damage::above_durable, Damage::durable})
                            for (const bool is_short : {false, true})
                                for (const bool undecodable : {false, true})
                                    all.push_back({in_use, newer, key, foreign, gap, damage, is_short, undecodable});
    return all;
}

}  // namespace

TEST_CASE("Recovery: every combination of findings has exactly one row") {
    const auto all = every_combination();
    CHECK(all.size() == 2 * 2 * 3 * 2 * 2 * 3 * 2 * 2);
    for (const Findings& found : all) {
        int rows = 0;
        for (const DecisionRow& row : decision_table())
            if (row.holds(found)) {
                ++rows;
                CHECK(decide(found) == row.verdict);
            }
        CHECK(rows == 1);
    }
}

TEST_CASE("Recovery: every row of the table can be reached") {
    for (const DecisionRow& row : decision_table()) {
        bool reached = false;
        for (const Findings& found : every_combination()) reached = reached || row.holds(found);
        CHECK(reached);
    }
}

TEST_CASE("Recovery: starts only over sound data or the trace of a crash") {
    for (const Findings& found : every_combination()) {
        const bool sound = !found.in_use && !found.newer && found.key == KeyState::right && !found.foreign && !found.gap &&
                           found.damage != Damage::durable && !found.short_of_snapshot && !found.undecodable;
        CHECK(refuses(decide(found)) == !sound);
        if (sound) CHECK((decide(found) == Verdict::set_aside_and_start) == (found.damage == Damage::above_durable));
    }
}

TEST_CASE("Recovery: a state older than a damaged snapshot has a verdict of its own") {
    Findings found;
    found.short_of_snapshot = true;
    CHECK(decide(found) == Verdict::refuse_short);
    found.damage = Damage::above_durable;  // the torn tail of a crash does not make it better
    CHECK(decide(found) == Verdict::refuse_short);
    found.damage = Damage::durable;  // what says more comes first
    CHECK(decide(found) == Verdict::refuse_damage);
}
