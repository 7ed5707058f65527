// SPDX-License-Identifier: MIT
// A small client for raw bytes, RESP3 and misbehaviour: half a request, a reader that does not read, a reset. Every wait has a
// deadline and throws TimedOut. For ordinary RESP2 work there is support/redis.hpp.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "tests/support/reply.hpp"

namespace support {

class TimedOut : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};
class Disconnected : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

std::string to_arg(std::string_view text);
template <class Number>
requires std::is_integral_v<Number> std::string to_arg(Number number) { return std::to_string(number); }

class RespClient {
public:
    using Ms = std::chrono::milliseconds;
    static constexpr Ms patience{10'000};

    explicit RespClient(int port, int receive_buffer_bytes = 0, const char* address = "127.0.0.1");
    ~RespClient();
    RespClient(RespClient&& other) noexcept : fd_(std::exchange(other.fd_, -1)), pending_(std::move(other.pending_)) {}
    RespClient(const RespClient&) = delete;
    RespClient& operator=(const RespClient&) = delete;
    RespClient& operator=(RespClient&&) = delete;

    void send(std::string_view bytes);
    // Sends as much as the kernel takes and does not wait; how much that was, 0 when nothing or when the peer is gone.
    std::size_t send_some(std::string_view bytes);
    Reply read(Ms deadline = patience);            // one reply, strictly parsed
    std::string read_raw(Ms deadline = patience);  // the bytes of one reply, parsed just as strictly
    std::string read_bytes(std::size_t count, Ms deadline = patience);
    std::string read_until_closed(Ms deadline = patience);  // all that still comes, then end of stream or reset
    bool closed_within(Ms deadline);                        // throws away what comes
    bool ended_cleanly() const;                             // right after the end of the stream: the peer still takes bytes
    bool silent_for(Ms time);                               // nothing comes and the connection stays
    void half_close();                                      // FIN, still reading
    void reset();                                           // RST
    int fd() const { return fd_; }

    template <class... Args>
    Reply operator()(const Args&... args) {
        send(request({to_arg(args)...}));
        return read();
    }

    // The reply as Reply::shown() writes it: what tests compare.
    template <class... Args>
    std::string show(const Args&... args) {
        return (*this)(args...).shown();
    }

private:
    bool fill(std::chrono::steady_clock::time_point until);  // false: end of stream

    int fd_ = -1;
    std::string pending_;
};

}  // namespace support
