// SPDX-License-Identifier: MIT
// Memory for lookups that are to come. Nothing is promised: whoever holds a shard's lock is not waited for, and what is fetched
// may be another record of the same hash.
#include "storage/store.hpp"
#include "storage/store_impl.hpp"

namespace storage {

Probe Store::Impl::probe(Probe::Of of, std::string_view text, const TokenHash& token) const {
    const ShardIndex shard = shard_of(text);
    const Probe probe{.of = of, .shard = shard, .text = text, .token = token, .at = shard};
    __builtin_prefetch(&shards[probe.shard], 1);
    return probe;
}

Probe Store::probe_token(std::string_view token) const {
    const auto of = has_made_shape(token) ? Probe::Of::made_token : Probe::Of::brought_token;
    return impl_->probe(of, token, impl_->hash_token(token));
}
Probe Store::probe_key(std::string_view key) const { return impl_->probe(Probe::Of::key, key, {}); }

void Store::prefetch(std::span<Probe> probes, DbIndex db) {
    const auto each = [&](auto&& step) {
        for (Probe& probe : probes) impl_->ahead(probe.at, db, [&](Space& space) { step(space, probe); });
    };
    each([](Space& space, Probe& probe) { space.prefetch_entry(probe); });
    bool elsewhere = false;
    each([&](Space& space, Probe& probe) {
        space.read_entry(probe);
        if (probe.at == probe.shard) return space.prefetch_place(probe);
        __builtin_prefetch(&impl_->shards[probe.at], 1);
        elsewhere = true;
    });
    if (elsewhere)
        each([](Space& space, Probe& probe) {
            if (probe.at != probe.shard) space.prefetch_place(probe);
        });
    each([](Space& space, Probe& probe) { space.prefetch_record(probe); });
}

}  // namespace storage
