// SPDX-License-Identifier: MIT
// Randomness as an argument, so that tests own ids and tokens.
#pragma once

#include <cstddef>
#include <span>

namespace storage {

// Any thread. A source that cannot deliver ends the process: nothing may be made from weak bytes.
class RandomSource {
public:
    virtual ~RandomSource() = default;
    virtual void fill(std::span<unsigned char> to) = 0;
};

// OpenSSL's CSPRNG, drawn in larger pieces per thread; a piece once handed out is wiped.
class SystemRandom final : public RandomSource {
public:
    void fill(std::span<unsigned char> to) override;
};

}  // namespace storage
