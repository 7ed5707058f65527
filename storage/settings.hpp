// SPDX-License-Identifier: MIT
// What an operator can set of the store. CONFIG SET writes these while commands read them, so each is an atomic.
#pragma once

#include <atomic>
#include <cstdint>

#include "storage/types.hpp"

namespace storage {

enum class QuotaPolicy : std::uint8_t { reject, evict_oldest };
enum class EvictionPolicy : std::uint8_t { noeviction, volatile_ttl, allkeys_lru };

struct Settings {
    std::atomic<std::uint32_t> session_max_per_user{50};
    std::atomic<QuotaPolicy> session_quota_policy{QuotaPolicy::reject};
    std::atomic<std::int64_t> session_default_ttl_ms{2LL * 3600 * 1000};
    std::atomic<std::int64_t> session_max_ttl_ms{720LL * 3600 * 1000};  // 0: no maximum, and "never" is allowed
    std::atomic<std::uint32_t> session_data_name_bytes{64};
    std::atomic<std::uint32_t> session_data_value_bytes{1024};
    std::atomic<std::uint32_t> session_data_bytes{4096};
    std::atomic<std::uint64_t> session_dead_max{1'000'000};
    std::atomic<std::int64_t> touch_resolution_ms{10'000};  // 0 logs every touch
    std::atomic<std::uint64_t> maxmemory_bytes{0};          // 0: no limit
    std::atomic<EvictionPolicy> maxmemory_policy{EvictionPolicy::noeviction};
    std::atomic<std::uint64_t> value_bytes_max{16U << 20};  // proto-max-bulk-len: the largest string value
};

}  // namespace storage
