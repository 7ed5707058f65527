// SPDX-License-Identifier: MIT
#include "tests/bench/load_connection.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string_view>

namespace bench {

void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

Descriptor::~Descriptor() { ::close(fd_); }

Connection::Connection(std::uint16_t port, const Greeting& greeting, unsigned pipeline, const RequestTemplate& request)
    : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"), one_(request.bytes().size()) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) fail("connect");
    const int yes = 1;
    if (::setsockopt(fd(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) != 0) fail("TCP_NODELAY");
    greet(greeting);
    for (unsigned i = 0; i < pipeline; ++i) out_ += request.bytes();
}

void Connection::greet(const Greeting& greeting) {
    const auto bulk = [](std::string_view word) {
        return "$" + std::to_string(word.size()) + "\r\n" + std::string(word) + "\r\n";
    };
    const auto say = [&](std::string_view command, std::string_view argument) {
        out_ += "*2\r\n" + bulk(command) + bulk(argument);
        ++expected_;
    };
    if (!greeting.password.empty()) say("AUTH", greeting.password);
    if (greeting.resp3) say("HELLO", "3");
    send_more();
    while (busy()) receive_now(0);
    if (answers_.errors() > 0) throw std::runtime_error("the server refused the greeting: " + answers_.first_error());
    out_.clear();
    sent_ = 0;
}

void Connection::begin_batch(RequestTemplate& request, Clock::time_point from) {
    for (std::size_t at = 0; at < out_.size(); at += one_) request.fill(out_.data() + at);
    from_ = from;
    expected_ += out_.size() / one_;
    sent_ = 0;
    send_more();
}

void Connection::send_more() {
    while (!all_sent()) {
        const auto sent = ::send(fd(), out_.data() + sent_, out_.size() - sent_, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
        if (sent < 0) fail("send");
        sent_ += static_cast<std::size_t>(sent);
    }
}

void Connection::receive() { receive_now(MSG_DONTWAIT); }

void Connection::receive_now(int flags) {
    const auto got = ::recv(fd(), in_.data() + held_, in_.size() - held_, flags);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    if (got < 0) fail("recv");
    if (got == 0) throw std::runtime_error("the server closed a connection");
    held_ += static_cast<std::size_t>(got);
    const std::size_t used = answers_.feed({in_.data(), held_});
    held_ -= used;
    std::memmove(in_.data(), in_.data() + used, held_);
    if (held_ == in_.size()) throw std::runtime_error("a line of 64 KB is not a reply");
}

}  // namespace bench
