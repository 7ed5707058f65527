// SPDX-License-Identifier: MIT
// A random generator whose seed is shown when a test fails, and can be given again in TOKMESH_TEST_SEED.
#pragma once

#include <catch2/catch.hpp>
#include <cstdint>
#include <random>
#include <string>

#include "tests/support/run_options.hpp"

namespace resp_test {

inline std::uint64_t test_seed() { return test::number_from("TOKMESH_TEST_SEED", std::random_device{}()); }

class Random {
public:
    explicit Random(std::uint64_t seed) : engine_(seed) {}
    std::size_t below(std::size_t bound) { return std::uniform_int_distribution<std::size_t>(0, bound - 1)(engine_); }
    std::uint64_t bits() { return engine_(); }
    bool one_in(std::size_t n) { return below(n) == 0; }
    std::string text(std::size_t size, std::string_view letters) {
        std::string made(size, ' ');
        for (char& c : made) c = letters[below(letters.size())];
        return made;
    }

private:
    std::mt19937_64 engine_;
};

}  // namespace resp_test
