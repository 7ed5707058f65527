// SPDX-License-Identifier: MIT
// Accepts TCP and Unix connections on the first io thread and hands each to the thread that has the fewest. Who may not come
// in (maxclients, protected mode) gets Redis's words and is closed.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "src/io_thread.hpp"
#include "src/server_state.hpp"

namespace server {

class Listener {
public:
    Listener();
    ~Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    // Bind and listen; nothing is accepted yet. An error is one line for stderr. Called before the data directory is touched.
    std::optional<std::string> open_tcp(const Values& values);
    // What can be known about open_unix() before anything is touched.
    static std::optional<std::string> check_unix(const Values& values);
    // Makes the socket file, so: only once the start cannot be refused any more. A stale file is replaced, a live one is not.
    std::optional<std::string> open_unix(const Values& values);

    using Threads = std::span<const std::unique_ptr<IoThread>>;
    void start(ServerState& state, Threads threads);  // on any thread; begins to accept what is open
    void accept_more();                               // on the first io thread: after open_unix()
    void stop();                                      // on the first io thread: closes everything and removes the file

private:
    class Socket;
    friend class Socket;

    std::optional<std::string> open_address(const std::string& address, const Values& values);
    void accept_some(Socket& socket);
    void take(int fd, const Socket& socket);
    void out_of_files(Socket& socket);
    bool refused(int fd, const Client::Origin& origin);

    std::vector<std::unique_ptr<Socket>> sockets_;
    std::string unix_path_;
    int spare_fd_;  // given up for a moment when no file descriptor is left, to tell a client so
    std::int64_t warned_ms_ = -1'000'000;
    ServerState* state_ = nullptr;
    Threads threads_;
};

}  // namespace server
