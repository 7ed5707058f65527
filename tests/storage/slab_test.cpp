// SPDX-License-Identifier: MIT
#include "storage/slab.hpp"

#include <cstring>
#include <set>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

using namespace storage;

TEST_CASE("Slab: blocks do not overlap, and what was freed is given again") {
    Slab slab;
    std::vector<std::pair<unsigned char*, std::size_t>> blocks;
    for (std::size_t bytes = 1; bytes <= 1100; bytes += 7) {
        for (int i = 0; i < 20; ++i) {
            slab.prefetch_class(bytes);
            slab.prefetch(bytes);  // of a class that was never used, that has blocks, that is at its chunk's end
            auto* block = static_cast<unsigned char*>(slab.allocate(bytes));
            CHECK(reinterpret_cast<std::uintptr_t>(block) % 16 == 0);
            std::memset(block, static_cast<int>(blocks.size() % 251), bytes);
            blocks.emplace_back(block, bytes);
        }
    }
    for (std::size_t i = 0; i < blocks.size(); ++i) {
        const auto& [block, bytes] = blocks[i];
        CHECK(block[0] == i % 251);
        CHECK(block[bytes - 1] == i % 251);
    }
    for (const auto& [block, bytes] : blocks) slab.free(block, bytes);
    std::set<void*> freed;
    for (const auto& [block, bytes] : blocks)
        if (bytes <= 1024) freed.insert(block);
    for (const auto& [block, bytes] : blocks) {
        if (bytes > 1024) continue;
        slab.prefetch(bytes);
        CHECK(freed.erase(slab.allocate(bytes)) == 1);
    }
}
