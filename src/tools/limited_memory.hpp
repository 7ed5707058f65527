// SPDX-License-Identifier: MIT
// Memory for JSON that a stranger wrote: so many bytes at a time, then std::bad_alloc. One thread.
#pragma once

#include <cstddef>
#include <new>

#include <boost/json/memory_resource.hpp>

namespace server {

class LimitedMemory final : public boost::json::memory_resource {
public:
    explicit LimitedMemory(std::size_t bytes_max) : left_(bytes_max) {}

private:
    void* do_allocate(std::size_t bytes, std::size_t alignment) override {
        if (bytes > left_) throw std::bad_alloc();
        void* const memory = ::operator new (bytes, std::align_val_t{alignment});
        left_ -= bytes;
        return memory;
    }
    void do_deallocate(void* memory, std::size_t bytes, std::size_t alignment) override {
        ::operator delete (memory, std::align_val_t{alignment});
        left_ += bytes;
    }
    bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }

    std::size_t left_;
};

}  // namespace server
