// SPDX-License-Identifier: MIT
// Who is connected. The lock also keeps a Client alive while a visitor looks at it, because removal takes it too.
#include "src/client_registry.hpp"

namespace server {

void ClientRegistry::add(Client& client) {
    const std::lock_guard lock(mutex_);
    clients_.emplace(client.id(), &client);
    size_.store(clients_.size(), std::memory_order_relaxed);
}

void ClientRegistry::remove(Client& client) {
    const std::lock_guard lock(mutex_);
    clients_.erase(client.id());
    size_.store(clients_.size(), std::memory_order_relaxed);
}

void ClientRegistry::each(storage::FunctionRef<void(Client&)> visit) const {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, client] : clients_) visit(*client);
}

bool ClientRegistry::with(std::uint64_t id, storage::FunctionRef<void(Client&)> visit) const {
    const std::lock_guard lock(mutex_);
    const auto found = clients_.find(id);
    if (found == clients_.end()) return false;
    visit(*found->second);
    return true;
}

void ClientRegistry::ask_to_close(Client& client) {
    client.traffic.close_asked.store(true, std::memory_order_release);
    if (on_close_asked_) on_close_asked_(client.origin().thread, client.id());
}

}  // namespace server
