// SPDX-License-Identifier: MIT
// What the environment sets of a run: seeds and counts. All of them are in tests/README.md.
#pragma once

#include <cstdint>
#include <cstdlib>

namespace test {

inline std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
    const char* given = std::getenv(variable);
    return given != nullptr ? std::strtoull(given, nullptr, 10) : otherwise;
}

inline std::uint64_t seed_of_run() { return number_from("TOKMESH_TEST_SEED", 1); }
inline std::uint64_t power_histories() { return number_from("TOKMESH_POWER_HISTORIES", 6); }
inline std::uint64_t snapshot_seeds() { return number_from("TOKMESH_SNAPSHOT_SEEDS", 20); }

}  // namespace test
