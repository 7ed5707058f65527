// SPDX-License-Identifier: MIT
// The decision table of recovery, as data: what was found, and what is done about it. Pure; no file is touched before it
// has spoken. A test enumerates every combination of findings and demands exactly one row for each.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace storage {

// b: the first LSN that cannot be read. D: the highest LSN that any sound frame names durable.
enum class Damage : std::uint8_t {
    none,
    above_durable,  // b > D: what a crash leaves behind
    durable,        // b <= D: something that was on the disk is not readable any more
};

enum class KeyState : std::uint8_t {
    right,
    wrong_or_missing,  // sound header, but no key opens it
    plain_under_key,   // a key is configured and the data are not sealed
};

struct Findings {
    bool in_use = false;  // another process holds the lock
    bool newer = false;   // a sound header of a format that this program does not know
    KeyState key = KeyState::right;
    bool foreign = false;  // segments of two data directories
    bool gap = false;      // a segment is missing, or does not follow the one before it
    Damage damage = Damage::none;
    bool short_of_snapshot = false;  // snapshot and log end below what a damaged snapshot held
    bool undecodable = false;        // a sound record that the store cannot take
};

enum class Verdict : std::uint8_t {
    start,
    set_aside_and_start,
    refuse_in_use,
    refuse_newer,
    refuse_key,
    refuse_plain,
    refuse_foreign,
    refuse_gap,
    refuse_damage,
    refuse_short,
    refuse_undecodable,
};

// A condition that is absent holds for anything.
struct DecisionRow {
    std::optional<bool> in_use, newer;
    std::optional<KeyState> key;
    std::optional<bool> foreign, gap;
    std::optional<Damage> damage;
    std::optional<bool> short_of_snapshot, undecodable;
    Verdict verdict;

    bool holds(const Findings& found) const;
};

std::span<const DecisionRow> decision_table();
Verdict decide(const Findings& found);
constexpr bool refuses(Verdict verdict) { return verdict != Verdict::start && verdict != Verdict::set_aside_and_start; }

}  // namespace storage
