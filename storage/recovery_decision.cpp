// SPDX-License-Identifier: MIT
#include "storage/recovery_decision.hpp"

#include <algorithm>
#include <array>

#include "storage/ensure.hpp"

namespace storage {

namespace {

constexpr auto any = std::nullopt;
constexpr bool yes = true, no = false;
using K = KeyState;
using D = Damage;

// clang-format off
constexpr std::array<DecisionRow, 13> table = {{
    // in use, newer, key,                 foreign, gap, damage,           short, undecodable, verdict
    {  yes,    any,   any,                 any,     any, any,              any,   any, Verdict::refuse_in_use},
    {  no,     yes,   any,                 any,     any, any,              any,   any, Verdict::refuse_newer},
    {  no,     no,    K::wrong_or_missing, any,     any, any,              any,   any, Verdict::refuse_key},
    {  no,     no,    K::plain_under_key,  any,     any, any,              any,   any, Verdict::refuse_plain},
    {  no,     no,    K::right,            yes,     any, any,              any,   any, Verdict::refuse_foreign},
    {  no,     no,    K::right,            no,      yes, any,              any,   any, Verdict::refuse_gap},
    {  no,     no,    K::right,            no,      no,  D::durable,       any,   any, Verdict::refuse_damage},
    {  no,     no,    K::right,            no,      no,  D::above_durable, yes,   any, Verdict::refuse_short},
    {  no,     no,    K::right,            no,      no,  D::none,          yes,   any, Verdict::refuse_short},
    {  no,     no,    K::right,            no,      no,  D::above_durable, no,    yes, Verdict::refuse_undecodable},
    {  no,     no,    K::right,            no,      no,  D::none,          no,    yes, Verdict::refuse_undecodable},
    {  no,     no,    K::right,            no,      no,  D::above_durable, no,    no,  Verdict::set_aside_and_start},
    {  no,     no,    K::right,            no,      no,  D::none,          no,    no,  Verdict::start},
}};
// clang-format on

template <class T>
bool fits(const std::optional<T>& condition, T found) {
    return !condition || *condition == found;
}

}  // namespace

bool DecisionRow::holds(const Findings& found) const {
    return fits(in_use, found.in_use) && fits(newer, found.newer) && fits(key, found.key) && fits(foreign, found.foreign) &&
           fits(gap, found.gap) && fits(damage, found.damage) && fits(short_of_snapshot, found.short_of_snapshot) &&
           fits(undecodable, found.undecodable);
}

std::span<const DecisionRow> decision_table() { return table; }

Verdict decide(const Findings& found) {
    const auto* row = std::find_if(table.begin(), table.end(), [&](const DecisionRow& each) { return each.holds(found); });
    ENSURE(row != table.end());  // every combination of findings has a row
    return row->verdict;
}

}  // namespace storage
