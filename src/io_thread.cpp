// SPDX-License-Identifier: MIT
// The loop of one io thread. Events come in batches of up to 256; a connection that closes in a batch is destroyed after it,
// because later events of the batch may still name it. Tasks and ticks, which may destroy more, come after the batch, too.
#include "src/io_thread.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include <spdlog/spdlog.h>

#include "src/connection.hpp"
#include "storage/ensure.hpp"
#include "storage/thread_name.hpp"

namespace server {
namespace {

constexpr std::size_t events_max = 256;
constexpr std::int64_t sweep_every_ms = 1'000;
constexpr std::int64_t drain_limit_ms = 10'000;
constexpr std::int64_t quiet_after_ms = 2'000;  // by then the rates of INFO have come down to 0
constexpr std::int64_t quiet_period_ms = 500;   // a tick of the expiry's wheel

int make_epoll() {
    const int fd = ::epoll_create1(EPOLL_CLOEXEC);
    ENSURE(fd >= 0);
    return fd;
}

}  // namespace

// An event counter in the epoll set; edge-triggered, so it is never read.
class IoThread::Wake final : public Watched {
public:
    explicit Wake(IoThread& thread) : thread_(thread), fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
        ENSURE(fd_ >= 0);
        thread_.watch(fd_, EPOLLIN | EPOLLET, *this);
    }
    ~Wake() override { ::close(fd_); }
    Wake(const Wake&) = delete;
    Wake& operator=(const Wake&) = delete;

    void ring() const {
        const std::uint64_t one = 1;
        [[maybe_unused]] const auto written = ::write(fd_, &one, sizeof one);
    }
    void on_events(std::uint32_t) override {
        thread_.woken_ = true;
        thread_.on_wake();
    }

private:
    IoThread& thread_;
    const int fd_;
};

// A timer in the epoll set, edge-triggered as well: setting it again takes back what it had to say. In place of a timeout of
// epoll_wait, which would set the processor's timer at each wait and ask for the time at each round.
class IoThread::Tick final : public Watched {
public:
    explicit Tick(IoThread& thread) : thread_(thread), fd_(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)) {
        ENSURE(fd_ >= 0);
        thread_.watch(fd_, EPOLLIN | EPOLLET, *this);
    }
    ~Tick() override { ::close(fd_); }
    Tick(const Tick&) = delete;
    Tick& operator=(const Tick&) = delete;

    void expire_after(std::int64_t ms) const {  // ms > 0
        itimerspec at{};
        at.it_value.tv_sec = ms / 1000;
        at.it_value.tv_nsec = ms % 1000 * 1'000'000;
        ENSURE(::timerfd_settime(fd_, 0, &at, nullptr) == 0);
    }
    void on_events(std::uint32_t) override { thread_.ticked_ = true; }

private:
    IoThread& thread_;
    const int fd_;
};

IoThread::IoThread(ServerState& state, std::uint32_t index, std::uint32_t thread_count)
    : state_(state),
      index_(index),
      counters_(state.add_thread_counters()),
      epoll_fd_(make_epoll()),
      wake_(std::make_unique<Wake>(*this)),
      tick_(std::make_unique<Tick>(*this)),
      gate_(state.journal, state.values.appendfsync, [this] { wake_->ring(); }),
      executor_(state, counters_),
      maintenance_(state, executor_, index, thread_count),
      slab_(slab_bytes) {}

IoThread::~IoThread() {
    join();
    ::close(epoll_fd_);
}

void IoThread::start() {
    schedule_tick();
    thread_ = std::thread([this] { run(); });
}

void IoThread::run() {
    storage::name_this_thread("tm-io-" + std::to_string(index_));
    while (!stopped_) round();
    executor_.give_back();
}

void IoThread::join() {
    if (!thread_.joinable()) return;
    post([this] { stopped_ = true; });
    thread_.join();
}

void IoThread::post(std::function<void()> task) {
    bool first = false;
    {
        const std::lock_guard lock(tasks_mutex_);
        first = tasks_.empty();
        tasks_.push_back(std::move(task));
    }
    if (first) wake_->ring();
}

void IoThread::run_tasks() {
    std::vector<std::function<void()>> now;
    {
        const std::lock_guard lock(tasks_mutex_);
        now.swap(tasks_);
    }
    for (const std::function<void()>& task : now) task();
}

void IoThread::later(std::int64_t ms, std::function<void()> task) {
    later_.push_back({state_.monotonic_ms() + ms, std::move(task)});
    end_quiet();
}

void IoThread::run_later(std::int64_t now_ms) {
    std::vector<Later> waiting;
    waiting.swap(later_);
    for (Later& each : waiting) {
        if (each.due_ms <= now_ms) {
            each.task();
        } else {
            later_.push_back(std::move(each));
        }
    }
}

void IoThread::watch(int fd, std::uint32_t events, Watched& watched) {
    epoll_event event{};
    event.events = events;
    event.data.ptr = &watched;
    ENSURE(::epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) == 0);
}

void IoThread::change(int fd, std::uint32_t events, Watched& watched) {
    epoll_event event{};
    event.events = events;
    event.data.ptr = &watched;
    ENSURE(::epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, fd, &event) == 0);
}

void IoThread::unwatch(int fd) { ::epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr); }

void IoThread::round() {
    std::array<epoll_event, events_max> events;
    // Where several events came, more are soon there, and a thread that does not sleep needs no waking by who sends them.
    const int wait_ms = ready_.empty() && events_before_ <= 1 ? -1 : 0;
    const int count = ::epoll_wait(epoll_fd_, events.data(), static_cast<int>(events.size()), wait_ms);
    ENSURE(count >= 0 || errno == EINTR);
    const std::size_t got = count > 0 ? static_cast<std::size_t>(count) : 0;
    for (std::size_t i = 0; i < got; ++i) static_cast<Watched*>(events[i].data.ptr)->on_events(events[i].events);
    state_.journal.kick();  // one wake-up for all that this batch of events logged
    events_before_ = got;
    if (got > (ticked_ ? 1U : 0U)) end_quiet();
    if (!ready_.empty()) resume_all(ready_);
    if (std::exchange(woken_, false)) run_tasks();
    if (std::exchange(ticked_, false)) on_tick();
    bury();
}

void IoThread::make_ready(Connection& connection) { ready_.push_back(connection.id()); }

void IoThread::park_paused(Connection& connection) { paused_.push_back(connection.id()); }

void IoThread::resume_all(std::vector<std::uint64_t>& waiting) {
    std::vector<std::uint64_t> now;
    now.swap(waiting);
    for (const std::uint64_t id : now)
        if (Connection* connection = find(id)) connection->resume();
}

void IoThread::resume_waiting() {
    post([this] { resume_all(paused_); });
}

void IoThread::on_wake() {
    due_.clear();
    due_credit_.clear();
    gate_.take_ready(due_, due_credit_);
    for (const std::uint64_t id : due_)
        if (Connection* connection = find(id)) connection->gate_moved();
    for (const std::uint64_t id : due_credit_)
        if (Connection* connection = find(id)) connection->credit_may_be_there();
}

Connection* IoThread::find(std::uint64_t id) {
    const auto found = connections_.find(id);
    return found == connections_.end() ? nullptr : found->second.get();
}

void IoThread::adopt(int fd, Client::Origin origin) {
    connections_count_.fetch_add(1, std::memory_order_relaxed);
    origin.fd = fd;
    origin.thread = index_;
    post([this, origin = std::move(origin)] { welcome(origin.fd, origin); });
}

void IoThread::welcome(int fd, Client::Origin origin) {
    if (draining()) {
        ::close(fd);
        connections_count_.fetch_sub(1, std::memory_order_relaxed);
        return;
    }
    auto connection = std::make_unique<Connection>(*this, std::move(origin));
    watch(fd, EPOLLIN, *connection);
    connections_.emplace(connection->id(), std::move(connection));
}

void IoThread::ask_to_close(std::uint64_t connection_id) {
    post([this, connection_id] {
        if (Connection* connection = find(connection_id)) close(*connection);
    });
}

void IoThread::close(Connection& connection) {
    const auto found = connections_.find(connection.id());
    if (found == connections_.end()) return;
    closed_.push_back(std::move(found->second));
    connections_.erase(found);
    connections_count_.fetch_sub(1, std::memory_order_relaxed);  // before the socket closes: who sees that may come again
    connection.shut();
}

void IoThread::bury() {
    state_.journal.kick();
    closed_.clear();
    if (drained_ && connections_.empty()) std::exchange(drained_, nullptr)();
}

// A processor that has nothing to do shall sleep: where nothing happened for a while, ticks come as seldom as expiry allows.
void IoThread::schedule_tick() {
    const std::int64_t full_ms = 1000 / std::max(1U, state_.values.hz.load(std::memory_order_relaxed));
    quiet_ = state_.monotonic_ms() >= busy_until_ms_ && paused_.empty() && later_.empty() && !draining();
    tick_->expire_after(quiet_ ? std::max(full_ms, quiet_period_ms) : full_ms);
}

void IoThread::end_quiet() {
    something_happened_ = true;
    if (!quiet_) return;
    busy_until_ms_ = state_.monotonic_ms() + quiet_after_ms;
    schedule_tick();
}

void IoThread::on_tick() {
    const bool more = maintenance_.tick();
    if (std::exchange(something_happened_, false) || more) busy_until_ms_ = state_.monotonic_ms() + quiet_after_ms;
    on_wake();  // what a change of appendfsync opened, and a safety net for credit
    resume_all(paused_);
    run_later(state_.monotonic_ms());
    sweep();
    schedule_tick();
}

void IoThread::sweep() {
    const std::int64_t now_ms = state_.monotonic_ms();
    const bool too_late = drained_ && now_ms >= drain_until_ms_;
    if (now_ms < next_sweep_ms_ && !drained_) return;
    next_sweep_ms_ = now_ms + sweep_every_ms;
    std::vector<Connection*> all;
    all.reserve(connections_.size());
    for (const auto& [id, connection] : connections_) all.push_back(connection.get());
    for (Connection* connection : all) {
        if (too_late) {
            close(*connection);
        } else {
            connection->on_tick(now_ms);
        }
    }
}

void IoThread::drain(std::function<void()> done) {
    post([this, done = std::move(done)] {
        drained_ = done;
        draining_ = true;
        drain_until_ms_ = state_.monotonic_ms() + drain_limit_ms;
        std::vector<Connection*> all;
        for (const auto& [id, connection] : connections_) all.push_back(connection.get());
        for (Connection* connection : all) connection->begin_drain();
    });
}

}  // namespace server
