// SPDX-License-Identifier: MIT
// Which snapshots stay. Pure arithmetic.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "storage/types.hpp"

namespace storage {

struct KeptSnapshot {
    std::string name;
    Lsn last{};
    UnixMs created_at = 0;
    std::uint64_t bytes = 0;
    Lsn base_last{};  // 0: a full one, with which a chain begins
};

struct RetentionRule {
    std::uint32_t keep = 5;        // the newest
    std::uint32_t keep_days = 7;   // and the newest of each of the last so many days (UTC)
    std::uint64_t keep_bytes = 0;  // but together no more than this, oldest out first; 0: four times the newest
};

// A chain is a full snapshot and the incremental ones that build upon it. The newest two chains are recovery's and stay whatever
// the rule says; of older chains the full snapshot is a backup, and the rule's to judge.
inline constexpr std::size_t fallback_pair = 2;

// The ones to remove, oldest first. `all` ascending by last LSN.
std::vector<KeptSnapshot> snapshots_to_remove(const std::vector<KeptSnapshot>& all, const RetentionRule& rule, UnixMs now);
// The last LSN of the older chain of the pair: what the log must reach back to. 0: there is no pair yet, all of the log stays.
Lsn log_needed_after(const std::vector<KeptSnapshot>& all);

}  // namespace storage
