// SPDX-License-Identifier: MIT
// The protocol state of one TCP or Unix connection, as commands see it. Its io thread owns and writes it; CLIENT LIST and
// KILL of other threads read it, so what they read is atomic or behind a small lock.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "storage/types.hpp"

namespace server {

struct CommandSpec;
struct Counters;

enum class ReplyMode : std::uint8_t { on, off, skip_next, skip_this };  // CLIENT REPLY

class Client {
public:
    struct Origin {
        std::uint64_t id = 0;
        std::string addr, laddr;  // "127.0.0.1:4711", "[::1]:4711", "/path/socket:0"
        int fd = -1;
        std::uint32_t thread = 0;
        bool loopback = true;  // a loopback address or a Unix socket
        bool unix_socket = false;
        std::int64_t connected_at_ms = 0;  // monotonic
    };

    Client(Origin origin, Counters& counters);
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    // ---- any thread ----
    const Origin& origin() const { return origin_; }
    std::uint64_t id() const { return origin_.id; }
    storage::DbIndex db() const { return db_.load(std::memory_order_relaxed); }
    int resp_version() const { return resp_version_.load(std::memory_order_relaxed); }
    bool authenticated() const { return authenticated_.load(std::memory_order_relaxed); }
    bool no_touch() const { return no_touch_.load(std::memory_order_relaxed); }  // CLIENT NO-TOUCH
    bool no_evict() const { return no_evict_.load(std::memory_order_relaxed); }
    std::string_view user() const { return "default"; }  // the identity: created_by of what it creates
    std::string name() const;
    std::string lib_name() const;
    std::string lib_version() const;
    // One line of CLIENT LIST, without the newline. See CLIENT LIST of Redis for the fields.
    std::string describe(std::int64_t now_ms) const;  // monotonic

    // ---- the owning thread ----
    void set_db(storage::DbIndex db) { db_.store(db, std::memory_order_relaxed); }
    void set_resp_version(int version) { resp_version_.store(version, std::memory_order_relaxed); }
    void set_authenticated(bool yes) { authenticated_.store(yes, std::memory_order_relaxed); }
    void set_no_touch(bool yes) { no_touch_.store(yes, std::memory_order_relaxed); }
    void set_no_evict(bool yes) { no_evict_.store(yes, std::memory_order_relaxed); }
    void set_name(std::string_view name);
    void set_lib_name(std::string_view name);
    void set_lib_version(std::string_view version);
    Counters& counters() { return counters_; }  // of its io thread: keyspace_hits, keyspace_misses, ...

    ReplyMode reply_mode = ReplyMode::on;  // the owning thread only

    // What CLIENT LIST shows of the connection; written by the owning thread as it goes.
    struct Traffic {
        std::atomic<std::int64_t> last_request_ms{0};  // monotonic
        std::atomic<const CommandSpec*> last_command{nullptr};
        std::atomic<std::uint64_t> query_bytes{0}, query_room{0}, output_bytes{0}, output_room{0};
        std::atomic<std::uint64_t> input_total{0}, output_total{0};
        std::atomic<bool> parked{false};
        std::atomic<bool> close_asked{false};  // CLIENT KILL from anywhere
    };
    Traffic traffic;

private:
    const Origin origin_;
    Counters& counters_;
    std::atomic<storage::DbIndex> db_{0};
    std::atomic<int> resp_version_{2};
    std::atomic<bool> authenticated_{false}, no_touch_{false}, no_evict_{false};
    mutable std::mutex names_mutex_;
    std::string name_, lib_name_, lib_version_;  // guarded by names_mutex_
};

}  // namespace server
