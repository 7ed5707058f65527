// SPDX-License-Identifier: MIT
#include "tests/bench/load_run.hpp"

#include <sys/epoll.h>
#include <sys/prctl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <memory>
#include <utility>
#include <vector>

#include "tests/bench/load_connection.hpp"

namespace bench {

namespace {

double own_cpu_seconds() {
    timespec used{};
    if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used) != 0) fail("clock_gettime");
    return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

constexpr std::chrono::minutes patience{1};  // with a server that answers nothing

Clock::duration seconds(double count) {
    return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(count));
}

class Run {
public:
    Run(const Load& load, RequestTemplate& request, LoadFigures& figures, const OnWindow& on_window)
        : load_(load),
          request_(request),
          figures_(figures),
          on_window_(on_window),
          epoll_(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1") {
        for (unsigned i = 0; i < load.connections; ++i) {
            connections_.push_back(std::make_unique<Connection>(load.port, load.greeting, load.pipeline, request));
            watch(*connections_.back(), EPOLL_CTL_ADD, EPOLLIN);
        }
        if (open()) gap_ = seconds(load.connections * load.pipeline / load.rate);
    }

    void run() {
        const double cpu = own_cpu_seconds();
        begin_ = window_begin_ = quiet_since_ = Clock::now();
        end_ = load_.seconds > 0 ? begin_ + seconds(load_.seconds) : Clock::time_point::max();
        for (std::size_t i = 0; i < connections_.size(); ++i) {
            connections_[i]->due = begin_ + gap_ * static_cast<int>(i) / static_cast<int>(connections_.size());
            if (!open()) begin_batch(*connections_[i], Clock::now());
        }
        if (open() && load_.seconds > 0) count_what_will_be_due();
        Clock::time_point now = begin_;
        while ((on_the_way_ > 0 || !over(now)) && !given_up(now)) {
            wait(now);
            now = Clock::now();
            if (open()) send_what_is_due(now);
            while (windows() && now >= begin_ + seconds(load_.window_seconds) * (windows_ended_ + 1)) end_window(now);
        }
        if (windows() && now - window_begin_ >= seconds(load_.window_seconds / 2)) end_window(now);
        finish(figures_, begin_, now);
        figures_.due = std::max(planned_, begun_);
        figures_.own_cpu_seconds = own_cpu_seconds() - cpu;
    }

private:
    bool open() const { return load_.rate > 0; }
    bool windows() const { return load_.window_seconds > 0; }
    bool over(Clock::time_point now) const {
        if (load_.requests != 0 && begun_ >= load_.requests) return true;
        return planned_ > 0 ? begun_ >= planned_ : now >= end_;
    }
    bool given_up(Clock::time_point now) const { return on_the_way_ > 0 && now - quiet_since_ > patience; }

    void count_what_will_be_due() {
        for (const auto& each : connections_)
            if (each->due < end_)
                planned_ += load_.pipeline * static_cast<std::uint64_t>((end_ - each->due - Clock::duration(1)) / gap_ + 1);
        if (load_.requests != 0) planned_ = std::min(planned_, load_.requests);
    }

    void finish(LoadFigures& figures, Clock::time_point from, Clock::time_point now) {
        figures.seconds = std::chrono::duration<double>(now - from).count();
        for (const auto& each : connections_) {
            figures.errors += each->answers().errors();
            if (figures.first_error.empty()) figures.first_error = each->answers().first_error();
        }
    }

    void end_window(Clock::time_point now) {
        finish(*window_, window_begin_, now);
        window_->errors -= std::exchange(errors_before_, window_->errors);
        on_window_(*window_);
        window_ = std::make_unique<LoadFigures>();
        window_begin_ = now;
        ++windows_ended_;
    }

    void watch(Connection& connection, int how, std::uint32_t events) {
        epoll_event event{};
        event.events = events;
        event.data.ptr = &connection;
        if (::epoll_ctl(epoll_.get(), how, connection.fd(), &event) != 0) fail("epoll_ctl");
    }

    void begin_batch(Connection& connection, Clock::time_point from) {
        begun_ += load_.pipeline;
        window_->due += load_.pipeline;
        if (on_the_way_++ == 0) quiet_since_ = Clock::now();
        connection.begin_batch(request_, from);
        if (!connection.all_sent()) watch(connection, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
    }

    // An open loop sleeps until the next batch is due, not in a spin: the processor is the server's.
    void wait(Clock::time_point now) {
        std::chrono::nanoseconds left = std::chrono::seconds(1);
        if (open() && !over(now)) {
            Clock::time_point soonest = now + left;
            for (const auto& each : connections_)
                if (!each->busy() && each->due < end_) soonest = std::min(soonest, each->due);
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
        for (LoadFigures* figures : {&figures_, window_.get()}) {
            figures->latency.add(static_cast<std::uint64_t>(std::chrono::nanoseconds(now - connection.from()).count()));
            figures->answered += load_.pipeline;
        }
        quiet_since_ = now;
        --on_the_way_;
        if (!open() && !over(now)) begin_batch(connection, now);
    }

    void send_what_is_due(Clock::time_point now) {
        for (const auto& each : connections_) {
            if (each->busy() || each->due > now || each->due >= end_ || over(now)) continue;
            begin_batch(*each, each->due);
            each->due += gap_;
        }
    }

    const Load& load_;
    RequestTemplate& request_;
    LoadFigures& figures_;
    const OnWindow& on_window_;
    std::unique_ptr<LoadFigures> window_ = std::make_unique<LoadFigures>();
    Descriptor epoll_;
    std::vector<std::unique_ptr<Connection>> connections_;
    Clock::duration gap_{};
    Clock::time_point begin_, end_, window_begin_;
    Clock::time_point quiet_since_;  // nothing was answered although something is on the way
    std::uint64_t begun_ = 0, on_the_way_ = 0, errors_before_ = 0;
    int windows_ended_ = 0;
    std::uint64_t planned_ = 0;  // of an open loop with a time: the requests that are due in it
};

}  // namespace

void run_load(const Load& load, RequestTemplate& request, LoadFigures& figures, const OnWindow& on_window) {
    (void)::prctl(PR_SET_TIMERSLACK, 1UL);  // or each wait of an open loop may be 50 us too long
    Run(load, request, figures, on_window).run();
}

}  // namespace bench
