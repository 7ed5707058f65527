// SPDX-License-Identifier: MIT
#include "tests/bench/load_run.hpp"

#include <sys/epoll.h>
#include <sys/prctl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <memory>
#include <vector>

#include "tests/bench/load_connection.hpp"

namespace bench {

namespace {

double own_cpu_seconds() {
    timespec used{};
    if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used) != 0) fail("clock_gettime");
    return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

class Run {
public:
    Run(const Load& load, RequestTemplate& request, LoadFigures& figures)
        : load_(load), request_(request), figures_(figures), epoll_(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1") {
        for (unsigned i = 0; i < load.connections; ++i) {
            connections_.push_back(std::make_unique<Connection>(load.port, load.greeting, load.pipeline, request));
            watch(*connections_.back(), EPOLL_CTL_ADD, EPOLLIN);
        }
        if (open()) {
            const std::chrono::duration<double> gap(load.connections * load.pipeline / load.rate);
            gap_ = std::chrono::duration_cast<Clock::duration>(gap);
        }
    }

    void run() {
        const double cpu = own_cpu_seconds();
        begin_ = Clock::now();
        for (std::size_t i = 0; i < connections_.size(); ++i) {
            connections_[i]->due = begin_ + gap_ * static_cast<int>(i) / static_cast<int>(connections_.size());
            if (!open()) begin_batch(*connections_[i], Clock::now());
        }
        Clock::time_point now = begin_;
        while (on_the_way_ > 0 || !over(now)) {
            wait(now);
            now = Clock::now();
            if (open()) now = send_what_is_due(now);
        }
        figures_.seconds = std::chrono::duration<double>(now - begin_).count();
        figures_.own_cpu_seconds = own_cpu_seconds() - cpu;
        for (const auto& each : connections_) {
            figures_.errors += each->answers().errors();
            if (figures_.first_error.empty()) figures_.first_error = each->answers().first_error();
        }
    }

private:
    bool open() const { return load_.rate > 0; }
    bool over(Clock::time_point now) const {
        if (load_.requests != 0 && begun_ >= load_.requests) return true;
        return load_.seconds > 0 && std::chrono::duration<double>(now - begin_).count() >= load_.seconds;
    }

    void watch(Connection& connection, int how, std::uint32_t events) {
        epoll_event event{};
        event.events = events;
        event.data.ptr = &connection;
        if (::epoll_ctl(epoll_.get(), how, connection.fd(), &event) != 0) fail("epoll_ctl");
    }

    void begin_batch(Connection& connection, Clock::time_point from) {
        begun_ += load_.pipeline;
        ++on_the_way_;
        connection.begin_batch(request_, from);
        if (!connection.all_sent()) watch(connection, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
    }

    // An open loop sleeps until the next batch is due, not in a spin: the processor is the server's.
    void wait(Clock::time_point now) {
        std::chrono::nanoseconds left = std::chrono::seconds(1);
        if (open() && !over(now)) {
            Clock::time_point soonest = now + left;
            for (const auto& each : connections_)
                if (!each->busy()) soonest = std::min(soonest, each->due);
            left = std::max<std::chrono::nanoseconds>(soonest - now, std::chrono::nanoseconds(0));
        }
        const timespec timeout{left.count() / 1'000'000'000, left.count() % 1'000'000'000};
        std::array<epoll_event, 256> events{};
        const int ready = ::epoll_pwait2(epoll_.get(), events.data(), static_cast<int>(events.size()), &timeout, nullptr);
        if (ready < 0 && errno != EINTR) fail("epoll_pwait2");
        for (int i = 0; i < ready; ++i) handle(events[static_cast<std::size_t>(i)]);
    }

    void handle(const epoll_event& event) {
        auto& connection = *static_cast<Connection*>(event.data.ptr);
        if ((event.events & EPOLLOUT) != 0) {
            connection.send_more();
            if (connection.all_sent()) watch(connection, EPOLL_CTL_MOD, EPOLLIN);
        }
        const bool was_busy = connection.busy();
        if ((event.events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) connection.receive();
        if (!was_busy || connection.busy()) return;
        const Clock::time_point now = Clock::now();
        figures_.latency.add(static_cast<std::uint64_t>(std::chrono::nanoseconds(now - connection.from()).count()));
        figures_.answered += load_.pipeline;
        --on_the_way_;
        if (!open() && !over(now)) begin_batch(connection, now);
    }

    Clock::time_point send_what_is_due(Clock::time_point now) {
        for (const auto& each : connections_) {
            if (each->busy() || each->due > now || over(now)) continue;
            begin_batch(*each, each->due);
            each->due += gap_;
        }
        return now;
    }

    const Load& load_;
    RequestTemplate& request_;
    LoadFigures& figures_;
    Descriptor epoll_;
    std::vector<std::unique_ptr<Connection>> connections_;
    Clock::duration gap_{};
    Clock::time_point begin_;
    std::uint64_t begun_ = 0, on_the_way_ = 0;
};

}  // namespace

void run_load(const Load& load, RequestTemplate& request, LoadFigures& figures) {
    (void)::prctl(PR_SET_TIMERSLACK, 1UL);  // or each wait of an open loop may be 50 us too long
    Run(load, request, figures).run();
}

}  // namespace bench
