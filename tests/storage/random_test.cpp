// SPDX-License-Identifier: MIT
#include "storage/random.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

using namespace storage;

TEST_CASE("Random: no piece is handed out twice, whatever the size and the thread") {
    std::mutex mutex;
    std::set<std::array<unsigned char, 16>> seen;
    SystemRandom random;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&] {
            for (int i = 0; i < 500; ++i) {
                std::array<unsigned char, 16> piece{};
                random.fill(piece);
                std::lock_guard lock(mutex);
                seen.insert(piece);
            }
        });
    for (std::thread& thread : threads) thread.join();
    CHECK(seen.size() == 2000);
    CHECK_FALSE(seen.contains({}));
}

TEST_CASE("Random: every byte is filled, from one to many") {
    SystemRandom random;
    for (const std::size_t size : {1U, 31U, 128U, 129U, 512U, 1024U, 1025U, 5000U}) {
        std::vector<unsigned char> sum(size, 0);
        for (int round = 0; round < 40; ++round) {
            std::vector<unsigned char> bytes(size, 0);
            random.fill(bytes);
            for (std::size_t i = 0; i < size; ++i) sum[i] |= bytes[i];
        }
        for (const unsigned char byte : sum) REQUIRE(byte != 0);
    }
    random.fill({});
}
