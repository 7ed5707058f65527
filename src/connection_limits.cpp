// SPDX-License-Identifier: MIT
// Who is closed, and when: slow readers (reliability.md S08, S38), clients that do not authenticate, idle ones.
#include <spdlog/spdlog.h>

#include "src/connection.hpp"

namespace server {
namespace {

constexpr std::size_t unread_before_auth_bytes = 1024;  // CVE-2025-21605
constexpr std::int64_t auth_limit_ms = 10'000;

}  // namespace

bool Connection::close_if_over_limit() {
    const OutputLimit& limit = thread_.state().values.output_limit;
    const std::uint64_t hard = limit.hard_bytes.load(std::memory_order_relaxed);
    const std::size_t unsent = dialogue_.output.size();
    const bool silent = !client().authenticated() && send_blocked_ && unsent > unread_before_auth_bytes;
    if (!silent && (hard == 0 || unsent <= hard)) return false;
    close_slow_reader(silent ? "unread replies before authentication" : "hard limit");
    return true;
}

void Connection::close_slow_reader(const char* why) {
    thread_.counters().slow_readers_closed.add();
    spdlog::warn("Client {} {} closed for overcoming of output buffer limits: {} bytes unsent, {}", id(), client().origin().addr,
                 dialogue_.output.size(), why);
    close();
}

void Connection::on_tick(std::int64_t now_ms) {
    if (closed_) return;
    const Values& values = thread_.state().values;
    if (lingering_) {
        if (linger_is_over(now_ms)) close();
        return;
    }
    if (!client().authenticated() && now_ms - client().origin().connected_at_ms > auth_limit_ms) {
        spdlog::debug("Client {} {} closed: not authenticated in time", id(), client().origin().addr);
        close();
        return;
    }
    const std::int64_t idle_ms = now_ms - client().traffic.last_request_ms.load(std::memory_order_relaxed);
    const std::int64_t timeout_s = values.timeout_s.load(std::memory_order_relaxed);
    const bool quiet = block_ == Block::none && dialogue_.output.empty() && !dialogue_.running;
    if (timeout_s > 0 && quiet && idle_ms > timeout_s * 1000) {
        spdlog::debug("Client {} {} closed: idle", id(), client().origin().addr);
        close();
        return;
    }
    if (quiet && idle_ms > 1000) {
        dialogue_.output.shrink(0);
        publish();
    }
    watch_slow_reader(now_ms);
}

// The soft limit, and output that has not moved at all for the soft limit's time.
void Connection::watch_slow_reader(std::int64_t now_ms) {
    const OutputLimit& limit = thread_.state().values.output_limit;
    const std::uint64_t soft = limit.soft_bytes.load(std::memory_order_relaxed);
    const auto allowed_ms = static_cast<std::int64_t>(limit.soft_seconds.load(std::memory_order_relaxed)) * 1000;
    const bool stuck = send_blocked_ && !output_moved_;
    output_moved_ = false;
    if (!stuck) stuck_since_ms_ = 0;
    if (stuck && stuck_since_ms_ == 0) stuck_since_ms_ = now_ms;
    const bool over = soft != 0 && dialogue_.output.size() > soft;
    if (!over) over_soft_since_ms_ = 0;
    if (over && over_soft_since_ms_ == 0) over_soft_since_ms_ = now_ms;
    if (over && now_ms - over_soft_since_ms_ >= allowed_ms) {
        close_slow_reader("soft limit");
    } else if (stuck && allowed_ms != 0 && now_ms - stuck_since_ms_ >= allowed_ms) {
        close_slow_reader("it does not read");
    }
}

}  // namespace server
