// SPDX-License-Identifier: MIT
#include "storage/block_spread.hpp"

#include <atomic>
#include <thread>

#include <catch2/catch.hpp>

using namespace storage;

namespace {

// Blocks 0, 1, 2 ... and then the end, or a fault.
class BlocksOfFile {
public:
    explicit BlocksOfFile(std::size_t blocks, bool damaged = false) : blocks_(blocks), damaged_(damaged) {}

    BlockSpread::Source source() {
        return [this]() -> SnapshotResult<std::optional<BlockSpread::Block>> {
            if (next_ == blocks_ && damaged_) return SnapshotFault{SnapshotFault::Kind::damaged, "broken", next_};
            if (next_ == blocks_) return std::optional<BlockSpread::Block>();
            BlockSpread::Block block;
            block.offset = next_++;
            return std::optional<BlockSpread::Block>(block);
        };
    }
    std::size_t read() const { return next_; }

private:
    std::size_t blocks_, next_ = 0;
    bool damaged_;
};

std::uint64_t block_taken(BlockSpread& spread, unsigned thread) {
    const auto block = spread.next(thread);
    REQUIRE(block.has_value());
    REQUIRE(block->has_value());
    return (*block)->offset;
}

bool none_left(BlockSpread& spread, unsigned thread) {
    const auto block = spread.next(thread);
    return block.has_value() && !block->has_value();
}

}  // namespace

TEST_CASE("Block spread: each thread has a part of the file, in its order") {
    BlocksOfFile file(12);
    BlockSpread spread(file.source(), 3);
    for (std::uint64_t i = 0; i < 4; ++i)
        for (unsigned thread = 0; thread < 3; ++thread) CHECK(block_taken(spread, thread) == thread * 4 + i);
    for (unsigned thread = 0; thread < 3; ++thread) CHECK(none_left(spread, thread));
}

TEST_CASE("Block spread: who is done helps where most is left, from the end") {
    BlocksOfFile file(12);
    BlockSpread spread(file.source(), 3);
    for (std::uint64_t i = 0; i < 4; ++i) CHECK(block_taken(spread, 0) == i);
    CHECK(block_taken(spread, 1) == 4);
    CHECK(block_taken(spread, 0) == 11);  // of the third's four
    CHECK(block_taken(spread, 2) == 8);
    CHECK(block_taken(spread, 0) == 7);  // three are left of the second's, two of the third's
}

TEST_CASE("Block spread: every block once, whatever their number and who asks") {
    for (const std::size_t blocks :
         {std::size_t{0}, std::size_t{1}, std::size_t{2}, BlockSpread::window_blocks, 2 * BlockSpread::window_blocks + 77}) {
        for (const unsigned threads : {1U, 2U, 5U}) {
            BlocksOfFile file(blocks);
            BlockSpread spread(file.source(), threads);
            std::vector<std::atomic<int>> seen(blocks);
            std::vector<std::thread> workers;
            for (unsigned thread = 0; thread < threads; ++thread)
                workers.emplace_back([&, thread] {
                    for (auto block = spread.next(thread); block && *block; block = spread.next(thread))
                        ++seen[static_cast<std::size_t>((*block)->offset)];
                });
            for (std::thread& worker : workers) worker.join();
            INFO(blocks << " blocks, " << threads << " threads");
            for (const auto& times : seen) REQUIRE(times == 1);
        }
    }
}

TEST_CASE("Block spread: no more of a file is known at once than a window") {
    BlocksOfFile file(3 * BlockSpread::window_blocks);
    BlockSpread spread(file.source(), 2);
    CHECK(block_taken(spread, 0) == 0);
    CHECK(file.read() == BlockSpread::window_blocks);
}

TEST_CASE("Block spread: a fault is the answer, and blocks before it do not hide it") {
    BlocksOfFile file(3, true);
    BlockSpread spread(file.source(), 2);
    const auto block = spread.next(1);
    REQUIRE(block.has_error());
    CHECK(block.error().offset == 3);
}
