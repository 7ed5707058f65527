// SPDX-License-Identifier: MIT
// SESS.LIST's work: goes over all shards of a database in slices, counts what passes the filter and keeps the best
// offset + count of it, so memory is bounded by the page asked for and no slice holds a lock for long. One thread at a time.
//
// What changes while it runs may be seen before or after the change; a session that is there throughout is counted once.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "storage/store.hpp"

namespace storage {

class SessionLister {
public:
    // The filter's texts are copied.
    SessionLister(Store& store, DbIndex db, const SessionFilter& filter, SessionOrder order, bool descending,
                  std::uint64_t offset, std::uint64_t count);

    bool step(Op& op);  // one slice; true at the end
    std::uint64_t total() const { return total_; }
    void page(Op& op, SessionVisitor visit);  // after the last step; sessions that went meanwhile are left out

private:
    struct Candidate {
        std::int64_t rank;
        SessionId id;
        Place place;
        std::uint32_t generation;
        ShardIndex shard;
    };
    struct Address {
        std::array<unsigned char, 16> bytes{};
        int bits = 0;  // 32 or 128; 0: not an address
    };

    static Address parse(std::string_view text);
    bool passes(const SessionView& view) const;
    bool passes_address(const SessionView& view) const;
    std::int64_t rank_of(const SessionView& view) const;
    bool before(const Candidate& a, const Candidate& b) const;  // in the page's order
    void consider(const Candidate& candidate);

    Store& store_;
    DbIndex db_;
    std::string user_, device_, created_by_;
    Address address_;
    int prefix_bits_;
    SessionFilter filter_;  // its texts are not used
    SessionOrder order_;
    bool descending_;
    std::uint64_t offset_;
    std::size_t keep_;
    std::vector<Candidate> heap_;  // the worst on top
    std::uint64_t total_ = 0;
    std::size_t shard_ = 0;
    Place place_ = 0;
};

}  // namespace storage
