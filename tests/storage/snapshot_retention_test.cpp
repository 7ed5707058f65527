// SPDX-License-Identifier: MIT
#include "storage/snapshot_retention.hpp"

#include <catch2/catch.hpp>

using namespace storage;
using Lsns = std::vector<std::uint64_t>;

namespace {

constexpr UnixMs hour = 3600'000, day = 24 * hour, now = 20'000 * day + 12 * hour;

// Ages in hours, oldest first; each of 100 bytes, LSNs 1, 2, 3 ...
std::vector<KeptSnapshot> aged(const std::vector<UnixMs>& hours) {
    std::vector<KeptSnapshot> all;
    for (const UnixMs age : hours) all.push_back({"s" + std::to_string(all.size()), Lsn{all.size() + 1}, now - age * hour, 100});
    return all;
}

Lsns removed(const std::vector<KeptSnapshot>& all, const RetentionRule& rule) {
    Lsns lsns;
    for (const KeptSnapshot& each : snapshots_to_remove(all, rule, now)) lsns.push_back(value(each.last));
    return lsns;
}

}  // namespace

TEST_CASE("Snapshot retention: the newest by number, oldest out first") {
    CHECK(removed({}, {1, 0, 0}).empty());
    CHECK(removed(aged({6, 5, 4, 3, 2, 1}), {4, 0, 10'000}) == Lsns{1, 2});
    CHECK(removed(aged({6, 5, 4, 3, 2, 1}), {6, 0, 10'000}).empty());
}

TEST_CASE("Snapshot retention: the fallback pair stays, whatever the rule says") {
    for (const RetentionRule& rule : {RetentionRule{0, 0, 1}, RetentionRule{1, 0, 1}, RetentionRule{0, 0, 0}}) {
        CHECK(removed(aged({900, 800, 700}), rule) == Lsns{1});
        CHECK(removed(aged({900, 800}), rule).empty());
        CHECK(removed(aged({900}), rule).empty());
    }
}

TEST_CASE("Snapshot retention: besides, the newest of each of the last days") {
    // Two today, three yesterday, one on the day before, one 30 days ago.
    const auto all = aged({720, 40, 30, 25, 20, 2, 1});
    CHECK(removed(all, {2, 3, 10'000}) == Lsns{1, 3, 4});  // today, yesterday, the day before
    CHECK(removed(all, {2, 2, 10'000}) == Lsns{1, 2, 3, 4});
    CHECK(removed(all, {2, 40, 10'000}) == Lsns{3, 4});
    CHECK(removed(all, {2, 0, 10'000}) == Lsns{1, 2, 3, 4, 5});
}

TEST_CASE("Snapshot retention: no more bytes than the limit, and nothing older than what went for it") {
    auto all = aged({6, 5, 4, 3, 2, 1});
    CHECK(removed(all, {6, 0, 400}) == Lsns{1, 2});
    CHECK(removed(all, {6, 0, 0}) == Lsns{1, 2});  // four times the newest
    all[2].bytes = 1000;
    CHECK(removed(all, {6, 0, 600}) == Lsns{1, 2, 3});  // the first two would fit
    CHECK(removed(all, {6, 0, 1}) == Lsns{1, 2, 3, 4});
}
