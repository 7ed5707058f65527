// SPDX-License-Identifier: MIT
// The process: owns every part and knows the order in which they start and stop. main() makes one and calls run().
#pragma once

#include <csignal>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include "src/io_thread.hpp"
#include "src/listener.hpp"
#include "src/server_state.hpp"
#include "src/settings.hpp"
#include "storage/clock.hpp"
#include "storage/log.hpp"
#include "storage/random.hpp"
#include "storage/store.hpp"

namespace server {

class Server {
public:
    explicit Server(Settings& settings) : settings_(settings) {}
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    // Serves until SIGTERM, SIGINT or SHUTDOWN; the exit code. A refusal to start is one line on stderr and 1.
    int run();

private:
    using Refused = std::optional<std::string>;

    Refused start();
    void recover();  // on its own thread
    void recovered(const std::string& refusal);
    void serve();  // recovered, and the Unix socket is open
    void refuse(const std::string& why);
    void ready();
    void begin_stop(LastSnapshot last = LastSnapshot::as_set);  // stops accepting, drains the io threads
    void finish_stop();                                         // when all are drained
    void watch_signals();
    void watch_hangup();  // SIGHUP: the key file is read again
    void wait_for_signal();
    Refused open_log();
    void make_parts();
    void make_snapshots();
    void take_last_snapshot();
    void on_setting_changed(const SettingRow& row);

    Settings& settings_;
    storage::SystemClock clock_;
    storage::SystemRandom random_;
    storage::SteadyNow now_{clock_};
    boost::asio::io_context main_{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> main_runs_{main_.get_executor()};  // until stopped
    std::optional<boost::asio::signal_set> signals_, hangup_;
    // in the order of their making
    Listener listener_;
    std::unique_ptr<storage::Log> log_;
    std::unique_ptr<storage::Store> store_;
    std::unique_ptr<ServerState> state_;
    std::vector<std::unique_ptr<IoThread>> threads_;
    std::unique_ptr<storage::Snapshots> snapshots_;
    std::atomic<std::size_t> next_turn_{0};  // the io thread that copies next
    std::thread recovery_;
    std::size_t drained_ = 0;
    bool stopping_ = false;
    LastSnapshot last_snapshot_ = LastSnapshot::as_set;
    int exit_code_ = 0;
};

}  // namespace server
