// SPDX-License-Identifier: MIT
// Bytes on their way to a client: one contiguous block that grows at its end and is consumed from its front. Its bytes move
// when it grows, so what the kernel is sending must be swapped out first. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>
#include <utility>

#include "resp/limits.hpp"

namespace resp {

class OutputBuffer {
public:
    OutputBuffer() = default;
    OutputBuffer(OutputBuffer&& other) noexcept { swap(other); }
    OutputBuffer& operator=(OutputBuffer&& other) noexcept {
        OutputBuffer(std::move(other)).swap(*this);
        return *this;
    }

    std::size_t size() const noexcept { return end_ - begin_; }
    bool empty() const noexcept { return end_ == begin_; }
    std::size_t capacity_bytes() const noexcept { return capacity_; }
    const char* data() const noexcept { return block_.get() + begin_; }
    std::string_view view() const noexcept { return {data(), size()}; }

    // Room for `bytes` at the end; commit() then says how many were written. The pointer is valid until the next call.
    char* prepare(std::size_t bytes) {
        if (capacity_ - end_ < bytes) [[unlikely]]
            grow(bytes);
        return block_.get() + end_;
    }
    void commit(std::size_t bytes) noexcept { end_ += bytes; }
    void append(std::string_view bytes) {
        if (bytes.empty()) return;
        std::memcpy(prepare(bytes.size()), bytes.data(), bytes.size());
        end_ += bytes.size();
    }

    // Cuts back to an earlier size(); positions are counted from the front, so nothing may be consumed in between.
    void truncate(std::size_t size) noexcept {
        if (size < this->size()) end_ = begin_ + size;
    }

    // Drops `bytes` from the front: what a partial write has sent.
    void consume(std::size_t bytes) noexcept {
        begin_ = bytes < size() ? begin_ + bytes : end_;
        if (begin_ == end_) begin_ = end_ = 0;
    }
    void clear() noexcept { begin_ = end_ = 0; }

    // For idle connections: gives memory back if the buffer is empty and holds more than `kept_bytes`.
    void shrink(std::size_t kept_bytes = limits::output_kept_bytes) noexcept {
        if (empty() && capacity_ > kept_bytes) OutputBuffer().swap(*this);
    }

    // Moves the bytes from `from` on, up to the end, by `by`, which may be negative. A gap that opens is not set.
    void move_tail(std::size_t from, std::ptrdiff_t by);
    // The bytes at `offset` from the front, to be changed in place.
    char* at(std::size_t offset) noexcept { return block_.get() + begin_ + offset; }

    void swap(OutputBuffer& other) noexcept {
        block_.swap(other.block_);
        std::swap(begin_, other.begin_);
        std::swap(end_, other.end_);
        std::swap(capacity_, other.capacity_);
    }

private:
    struct Free {
        void operator()(char* block) const noexcept { std::free(block); }
    };

    void grow(std::size_t bytes);

    std::unique_ptr<char[], Free> block_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::size_t capacity_ = 0;
};

}  // namespace resp
