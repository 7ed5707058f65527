// SPDX-License-Identifier: MIT
// One client's socket: reads, lets the executor run all complete requests, holds the replies at the durability gate, writes.
// It owns input memory only while a request is incomplete or waits, and output memory only while something is unsent.
// Lives on one io thread; all calls come from there.
//
//   socket -> slab or in_ -> Executor -> output [ sendable_ | batch lsn | batch lsn ... ] -> socket
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "resp/output_buffer.hpp"
#include "src/executor.hpp"
#include "src/io_thread.hpp"

namespace server {

class Connection final : public Watched {
public:
    Connection(IoThread& thread, Client::Origin origin);
    ~Connection() override;
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    std::uint64_t id() const { return dialogue_.client.id(); }
    Client& client() { return dialogue_.client; }

    void on_events(std::uint32_t events) override;
    void resume();      // goes on with what it has: after a turn, credit, a pause, room in the output
    void gate_moved();  // some of its batches may be sent now
    void credit_may_be_there();
    void on_tick(std::int64_t now_ms);  // time limits
    void begin_drain();                 // reads what is there, no more after that
    void shut();                        // of IoThread::close(): the socket goes now, the object at the end of the round

private:
    enum class Block : std::uint8_t { none, turn, credit, paused, output };
    struct Batch {
        storage::Lsn lsn;
        std::size_t bytes;
    };

    void read();
    void work(std::string_view input, bool from_slab);
    void keep_rest(std::string_view input, const Turn& turn, bool from_slab);
    void queue_output(std::size_t bytes, storage::Lsn lsn);
    void obey(Stop stop);
    void flush();
    void settle();   // closes if all is done, else tells epoll what to wait for
    void discard();  // lingering: reads and throws away
    void linger();
    std::int64_t linger_step_ms() const;
    bool linger_is_over(std::int64_t now_ms);
    void close() { thread_.close(*this); }
    void unblock();
    bool close_if_over_limit();  // slow readers; see client-output-buffer-limit
    void watch_slow_reader(std::int64_t now_ms);
    void close_slow_reader(const char* why);
    bool wants_input() const;  // whether reading is sensible once it is this connection's turn
    void update_interest();
    void publish();

    IoThread& thread_;
    Dialogue dialogue_;
    resp::OutputBuffer in_;  // unconsumed input; the same container serves as a byte queue here
    std::size_t bytes_wanted_ = 1;
    std::size_t sendable_ = 0;             // front bytes of the output whose gate is open
    std::size_t gated_ = 0;                // bytes behind them that wait
    std::vector<Batch> batches_;           // by ascending lsn
    std::int64_t stuck_since_ms_ = 0;      // 0, or when a sweep first saw unsent output that did not move
    std::int64_t over_soft_since_ms_ = 0;  // 0: it is not
    std::int64_t linger_until_ms_ = 0, linger_most_until_ms_ = 0;
    int linger_unsent_ = 0;  // bytes that the client's kernel did not have when lingering began, or was looked at
    std::uint32_t interest_ = 0;
    Block block_ = Block::none;
    bool in_credit_queue_ = false;  // the gate has our id; never twice
    bool peer_done_ = false;        // the client shut its side down
    bool stopping_ = false;         // the server stops: what was received is answered, nothing more is read
    bool last_reply_ = false;       // close when the output is sent
    bool send_blocked_ = false;
    bool output_moved_ = false;  // since the last sweep
    bool lingering_ = false;
    bool closed_ = false;
};

}  // namespace server
