// SPDX-License-Identifier: MIT
// One io thread: a loop that waits for one epoll set, which holds the thread's sockets, what wakes it up and the timer of its
// ticks. A request that comes alone costs three system calls: epoll_wait, recv, send. Connections live and die here.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "src/client.hpp"
#include "src/durability_gate.hpp"
#include "src/executor.hpp"
#include "src/maintenance.hpp"
#include "src/server_state.hpp"

namespace server {

class Connection;

// Something whose file descriptor is in an epoll set. The set keeps the pointer until unwatch().
class Watched {
public:
    virtual ~Watched() = default;
    virtual void on_events(std::uint32_t events) = 0;
};

class IoThread {
public:
    IoThread(ServerState& state, std::uint32_t index, std::uint32_t thread_count);
    ~IoThread();
    IoThread(const IoThread&) = delete;
    IoThread& operator=(const IoThread&) = delete;

    // ---- any thread ----
    void start();
    void post(std::function<void()> task);      // runs on this thread
    void adopt(int fd, Client::Origin origin);  // counted from now on
    void ask_to_close(std::uint64_t connection_id);
    std::uint32_t connections() const { return connections_count_.load(std::memory_order_relaxed); }
    void journal_progressed() { gate_.progressed(); }
    void resume_waiting();  // what SAVE waits for has happened
    // Executes what was received, sends what is due, closes all; then calls `done` on this thread.
    void drain(std::function<void()> done);
    void join();  // after drain; ends the thread

    // ---- this thread ----
    std::uint32_t index() const { return index_; }
    ServerState& state() { return state_; }
    Counters& counters() { return counters_; }
    Executor& executor() { return executor_; }
    DurabilityGate& gate() { return gate_; }
    std::span<char> slab() { return slab_; }  // where a connection without a partial request reads
    void watch(int fd, std::uint32_t events, Watched& watched);
    void change(int fd, std::uint32_t events, Watched& watched);
    void unwatch(int fd);
    void make_ready(Connection& connection);                  // resume() soon, after the others had a turn
    void park_paused(Connection& connection);                 // resume() at the next tick, or sooner by resume_waiting()
    void close(Connection& connection);                       // gone at the end of the round
    void later(std::int64_t ms, std::function<void()> task);  // at the first tick after so long
    bool draining() const { return draining_; }

    static constexpr std::size_t slab_bytes = 16 * 1024;

private:
    class Wake;
    class Tick;
    struct Later {
        std::int64_t due_ms;
        std::function<void()> task;
    };

    void run();
    void round();
    void run_tasks();
    void run_later(std::int64_t now_ms);
    void on_wake();
    void schedule_tick();
    void end_quiet();
    void on_tick();
    void resume_all(std::vector<std::uint64_t>& waiting);  // those of now; who waits again has the next turn
    void sweep();                                          // time limits of all connections, once a second
    void welcome(int fd, Client::Origin origin);
    void bury();
    Connection* find(std::uint64_t id);

    ServerState& state_;
    const std::uint32_t index_;
    Counters& counters_;
    const int epoll_fd_;
    std::unique_ptr<Wake> wake_;
    std::unique_ptr<Tick> tick_;
    DurabilityGate gate_;
    Executor executor_;
    Maintenance maintenance_;
    std::vector<char> slab_;
    boost::unordered_flat_map<std::uint64_t, std::unique_ptr<Connection>> connections_;
    std::vector<std::uint64_t> ready_, paused_;    // ids; whoever closed meanwhile is not found
    std::vector<std::uint64_t> due_, due_credit_;  // of on_wake(), kept for their memory
    std::vector<std::unique_ptr<Connection>> closed_;
    std::vector<Later> later_;
    std::function<void()> drained_;
    std::int64_t drain_until_ms_ = 0, next_sweep_ms_ = 0;
    std::int64_t busy_until_ms_ = 0;       // ticks come at the full rate until then
    bool something_happened_ = true;       // since the last tick
    bool quiet_ = false;                   // the next tick is far
    bool woken_ = false, ticked_ = false;  // in this round
    bool draining_ = false;                // from the call of drain() on, for good
    bool stopped_ = false;
    std::size_t events_before_ = 0;  // of the round before
    std::atomic<std::uint32_t> connections_count_{0};
    std::mutex tasks_mutex_;
    std::vector<std::function<void()>> tasks_;  // guarded by tasks_mutex_
    std::thread thread_;
};

}  // namespace server
