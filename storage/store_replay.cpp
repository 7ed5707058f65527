// SPDX-License-Identifier: MIT
#include "storage/store_replay.hpp"

#include <algorithm>

namespace storage {

StoreReplay::StoreReplay(Store& store, unsigned workers)
    : store_(store), workers_(std::clamp(workers, 1U, static_cast<unsigned>(store.shard_count()))) {}

ShardIndex StoreReplay::begin(unsigned worker) const {
    return static_cast<ShardIndex>(std::uint64_t{store_.shard_count()} * worker / workers_);
}

bool StoreReplay::replay(unsigned worker, Lsn lsn, std::span<const std::byte> record) {
    return store_.replay(lsn, record, begin(worker), begin(worker + 1));
}

void StoreReplay::finish(unsigned worker, UnixMs now) { store_.finish_replay(now, begin(worker), begin(worker + 1)); }

}  // namespace storage
