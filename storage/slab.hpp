// SPDX-License-Identifier: MIT
// Memory for records: size classes of 16 bytes cut from chunks, so that a record costs its own size and not an allocator's
// header or power of two. One per database and shard, guarded by the shard's lock. Memory goes back when the slab goes. A chunk's
// pages are made with it (`populate.hpp`), so the last chunk of each class is resident as a whole.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace storage {

class Slab {
public:
    Slab() = default;
    Slab(const Slab&) = delete;
    Slab& operator=(const Slab&) = delete;

    // 16-byte aligned. Sizes over `class_bytes_max` go to malloc. Never null.
    void* allocate(std::size_t bytes);
    void free(void* memory, std::size_t bytes);  // `bytes` as it was asked for

    // Starts the memory access of an allocate() that is to come: of the class first, then of what that will give.
    void prefetch_class(std::size_t bytes) const {
        if (bytes <= class_bytes_max) __builtin_prefetch(&class_of(bytes), 1);
    }
    void prefetch(std::size_t bytes) const;

private:
    static constexpr std::size_t step_bytes = 16;
    static constexpr std::size_t class_bytes_max = 1024;
    static constexpr std::size_t chunk_bytes_min = 1024;
    static constexpr std::size_t chunk_bytes_max = 14336;  // jemalloc's largest small class: larger blocks cost a page each

    struct FreeBlock {
        FreeBlock* next;
    };
    struct alignas(32) Class {  // in one cache line
        FreeBlock* free = nullptr;
        unsigned char* at = nullptr;
        unsigned char* end = nullptr;
        std::uint32_t next_chunk_bytes = 0;
    };

    static std::size_t rounded(std::size_t bytes) { return (bytes + step_bytes - 1) / step_bytes * step_bytes; }
    const Class& class_of(std::size_t bytes) const { return classes_[rounded(bytes) / step_bytes]; }
    void* grow(Class& of, std::size_t bytes);

    std::array<Class, class_bytes_max / step_bytes + 1> classes_{};
    std::vector<std::unique_ptr<unsigned char[]>> chunks_;
};

}  // namespace storage
