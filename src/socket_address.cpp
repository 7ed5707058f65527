// SPDX-License-Identifier: MIT
// See socket_address.hpp.
#include "src/socket_address.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

namespace server {

SocketAddress SocketAddress::tcp(const std::string& address, std::uint16_t port) {
    SocketAddress out;
    auto& v4 = reinterpret_cast<sockaddr_in&>(out.storage_);
    auto& v6 = reinterpret_cast<sockaddr_in6&>(out.storage_);
    if (address == "*" || inet_pton(AF_INET, address.c_str(), &v4.sin_addr) == 1) {
        v4.sin_family = AF_INET;
        v4.sin_port = htons(port);
        out.size_ = sizeof v4;
    } else {
        if (address == "::*" || inet_pton(AF_INET6, address.c_str(), &v6.sin6_addr) != 1) v6.sin6_addr = in6addr_any;
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(port);
        out.size_ = sizeof v6;
    }
    return out;
}

SocketAddress SocketAddress::unix_path(const std::string& path) {
    SocketAddress out;
    auto& un = reinterpret_cast<sockaddr_un&>(out.storage_);
    un.sun_family = AF_UNIX;
    std::memcpy(un.sun_path, path.data(), std::min(path.size(), sizeof un.sun_path - 1));
    out.size_ = sizeof un;
    return out;
}

SocketAddress SocketAddress::of_peer(int fd) {
    SocketAddress out;
    out.size_ = sizeof out.storage_;
    ::getpeername(fd, reinterpret_cast<sockaddr*>(&out.storage_), &out.size_);
    return out;
}

SocketAddress SocketAddress::of_socket(int fd) {
    SocketAddress out;
    out.size_ = sizeof out.storage_;
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&out.storage_), &out.size_);
    return out;
}

std::string SocketAddress::text() const {
    std::array<char, INET6_ADDRSTRLEN> host{};
    if (family() == AF_INET) {
        const auto& v4 = reinterpret_cast<const sockaddr_in&>(storage_);
        inet_ntop(AF_INET, &v4.sin_addr, host.data(), host.size());
        return std::string(host.data()) + ':' + std::to_string(ntohs(v4.sin_port));
    }
    if (family() != AF_INET6) return "?:0";
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(storage_);
    inet_ntop(AF_INET6, &v6.sin6_addr, host.data(), host.size());
    return '[' + std::string(host.data()) + "]:" + std::to_string(ntohs(v6.sin6_port));
}

bool SocketAddress::loopback() const {
    if (family() == AF_INET) return ntohl(reinterpret_cast<const sockaddr_in&>(storage_).sin_addr.s_addr) >> 24U == 127;
    if (family() != AF_INET6) return false;
    const in6_addr& address = reinterpret_cast<const sockaddr_in6&>(storage_).sin6_addr;
    return IN6_IS_ADDR_LOOPBACK(&address) || (IN6_IS_ADDR_V4MAPPED(&address) && address.s6_addr[12] == 127);
}

void describe_peer(int fd, const std::string& unix_path, Client::Origin& origin) {
    origin.unix_socket = !unix_path.empty();
    if (origin.unix_socket) {
        origin.addr = origin.laddr = unix_path + ":0";
        origin.loopback = true;
        return;
    }
    const SocketAddress peer = SocketAddress::of_peer(fd);
    origin.addr = peer.text();
    origin.laddr = SocketAddress::of_socket(fd).text();
    origin.loopback = peer.loopback();
}

void set_tcp_options(int fd, std::uint32_t keepalive_s) {
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (keepalive_s == 0) return;
    const int idle = static_cast<int>(keepalive_s), every = std::max(1, idle / 3), times = 3;
    ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &every, sizeof every);
    ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &times, sizeof times);
}

}  // namespace server
