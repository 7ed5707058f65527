// SPDX-License-Identifier: MIT
// The shell around the executor. Back-pressure is not reading: while replies wait for the log or the client beyond a bound,
// while a request waits for credit or a pause, the socket's input stays in the kernel.
#include "src/connection.hpp"

#include <linux/sockios.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include <spdlog/spdlog.h>

namespace server {
namespace {

constexpr std::size_t gated_bytes_max = 256 * 1024;  // replies that wait for the log, a connection
constexpr std::size_t batches_max = 64;
constexpr std::size_t send_step_bytes = 1024 * 1024;
constexpr std::size_t drain_bytes_max = 1024 * 1024;  // received but unread when the server stops
constexpr std::int64_t linger_ms = 1'000, linger_stopping_ms = 500, linger_most_ms = 10'000;

int unsent_in_kernel(int fd) {  // sent by us, not acknowledged by the peer
    int bytes = 0;
    return ::ioctl(fd, SIOCOUTQ, &bytes) == 0 ? bytes : 0;
}

}  // namespace

Connection::Connection(IoThread& thread, Client::Origin origin)
    : thread_(thread), dialogue_(std::move(origin), thread.counters()), interest_(EPOLLIN) {
    ServerState& state = thread_.state();
    client().set_authenticated(state.values.requirepass.get().empty());
    state.clients.add(client());
}

Connection::~Connection() {
    if (!closed_) thread_.state().clients.remove(client());
}

void Connection::shut() {
    unblock();
    closed_ = true;
    thread_.unwatch(client().origin().fd);
    thread_.state().clients.remove(client());  // first: who sees the connection end finds it neither listed nor counted
    ::close(client().origin().fd);
}

bool Connection::wants_input() const {
    return !closed_ && !peer_done_ && !last_reply_ && !stopping_ && (block_ == Block::none || block_ == Block::turn) &&
           gated_ <= gated_bytes_max && batches_.size() <= batches_max && dialogue_.output.size() < Executor::output_pause_bytes;
}

void Connection::on_events(std::uint32_t events) {
    if (closed_) return;
    if (lingering_) {
        discard();
        return;
    }
    if ((events & EPOLLOUT) != 0) {
        send_blocked_ = false;
        flush();
    }
    if (!closed_ && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
        if (wants_input() && block_ == Block::none) {
            read();
        } else if ((events & (EPOLLHUP | EPOLLERR)) != 0) {
            close();  // nobody is there for what is unsent
        }
    }
    settle();
}

void Connection::read() {
    const bool from_slab = in_.empty();
    const std::size_t room = from_slab ? thread_.slab().size() : std::max(bytes_wanted_, resp::limits::read_step_min);
    char* const to = from_slab ? thread_.slab().data() : in_.prepare(room);
    const ssize_t got = ::recv(client().origin().fd, to, room, MSG_DONTWAIT);
    if (got == 0) {
        peer_done_ = true;
        return;
    }
    if (got < 0) {
        if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) close();
        return;
    }
    const auto bytes = static_cast<std::size_t>(got);
    thread_.counters().input_bytes.add(bytes);
    thread_.counters().reads.add();
    client().traffic.input_total.fetch_add(bytes, std::memory_order_relaxed);
    client().traffic.last_request_ms.store(thread_.state().monotonic_ms(), std::memory_order_relaxed);
    if (!from_slab) in_.commit(bytes);
    work(from_slab ? std::string_view(to, bytes) : in_.view(), from_slab);
}

void Connection::resume() {
    if (closed_ || lingering_) return;
    unblock();
    work(in_.view(), false);
    settle();
}

void Connection::unblock() {
    if (block_ == Block::credit) thread_.state().parked_for_credit.fetch_sub(1, std::memory_order_relaxed);
    block_ = Block::none;
}

void Connection::work(std::string_view input, bool from_slab) {
    const std::size_t before = dialogue_.output.size();
    const Turn turn = thread_.executor().run(dialogue_, input);
    keep_rest(input, turn, from_slab);
    queue_output(dialogue_.output.size() - before, turn.depends_on);
    bytes_wanted_ = turn.bytes_wanted;
    obey(turn.stop);
    if (!closed_) flush();
    if (!closed_) close_if_over_limit();
}

void Connection::keep_rest(std::string_view input, const Turn& turn, bool from_slab) {
    if (from_slab) {
        in_.append(input.substr(turn.consumed));
    } else {
        in_.consume(turn.consumed);
        in_.shrink(0);
    }
}

// The new output depends on `lsn`. What stands behind waiting output waits with it, because bytes keep their order.
void Connection::queue_output(std::size_t bytes, storage::Lsn lsn) {
    if (bytes == 0) return;
    if (batches_.empty() && thread_.gate().open(lsn)) {
        sendable_ += bytes;
        return;
    }
    gated_ += bytes;
    if (!batches_.empty()) {
        lsn = storage::later(lsn, batches_.back().lsn);
        if (lsn == batches_.back().lsn) {
            batches_.back().bytes += bytes;
            return;
        }
    }
    batches_.push_back({lsn, bytes});
    thread_.counters().parked_for_gate.add();
    if (batches_.size() == 1) thread_.gate().wait(lsn, id());
}

void Connection::gate_moved() {
    if (closed_) return;
    std::size_t open = 0;
    for (; open < batches_.size() && thread_.gate().open(batches_[open].lsn); ++open) {
        sendable_ += batches_[open].bytes;
        gated_ -= batches_[open].bytes;
    }
    batches_.erase(batches_.begin(), batches_.begin() + static_cast<std::ptrdiff_t>(open));
    if (!batches_.empty()) thread_.gate().wait(batches_.front().lsn, id());
    flush();
    settle();
}

void Connection::credit_may_be_there() {
    in_credit_queue_ = false;
    if (!closed_ && block_ == Block::credit) resume();
}

void Connection::obey(Stop stop) {
    switch (stop) {
        case Stop::need_more: break;
        case Stop::turn_over:
        case Stop::long_command:
            block_ = Block::turn;
            thread_.make_ready(*this);
            break;
        case Stop::credit:
            block_ = Block::credit;
            thread_.state().parked_for_credit.fetch_add(1, std::memory_order_relaxed);
            thread_.counters().parked_for_credit.add();
            if (std::exchange(in_credit_queue_, true)) break;
            thread_.gate().wait_for_credit(id());
            thread_.make_ready(*this);  // credit that came back before this wish was known woke nobody: ask once more
            break;
        case Stop::paused:
            block_ = Block::paused;
            thread_.park_paused(*this);
            break;
        case Stop::output_full: block_ = Block::output; break;
        case Stop::close:
            last_reply_ = true;
            in_ = {};
            break;
        case Stop::close_now: close(); break;
    }
}

void Connection::flush() {
    while (sendable_ > 0 && !send_blocked_) {
        const std::size_t step = std::min(sendable_, send_step_bytes);
        const ssize_t sent = ::send(client().origin().fd, dialogue_.output.data(), step, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0) {
            if (errno == EINTR) continue;
            if (errno == EAGAIN || errno == EWOULDBLOCK) {
                send_blocked_ = true;
                return;
            }
            close();
            return;
        }
        const auto bytes = static_cast<std::size_t>(sent);
        dialogue_.output.consume(bytes);
        sendable_ -= bytes;
        thread_.counters().output_bytes.add(bytes);
        thread_.counters().writes.add();
        client().traffic.output_total.fetch_add(bytes, std::memory_order_relaxed);
        output_moved_ = true;
    }
    dialogue_.output.shrink();
}

void Connection::settle() {
    if (closed_) return;
    if (block_ == Block::output && dialogue_.output.size() < Executor::output_pause_bytes / 2) {
        block_ = Block::turn;
        thread_.make_ready(*this);
    }
    if (dialogue_.output.empty()) {
        if (last_reply_) {
            linger();
            return;
        }
        if ((peer_done_ || stopping_) && block_ == Block::none) {
            linger();
            return;
        }
    }
    update_interest();
    publish();
}

// We have said our last word. Closing while the client's bytes lie unread would reset the connection and could take the
// reply from under the client's eyes: read on for a moment and throw away, and longer while the client takes what it has not got.
void Connection::linger() {
    if (peer_done_) {
        close();
        return;
    }
    linger_unsent_ = unsent_in_kernel(client().origin().fd);
    ::shutdown(client().origin().fd, SHUT_WR);
    lingering_ = true;
    const std::int64_t now_ms = thread_.state().monotonic_ms();
    linger_until_ms_ = now_ms + linger_step_ms();
    linger_most_until_ms_ = now_ms + linger_most_ms;
    if (interest_ != EPOLLIN) thread_.change(client().origin().fd, interest_ = EPOLLIN, *this);
}

std::int64_t Connection::linger_step_ms() const { return thread_.draining() ? linger_stopping_ms : linger_ms; }

bool Connection::linger_is_over(std::int64_t now_ms) {
    if (now_ms < linger_until_ms_) return false;
    const int unsent = unsent_in_kernel(client().origin().fd);
    const bool moved = unsent < std::exchange(linger_unsent_, unsent);
    linger_until_ms_ = now_ms + linger_step_ms();
    return !moved || now_ms >= linger_most_until_ms_;
}

void Connection::discard() {
    const ssize_t got = ::recv(client().origin().fd, thread_.slab().data(), thread_.slab().size(), MSG_DONTWAIT);
    if (got > 0 || (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))) return;
    close();
}

void Connection::begin_drain() {
    for (std::size_t had = 0; wants_input() && block_ == Block::none && had < drain_bytes_max;) {
        const std::uint64_t before = client().traffic.input_total;
        read();
        if (closed_) return;
        if (client().traffic.input_total == before) break;
        had += client().traffic.input_total - before;
    }
    stopping_ = true;
    if (lingering_) {
        linger_until_ms_ = std::min(linger_until_ms_, thread_.state().monotonic_ms() + linger_stopping_ms);
    } else {
        settle();
    }
}

void Connection::update_interest() {
    const std::uint32_t wanted = (wants_input() ? EPOLLIN : 0U) | (send_blocked_ ? EPOLLOUT : 0U);
    if (wanted == interest_) return;
    interest_ = wanted;
    thread_.change(client().origin().fd, wanted, *this);
}

void Connection::publish() {
    Client::Traffic& traffic = client().traffic;
    traffic.query_bytes.store(in_.size(), std::memory_order_relaxed);
    traffic.query_room.store(in_.capacity_bytes(), std::memory_order_relaxed);
    traffic.output_bytes.store(dialogue_.output.size(), std::memory_order_relaxed);
    traffic.output_room.store(dialogue_.output.capacity_bytes(), std::memory_order_relaxed);
    traffic.parked.store(block_ == Block::credit || block_ == Block::paused, std::memory_order_relaxed);
}

}  // namespace server
