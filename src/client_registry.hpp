// SPDX-License-Identifier: MIT
// All connections of all io threads, for CLIENT LIST, INFO and KILL. One lock, taken when connections come and go.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>

#include "src/client.hpp"
#include "storage/function_ref.hpp"

namespace server {

// Any thread. Holds no Client: who adds one removes it before it dies.
class ClientRegistry {
public:
    std::uint64_t next_id() { return next_id_.fetch_add(1, std::memory_order_relaxed); }
    void add(Client& client);
    void remove(Client& client);

    // Under the lock, by ascending id: do not call the registry from within.
    void each(storage::FunctionRef<void(Client&)> visit) const;
    bool with(std::uint64_t id, storage::FunctionRef<void(Client&)> visit) const;
    std::size_t size() const { return size_.load(std::memory_order_relaxed); }

    // Asks the owning thread to close it; the flag is seen before its next command.
    void ask_to_close(Client& client);
    // How the owning thread is told: (thread, id), called under the lock, must not block. Set before traffic.
    void on_close_asked(std::function<void(std::uint32_t, std::uint64_t)> call) { on_close_asked_ = std::move(call); }

private:
    std::atomic<std::uint64_t> next_id_{1};
    std::atomic<std::size_t> size_{0};
    mutable std::mutex mutex_;
    std::map<std::uint64_t, Client*> clients_;  // guarded by mutex_
    std::function<void(std::uint32_t, std::uint64_t)> on_close_asked_;
};

}  // namespace server
