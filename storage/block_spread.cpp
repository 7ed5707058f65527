// SPDX-License-Identifier: MIT
#include "storage/block_spread.hpp"

#include <algorithm>
#include <utility>

#include "storage/ensure.hpp"

namespace storage {

BlockSpread::BlockSpread(Source source, unsigned threads) : source_(std::move(source)), parts_(threads) { ENSURE(threads > 0); }

SnapshotResult<std::optional<BlockSpread::Block>> BlockSpread::next(unsigned thread) {
    const std::lock_guard lock(mutex_);
    const auto less_left = [](const Part& a, const Part& b) { return a.left() < b.left(); };
    auto longest = std::max_element(parts_.begin(), parts_.end(), less_left);
    if (longest->left() == 0) {
        if (auto fault = refill()) return std::move(*fault);
        longest = std::max_element(parts_.begin(), parts_.end(), less_left);
    }
    Part& own = parts_[thread];
    if (own.left() != 0) return std::optional<Block>(window_[own.begin++]);
    if (longest->left() == 0) return std::optional<Block>();
    return std::optional<Block>(window_[--longest->end]);
}

std::optional<SnapshotFault> BlockSpread::refill() {
    window_.clear();
    while (window_.size() < window_blocks) {
        const auto block = source_();
        if (!block) return block.error();
        if (!*block) break;
        window_.push_back(**block);
    }
    for (std::size_t i = 0; i < parts_.size(); ++i)
        parts_[i] = {window_.size() * i / parts_.size(), window_.size() * (i + 1) / parts_.size()};
    return std::nullopt;
}

}  // namespace storage
