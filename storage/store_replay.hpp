// SPDX-License-Identifier: MIT
// Recovery into a Store: each worker takes an equal range of its shards.
#pragma once

#include "storage/replay.hpp"
#include "storage/store.hpp"

namespace storage {

class StoreReplay final : public ReplaySink {
public:
    StoreReplay(Store& store, unsigned workers);

    unsigned workers() const override { return workers_; }
    bool replay(unsigned worker, Lsn lsn, std::span<const std::byte> record) override;
    void finish(unsigned worker, UnixMs now) override;

private:
    ShardIndex begin(unsigned worker) const;

    Store& store_;
    unsigned workers_;
};

}  // namespace storage
