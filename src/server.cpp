// SPDX-License-Identifier: MIT
// Start order and stop order. Nothing on the disk changes before the port is ours and recovery has given its verdict.
#include "src/server.hpp"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

#include <spdlog/spdlog.h>
#include <boost/asio/post.hpp>

#include "src/encryption.hpp"
#include "src/logging.hpp"
#include "src/supervisor.hpp"
#include "storage/thread_name.hpp"

namespace server {
namespace {

// Standard streams, the log's files and a snapshot's, listening sockets; and what an io thread opens.
constexpr std::uint64_t files_of_the_process = 32, files_of_a_thread = 3;

// Not _exit(): a sanitizer's would first look for threads that nobody has joined yet, and there are some.
extern "C" void exit_now(int) { ::syscall(SYS_exit_group, 1); }

// It is over, and the exit code is known: a signal that comes while Asio's handlers are removed would meet the default one.
void hold_signals() {
    sigset_t held;
    sigemptyset(&held);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&held, signal);
    ::pthread_sigmask(SIG_BLOCK, &held, nullptr);
}

void complain(const std::string& line) { std::fprintf(stderr, "tokmesh: %s\n", line.c_str()); }

std::uint32_t thread_count(const Values& values) {
    return values.io_threads != 0 ? values.io_threads : std::max(1U, std::thread::hardware_concurrency());
}

void make_room_for_clients(Values& values) {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    const std::uint64_t besides = files_of_the_process + files_of_a_thread * thread_count(values);
    const std::uint64_t wanted = values.maxclients + besides;
    if (limit.rlim_cur >= wanted) return;
    rlimit raised{std::min<rlim_t>(wanted, limit.rlim_max), limit.rlim_max};
    if (::setrlimit(RLIMIT_NOFILE, &raised) != 0) raised.rlim_cur = limit.rlim_cur;
    if (raised.rlim_cur >= wanted) return;
    const std::uint64_t fits = raised.rlim_cur > besides ? raised.rlim_cur - besides : 1;
    spdlog::warn("The file limit of {} leaves room for {} clients, not {}", raised.rlim_cur, fits, values.maxclients.load());
    values.maxclients = static_cast<std::uint32_t>(fits);
}

}  // namespace

Server::~Server() {
    if (recovery_.joinable()) recovery_.join();
    snapshots_.reset();
    threads_.clear();
}

int Server::run() {
    if (const Refused why = start()) {
        complain(*why);
        exit_code_ = 1;
    } else {
        main_.run();
    }
    hold_signals();
    return exit_code_;
}

// ---- start ----

Server::Refused Server::start() {
    Values& values = settings_.values;
    if (values.port == 0 && values.unixsocket.empty())
        return "configured to not listen anywhere: 'port' is 0 and 'unixsocket' is not set";
    if (auto why = check_log_file(values.logfile)) return why;
    start_logging(values.logfile, values.loglevel.get());
    spdlog::info("TokMesh {} starts, pid {}", TOKMESH_VERSION, ::getpid());
    make_room_for_clients(values);
    watch_signals();

    // 1. The port, and whether the Unix socket can be made, before the data directory is touched.
    if (auto why = Listener::check_unix(values)) return why;
    if (auto why = listener_.open_tcp(values)) return why;
    // 2. The directory and its lock.
    if (auto why = open_log()) return why;
    // 3. Everything in memory.
    make_parts();
    // 4. Serve: LOADING to whoever comes, while the log is read.
    state_->loading = true;
    state_->loading_started_ms = clock_.unix_ms();
    listener_.start(*state_, threads_);
    for (const auto& thread : threads_) thread->start();
    recovery_ = std::thread([this] { recover(); });
    return std::nullopt;
}

void Server::watch_signals() {
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);  // a write beyond the limit of a file's size fails like any other, with a line that says so
    std::signal(SIGHUP, SIG_IGN);
    if (!settings_.values.encryption_key_file.empty()) {
        hangup_.emplace(main_, SIGHUP);
        watch_hangup();
    }
    signals_.emplace(main_, SIGTERM, SIGINT);
    wait_for_signal();
}

void Server::wait_for_signal() {
    signals_->async_wait([this](const boost::system::error_code& error, int signal) {
        if (error) return;
        if (stopping_) exit_now(signal);
        wait_for_signal();
        spdlog::info("Received {}, scheduling shutdown", signal == SIGINT ? "SIGINT" : "SIGTERM");
        begin_stop();
    });
}

void Server::watch_hangup() {
    hangup_->async_wait([this](const boost::system::error_code& error, int) {
        if (error) return;
        if (state_) reload_keys(*state_);  // it has logged what came of it
        watch_hangup();
    });
}

Server::Refused Server::open_log() {
    const Values& values = settings_.values;
    storage::LogOptions options;
    options.appendfsync = values.appendfsync;
    options.segment_bytes = values.wal_segment_size;
    options.segment_bytes_first = std::min(options.segment_bytes_first, options.segment_bytes);
    options.pending_bytes_max = values.wal_pending_bytes;
    options.record_bytes_max = values.wal_record_max;
    options.notice = [](const std::string& line) { spdlog::warn("{}", line); };
    options.fatal = [](const std::string& line) {
        spdlog::error("{}", line);
        storage::exit_at_once(line);
    };
    if (auto why = load_keys(values, options.encryption)) return why;
    auto opened = storage::Log::open_posix(values.dir, options, clock_, now_, random_);
    if (opened.has_error()) return opened.error().text;
    log_ = std::move(opened).value();
    return std::nullopt;
}

void Server::make_parts() {
    Values& values = settings_.values;
    storage::Store::Options options;
    options.shards = values.shards;
    options.now = now_.now();
    std::array<unsigned char, sizeof options.hash_seed> seed{};
    random_.fill(seed);
    std::memcpy(&options.hash_seed, seed.data(), seed.size());
    store_ = std::make_unique<storage::Store>(options, log_->journal(), random_, values.storage);
    state_ =
        std::make_unique<ServerState>(ServerState::Parts{settings_, clock_, now_, random_, *store_, log_->journal(), log_.get()});

    const std::uint32_t count = thread_count(values);
    for (std::uint32_t i = 0; i < count; ++i) threads_.push_back(std::make_unique<IoThread>(*state_, i, count));
    log_->journal().on_progress([this] {
        for (const auto& thread : threads_) thread->journal_progressed();
    });
    state_->clients.on_close_asked([this](std::uint32_t thread, std::uint64_t id) { threads_[thread]->ask_to_close(id); });
    state_->on_stop_asked = [this](LastSnapshot last) { boost::asio::post(main_, [this, last] { begin_stop(last); }); };
    make_snapshots();
    settings_.on_trigger([this](const SettingRow&) { return reload_keys(*state_); });
    settings_.on_change([this](const SettingRow& row) { on_setting_changed(row); });
}

void Server::make_snapshots() {
    // Copying goes round the io threads, so that none of them has all of it.
    const auto run_turn = [this](std::function<void()> turn) {
        threads_[next_turn_.fetch_add(1, std::memory_order_relaxed) % threads_.size()]->post(std::move(turn));
    };
    const auto notice = [](const std::string& line) { spdlog::warn("{}", line); };
    const auto rest = [](std::uint64_t ns) { std::this_thread::sleep_for(std::chrono::nanoseconds(ns)); };
    snapshots_ = std::make_unique<storage::Snapshots>(
        storage::Snapshots::Parts{*log_, *store_, settings_.values.snapshots, clock_, now_, random_, run_turn, notice, rest});
    snapshots_->on_attempt([this] {
        const storage::SnapshotFigures figures = snapshots_->figures();
        if (figures.last_ok)
            spdlog::info("Snapshot of {} records, {} bytes, in {:.3f} seconds", figures.last_records, figures.last_bytes,
                         static_cast<double>(figures.last_duration_ns) / 1e9);
        state_->saves.attempt_ended();
    });
    state_->saves.connect({.ask = [this](storage::Pace pace) { return snapshots_->ask(pace); },
                           .attempts = [this] { return snapshots_->attempts(); },
                           .figures = [this] { return snapshots_->figures(); },
                           .wake =
                               [this] {
                                   for (const auto& thread : threads_) thread->resume_waiting();
                               }});
}

void Server::on_setting_changed(const SettingRow& row) {
    if (row.name == "loglevel") set_log_level(settings_.values.loglevel.get());
    if (row.name == "appendfsync") log_->set_appendfsync(settings_.values.appendfsync);
}

void Server::recover() {
    storage::name_this_thread("tm-recovery");
    const auto report = log_->recover(*store_);
    std::string refusal;
    if (report.has_error()) {
        refusal = report.error().text;
    } else {
        const auto& found = report.value();
        if (storage::value(found.snapshot.last) != 0)
            spdlog::info("{} records of {} loaded", found.snapshot.records, found.snapshot.name);
        spdlog::info("DB loaded from the log: {} records of {} segments in {:.3f} seconds", found.records, found.segments,
                     static_cast<double>(found.duration_ns) / 1e9);
    }
    boost::asio::post(main_, [this, refusal] { recovered(refusal); });
}

void Server::recovered(const std::string& refusal) {
    recovery_.join();
    if (!refusal.empty()) return refuse(refusal);
    threads_.front()->post([this] {
        const Refused why = listener_.open_unix(settings_.values);
        boost::asio::post(main_, [this, why] { why ? refuse(*why) : serve(); });
    });
}

// The last thing that can go wrong is the log file. Whoever asks before `loading` is false changes nothing.
void Server::serve() {
    if (stopping_) return;
    if (auto why = open_log_file(settings_.values.logfile)) return refuse(*why);
    log_->start();
    snapshots_->start();
    state_->loading = false;
    threads_.front()->post([this] { listener_.accept_more(); });
    ready();
}

void Server::refuse(const std::string& why) {
    if (stopping_) return;
    complain(why);
    exit_code_ = 1;
    begin_stop();
}

void Server::ready() {
    const Values& values = settings_.values;
    if (values.port != 0) spdlog::info("Ready to accept connections tcp");
    if (!values.unixsocket.empty()) spdlog::info("Ready to accept connections unix");
    notify_supervisor(values.supervised, "READY=1");
}

// ---- stop ----

void Server::begin_stop(LastSnapshot last) {
    if (stopping_) return;
    stopping_ = true;
    last_snapshot_ = last;
    if (hangup_) hangup_->cancel();  // its handler stays: the default one would end the process
    // A second signal does not wait. In place of Asio's handlers, whose removal would leave the default ones for a moment;
    // one that came before this line is still told to wait_for_signal().
    std::signal(SIGTERM, exit_now);
    std::signal(SIGINT, exit_now);
    notify_supervisor(settings_.values.supervised, "STOPPING=1");
    if (recovery_.joinable()) {
        // Nothing was promised to anybody yet, and recovery can be cut at any point.
        spdlog::info("Stopped while loading, bye bye...");
        std::_Exit(exit_code_);
    }
    state_->unpause();
    threads_.front()->post([this] { listener_.stop(); });
    for (const auto& thread : threads_)
        thread->drain([this] {
            boost::asio::post(main_, [this] {
                if (++drained_ == threads_.size()) finish_stop();
            });
        });
}

void Server::finish_stop() {
    snapshots_->stop();  // while the threads still run its turns
    for (const auto& thread : threads_) thread->join();
    take_last_snapshot();
    log_->stop();
    if (exit_code_ == 0) spdlog::info("TokMesh is now ready to exit, bye bye...");
    main_.stop();
}

// The log holds everything in any case: a snapshot that fails is said, and keeps nobody from stopping.
void Server::take_last_snapshot() {
    const bool set = last_snapshot_ == LastSnapshot::as_set && settings_.values.snapshots.on_shutdown;
    const bool served = !state_->loading && exit_code_ == 0;
    if (!served || !(set || last_snapshot_ == LastSnapshot::yes)) return;
    spdlog::info("Taking the last snapshot before exiting");
    if (!snapshots_->take_last_one()) spdlog::error("No last snapshot; nothing is lost, the log holds everything");
}

}  // namespace server
