// SPDX-License-Identifier: MIT
// Blocking with poll and deadlines.
#include "tests/support/resp_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace support {

namespace {

using Clock = std::chrono::steady_clock;

// False: the time is up.
bool wait_for(int fd, short events, Clock::time_point until) {
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
        pollfd entry{fd, events, 0};
        const int ready = ::poll(&entry, 1, left > 0 ? static_cast<int>(left) : 0);
        if (ready > 0) {
            return true;
        }
        if (ready == 0) {
            return false;
        }
        if (errno != EINTR) {
            throw std::system_error(errno, std::generic_category(), "poll");
        }
    }
}

}  // namespace

std::string to_arg(std::string_view text) { return std::string(text); }

RespClient::RespClient(int port, int receive_buffer_bytes, const char* host)
    : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer_bytes > 0) {
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof receive_buffer_bytes);
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    ::inet_pton(AF_INET, host, &address.sin_addr);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        const int error = errno;
        ::close(fd_);
        throw std::system_error(error, std::generic_category(), std::string("connect to ") + host + ":" + std::to_string(port));
    }
    const int one = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

RespClient::~RespClient() {
    if (fd_ >= 0) {
        ::close(fd_);
    }
}

void RespClient::send(std::string_view bytes) {
    const auto until = Clock::now() + patience;
    while (!bytes.empty()) {
        if (!wait_for(fd_, POLLOUT, until)) {
            throw TimedOut("the server takes no more bytes");
        }
        const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno != EAGAIN && errno != EINTR) {
            throw Disconnected("send: " + std::generic_category().message(errno));
        }
        bytes.remove_prefix(sent > 0 ? static_cast<std::size_t>(sent) : 0);
    }
}

std::size_t RespClient::send_some(std::string_view bytes) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent > 0 ? static_cast<std::size_t>(sent) : 0;
}

bool RespClient::fill(Clock::time_point until) {
    if (!wait_for(fd_, POLLIN, until)) {
        throw TimedOut("no answer in time; so far: " + pending_.substr(0, 200));
    }
    char piece[65536];
    const ssize_t got = ::recv(fd_, piece, sizeof piece, 0);
    if (got < 0 && errno == EINTR) {
        return true;
    }
    if (got <= 0) {
        return false;
    }
    pending_.append(piece, static_cast<std::size_t>(got));
    return true;
}

// A reset is told once, to whoever sends or receives next; POLLHUP stays.
bool RespClient::ended_cleanly() const {
    pollfd entry{fd_, POLLIN, 0};
    return ::poll(&entry, 1, 0) == 1 && (entry.revents & (POLLHUP | POLLERR)) == 0;
}

Reply RespClient::read(Ms deadline) {
    const std::string bytes = read_raw(deadline);
    std::string_view rest = bytes;
    return std::move(*parse_reply(rest));
}

std::string RespClient::read_raw(Ms deadline) {
    const auto until = Clock::now() + deadline;
    for (;;) {
        std::string_view rest = pending_;
        if (parse_reply(rest)) {
            std::string bytes = pending_.substr(0, pending_.size() - rest.size());
            pending_.erase(0, bytes.size());
            return bytes;
        }
        if (!fill(until)) {
            throw Disconnected("the server closed the connection; so far: " + pending_.substr(0, 200));
        }
    }
}

std::string RespClient::read_bytes(std::size_t count, Ms deadline) {
    const auto until = Clock::now() + deadline;
    while (pending_.size() < count) {
        if (!fill(until)) {
            throw Disconnected("the server closed the connection; so far: " + pending_.substr(0, 200));
        }
    }
    std::string bytes = pending_.substr(0, count);
    pending_.erase(0, count);
    return bytes;
}

std::string RespClient::read_until_closed(Ms deadline) {
    const auto until = Clock::now() + deadline;
    while (fill(until)) {
    }
    return std::exchange(pending_, {});
}

bool RespClient::closed_within(Ms deadline) {
    const auto until = Clock::now() + deadline;
    try {
        while (fill(until)) {
            pending_.clear();
        }
        return true;
    } catch (const TimedOut&) {
        return false;
    }
}

bool RespClient::silent_for(Ms time) { return pending_.empty() && !wait_for(fd_, POLLIN, Clock::now() + time); }

void RespClient::half_close() { ::shutdown(fd_, SHUT_WR); }

void RespClient::reset() {
    const linger hard{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    ::close(std::exchange(fd_, -1));
}

}  // namespace support
