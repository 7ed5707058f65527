// SPDX-License-Identifier: MIT
// Growth of the output buffer.
#include "resp/output_buffer.hpp"

#include <algorithm>

namespace resp {

namespace {
constexpr std::size_t first_block_bytes = 1'024;
}

void OutputBuffer::grow(std::size_t bytes) {
    const std::size_t used = size();
    if (begin_ >= used && capacity_ - used >= bytes) {  // at least half is consumed: moving is cheaper than a larger block
        std::memmove(block_.get(), block_.get() + begin_, used);
        begin_ = 0;
        end_ = used;
        return;
    }
    const std::size_t capacity = std::max({first_block_bytes, 2 * capacity_, end_ + bytes});
    void* const block = std::realloc(block_.get(), capacity);  // remaps the pages of a large block instead of copying them
    if (block == nullptr) throw std::bad_alloc();
    static_cast<void>(block_.release());  // realloc has freed it, or it is the same
    block_.reset(static_cast<char*>(block));
    capacity_ = capacity;
}

void OutputBuffer::move_tail(std::size_t from, std::ptrdiff_t by) {
    const std::size_t bytes = size() - from;
    if (by > 0) prepare(static_cast<std::size_t>(by));
    if (bytes != 0) std::memmove(at(from) + by, at(from), bytes);
    end_ = static_cast<std::size_t>(static_cast<std::ptrdiff_t>(end_) + by);
}

}  // namespace resp
