// SPDX-License-Identifier: MIT
// One socket of the load generator and its batch on the way; a batch is sent whole before the next begins.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <system_error>
#include <vector>

#include "tests/bench/load_replies.hpp"
#include "tests/bench/load_request.hpp"

namespace bench {

using Clock = std::chrono::steady_clock;

[[noreturn]] void fail(const char* what);  // std::system_error of errno

class Descriptor {
public:
    explicit Descriptor(int fd, const char* what) : fd_(fd) {
        if (fd < 0) fail(what);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor();
    int get() const { return fd_; }

private:
    int fd_;
};

// What each connection says before the load begins, and waits for: its time is not measured.
struct Greeting {
    std::string password;  // AUTH; empty: none
    bool resp3 = false;    // HELLO 3
};

class Connection {
public:
    // Throws std::system_error, and std::runtime_error where the greeting is answered with an error.
    Connection(std::uint16_t port, const Greeting& greeting, unsigned pipeline, const RequestTemplate& request);

    int fd() const { return socket_.get(); }
    bool busy() const { return answers_.whole() < expected_; }
    bool all_sent() const { return sent_ == out_.size(); }
    Clock::time_point from() const { return from_; }
    const ReplyCounter& answers() const { return answers_; }

    Clock::time_point due;  // of an open loop's next batch

    void begin_batch(RequestTemplate& request, Clock::time_point from);
    void send_more();
    void receive();

private:
    void greet(const Greeting& greeting);
    void receive_now(int flags);

    Descriptor socket_;
    std::size_t one_;
    std::string out_;
    std::size_t sent_ = 0;
    std::vector<char> in_ = std::vector<char>(64 << 10);
    std::size_t held_ = 0;
    ReplyCounter answers_;
    std::uint64_t expected_ = 0;
    Clock::time_point from_;
};

}  // namespace bench
