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
};

struct RetentionRule {
    std::uint32_t keep = 5;        // the newest
    std::uint32_t keep_days = 7;   // and the newest of each of the last so many days (UTC)
    std::uint64_t keep_bytes = 0;  // but together no more than this, oldest out first; 0: four times the newest
};

inline constexpr std::size_t fallback_pair = 2;  // the newest two are recovery's: they stay whatever the rule says

// The ones to remove, oldest first. `all` ascending by last LSN.
std::vector<KeptSnapshot> snapshots_to_remove(const std::vector<KeptSnapshot>& all, const RetentionRule& rule, UnixMs now);

}  // namespace storage
