// SPDX-License-Identifier: MIT
// Pages ahead of their first write: there are all of them, with what they held, and no error shows anywhere.
#include "storage/populate.hpp"

#include <sys/mman.h>

#include <cerrno>
#include <vector>

#include <catch2/catch.hpp>

namespace {

constexpr std::size_t page_bytes = 4096, pages = 16;

struct Mapping {
    ~Mapping() { ::munmap(at, pages * page_bytes); }
    std::size_t resident() const {
        std::vector<unsigned char> there(pages);
        REQUIRE(::mincore(at, pages * page_bytes, there.data()) == 0);
        std::size_t count = 0;
        for (const unsigned char page : there) count += page & 1U;
        return count;
    }
    unsigned char* at = static_cast<unsigned char*>(
        ::mmap(nullptr, pages* page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
};

}  // namespace

TEST_CASE("populate: every page that the bytes touch is there, with what it held", "[populate]") {
    Mapping memory;
    REQUIRE(memory.resident() == 0);
    memory.at[3 * page_bytes + 5] = 7;
    storage::populate(memory.at + 2 * page_bytes + 100, 3 * page_bytes);  // the end is in a fourth page
    CHECK(memory.resident() == 4);
    CHECK(memory.at[3 * page_bytes + 5] == 7);
    CHECK(memory.at[4 * page_bytes] == 0);
}

TEST_CASE("populate: a little is left to its own faults, and what is not there to whoever writes", "[populate]") {
    Mapping memory;
    storage::populate(memory.at, page_bytes - 1);
    storage::populate(nullptr, 0);
    CHECK(memory.resident() == 0);
    ::mprotect(memory.at, pages * page_bytes, PROT_NONE);
    errno = ENOENT;
    storage::populate(memory.at, pages * page_bytes);
    CHECK(errno == ENOENT);
}
