// SPDX-License-Identifier: MIT
// Socket addresses as values, and what a new connection's socket says about itself.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>

#include "src/client.hpp"

namespace server {

class SocketAddress {
public:
    // An IPv4 or IPv6 address, "*" or "::*"; checked before (settings: bind).
    static SocketAddress tcp(const std::string& address, std::uint16_t port);
    static SocketAddress unix_path(const std::string& path);  // at most 107 bytes; checked before
    static SocketAddress of_peer(int fd);
    static SocketAddress of_socket(int fd);

    int family() const { return storage_.ss_family; }
    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage_); }
    socklen_t size() const { return size_; }
    std::string text() const;  // 127.0.0.1:6379, [::1]:6379
    bool loopback() const;

private:
    sockaddr_storage storage_{};
    socklen_t size_ = 0;
};

// Fills addr, laddr, loopback and unix_socket. `unix_path` is empty for TCP.
void describe_peer(int fd, const std::string& unix_path, Client::Origin& origin);
void set_tcp_options(int fd, std::uint32_t keepalive_s);  // TCP_NODELAY, and keepalive as Redis sets it

}  // namespace server
