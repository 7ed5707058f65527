// SPDX-License-Identifier: MIT
#include "storage/slab.hpp"

#include <algorithm>
#include <cstdlib>

#include "storage/ensure.hpp"
#include "storage/populate.hpp"

namespace storage {

void* Slab::allocate(std::size_t bytes) {
    const std::size_t whole = rounded(bytes);
    if (whole > class_bytes_max) {
        void* memory = std::malloc(whole);
        ENSURE(memory != nullptr);
        return memory;
    }
    Class& of = classes_[whole / step_bytes];
    if (of.free != nullptr) {
        FreeBlock* block = of.free;
        of.free = block->next;
        return block;
    }
    if (static_cast<std::size_t>(of.end - of.at) < whole) return grow(of, whole);
    void* memory = of.at;
    of.at += whole;
    return memory;
}

void Slab::prefetch(std::size_t bytes) const {
    if (bytes > class_bytes_max) return;
    const Class& of = class_of(bytes);
    if (of.free == nullptr && static_cast<std::size_t>(of.end - of.at) < rounded(bytes)) return;  // a new chunk will be
    const auto* at = of.free != nullptr ? reinterpret_cast<const unsigned char*>(of.free) : of.at;
    for (std::size_t line = 0; line < bytes; line += 64) __builtin_prefetch(at + line, 1);
}

void* Slab::grow(Class& of, std::size_t bytes) {
    const std::size_t wanted = std::max<std::size_t>(of.next_chunk_bytes, chunk_bytes_min);
    const std::size_t chunk_bytes = std::max(wanted / bytes, std::size_t{1}) * bytes;
    of.next_chunk_bytes = static_cast<std::uint32_t>(std::min(wanted * 2, chunk_bytes_max));
    chunks_.push_back(std::unique_ptr<unsigned char[]>(new unsigned char[chunk_bytes]));
    populate(chunks_.back().get(), chunk_bytes);
    of.at = chunks_.back().get() + bytes;
    of.end = chunks_.back().get() + chunk_bytes;
    return chunks_.back().get();
}

void Slab::free(void* memory, std::size_t bytes) {
    const std::size_t whole = rounded(bytes);
    if (whole > class_bytes_max) {
        std::free(memory);
        return;
    }
    Class& of = classes_[whole / step_bytes];
    auto* block = static_cast<FreeBlock*>(memory);
    block->next = of.free;
    of.free = block;
}

}  // namespace storage
