// SPDX-License-Identifier: MIT
#include "storage/random.hpp"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include "storage/ensure.hpp"

namespace storage {

namespace {

void draw(std::span<unsigned char> to) {
    while (!to.empty()) {
        const std::size_t piece = std::min<std::size_t>(to.size(), std::numeric_limits<int>::max());
        ENSURE(RAND_bytes(to.data(), static_cast<int>(piece)) == 1);
        to = to.subspan(piece);
    }
}

// A call of RAND_bytes costs 3 us for 16 bytes, a system call among it, and 7 to 9 for 4096, so a thread draws ahead.
class Pool {
public:
    ~Pool() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

    void take(std::span<unsigned char> to) {
        if (left_ < to.size()) {
            draw(bytes_);
            left_ = bytes_.size();
        }
        unsigned char* from = bytes_.data() + (bytes_.size() - left_);
        std::memcpy(to.data(), from, to.size());
        OPENSSL_cleanse(from, to.size());
        left_ -= to.size();
    }

    static constexpr std::size_t size = 4096;

private:
    std::array<unsigned char, size> bytes_{};
    std::size_t left_ = 0;
};

thread_local Pool pool;

}  // namespace

void SystemRandom::fill(std::span<unsigned char> to) {
    if (to.empty()) return;
    if (to.size() > Pool::size / 4) {
        draw(to);
    } else {
        pool.take(to);
    }
}

}  // namespace storage
