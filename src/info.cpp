// SPDX-License-Identifier: MIT
// INFO: the sections about the process, its clients and its commands. Fields are those that ecosystem.md 4.2 saw consumers
// read; what this server has not (replicas, pub/sub, Lua) says 0 where a consumer needs the line.
#include "src/info.hpp"

#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <filesystem>

#include <fmt/format.h>

#include "src/command_table.hpp"
#include "src/version.hpp"

namespace server {
namespace {

void server_section(InfoLines& line, const InfoSource& from) {
    const ServerState& state = from.state;
    utsname os{};
    ::uname(&os);
    std::error_code error;
    const std::uint64_t uptime_s = (state.clock.monotonic_ns() - state.started_at_ns) / 1'000'000'000;
    line("redis_version", redis_version);
    line("tokmesh_version", tokmesh_version);
    line("redis_git_sha1", "00000000");
    line("redis_git_dirty", 0);
    line("redis_mode", "standalone");
    line("os", std::string(os.sysname) + ' ' + os.release + ' ' + os.machine);
    line("arch_bits", sizeof(void*) * 8);
    line("multiplexing_api", "epoll");
    line("gcc_version", fmt::format("{}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__));
    line("process_id", ::getpid());
    line("process_supervised", state.values.supervised);
    line("run_id", state.run_id);
    line("tcp_port", state.values.port);
    line("server_time_usec", from.now * 1000);
    line("uptime_in_seconds", uptime_s);
    line("uptime_in_days", uptime_s / 86'400);
    line("hz", state.values.hz.load());
    line("configured_hz", state.values.hz.load());
    line("lru_clock", (from.now / 1000) & 0xFFFFFF);
    line("executable", std::filesystem::read_symlink("/proc/self/exe", error).string());
    line("config_file", state.settings.conf_file);
    line("io_threads_active", 1);
    line("clock_steps", state.now.steps());
}

void clients_section(InfoLines& line, const InfoSource& from) {
    const ServerState& state = from.state;
    std::uint64_t blocked = 0, input_max = 0, output_max = 0;
    state.clients.each([&](Client& client) {
        if (client.traffic.parked) ++blocked;
        input_max = std::max<std::uint64_t>(input_max, client.traffic.query_room);
        output_max = std::max<std::uint64_t>(output_max, client.traffic.output_room);
    });
    line("connected_clients", state.clients.size());
    line("cluster_connections", 0);
    line("maxclients", state.values.maxclients.load());
    line("client_recent_max_input_buffer", input_max);
    line("client_recent_max_output_buffer", output_max);
    line("blocked_clients", blocked);
    line("tracking_clients", 0);
    line("pubsub_clients", 0);
    line("watching_clients", 0);
    line("clients_in_timeout_table", 0);
    line("clients_waiting_for_log_credit", state.parked_for_credit.load());
}

void stats_section(InfoLines& line, const InfoSource& from) {
    const ServerState& state = from.state;
    line("total_connections_received", state.connections_received.load());
    line("total_commands_processed", state.sum(&Counters::commands));
    line("instantaneous_ops_per_sec", state.instantaneous_ops.load());
    line("total_net_input_bytes", state.sum(&Counters::input_bytes));
    line("total_net_output_bytes", state.sum(&Counters::output_bytes));
    line.ratio("instantaneous_input_kbps", static_cast<double>(state.instantaneous_input_bytes.load()) / 1024);
    line.ratio("instantaneous_output_kbps", static_cast<double>(state.instantaneous_output_bytes.load()) / 1024);
    line("rejected_connections", state.connections_rejected.load());
    line("denied_connections", state.connections_denied.load());
    line("sync_full", 0);
    line("sync_partial_ok", 0);
    line("sync_partial_err", 0);
    line("expired_keys", from.store.expired);
    line.ratio("expired_stale_perc", 0);
    line("expired_time_cap_reached_count", 0);
    line("evicted_keys", from.store.evicted);
    line("evicted_clients", 0);
    line("keyspace_hits", state.sum(&Counters::keyspace_hits));
    line("keyspace_misses", state.sum(&Counters::keyspace_misses));
    line("pubsub_channels", 0);
    line("pubsub_patterns", 0);
    line("latest_fork_usec", 0);
    line("total_forks", 0);
    line("total_error_replies", state.sum(&Counters::error_replies));
    line("total_reads_processed", state.sum(&Counters::reads));
    line("total_writes_processed", state.sum(&Counters::writes));
    line("acl_access_denied_auth", state.sum(&Counters::auth_failed));
    line("acl_access_denied_cmd", state.sum(&Counters::auth_denied));
    line("acl_access_denied_key", 0);
    line("acl_access_denied_channel", 0);
    line("client_output_buffer_limit_disconnections", state.sum(&Counters::slow_readers_closed));
    line("protocol_errors", state.sum(&Counters::protocol_errors));
    line("replies_held_for_the_log", state.sum(&Counters::parked_for_gate));
    line("requests_held_for_log_credit", state.sum(&Counters::parked_for_credit));
}

void replication_section(InfoLines& line, const InfoSource& from) {
    line("role", "master");
    line("connected_slaves", 0);
    line("master_failover_state", "no-failover");
    line("master_replid", from.state.run_id);
    line("master_replid2", std::string(40, '0'));
    line("master_repl_offset", 0);
    line("second_repl_offset", -1);
    line("repl_backlog_active", 0);
    line("repl_backlog_size", 0);
    line("repl_backlog_first_byte_offset", 0);
    line("repl_backlog_histlen", 0);
}

double seconds(const timeval& time) { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6; }

void cpu_section(InfoLines& line, const InfoSource&) {
    rusage own{}, children{};
    ::getrusage(RUSAGE_SELF, &own);
    ::getrusage(RUSAGE_CHILDREN, &children);
    line("used_cpu_sys", seconds(own.ru_stime));
    line("used_cpu_user", seconds(own.ru_utime));
    line("used_cpu_sys_children", seconds(children.ru_stime));
    line("used_cpu_user_children", seconds(children.ru_utime));
}

void commandstats_section(InfoLines& line, const InfoSource& from) {
    each_command_row([&](const CommandSpec& spec, std::uint32_t row) {
        std::uint64_t calls = 0, usec = 0, rejected = 0, failed = 0;
        from.state.each_counters([&](Counters& counters) {
            const CommandCount& count = counters.by_command[row];
            calls += count.calls.get();
            usec += count.usec.get();
            rejected += count.rejected.get();
            failed += count.failed.get();
        });
        if (calls + rejected + failed == 0) return;
        const double each = calls == 0 ? 0 : static_cast<double>(usec) / static_cast<double>(calls);
        line("cmdstat_" + std::string(spec.name),
             fmt::format("calls={},usec={},usec_per_call={:.2f},rejected_calls={},failed_calls={}", calls, usec, each, rejected,
                         failed));
    });
}

void errorstats_section(InfoLines& line, const InfoSource& from) {
    std::map<std::string, std::uint64_t, std::less<>> sums;
    from.state.each_counters([&](Counters& counters) {
        for (const auto& [word, count] : counters.errors()) sums[word] += count;
    });
    for (const auto& [word, count] : sums) line("errorstat_" + word, fmt::format("count={}", count));
}

void modules_section(InfoLines&, const InfoSource&) {}

void cluster_section(InfoLines& line, const InfoSource&) { line("cluster_enabled", 0); }

struct Section {
    std::string_view name, title;
    bool by_default;
    void (*write)(InfoLines&, const InfoSource&);
};

constexpr std::array<Section, 14> all_sections{{
    {"server", "Server", true, server_section},
    {"clients", "Clients", true, clients_section},
    {"memory", "Memory", true, info_memory},
    {"persistence", "Persistence", true, info_persistence},
    {"stats", "Stats", true, stats_section},
    {"replication", "Replication", true, replication_section},
    {"cpu", "CPU", true, cpu_section},
    {"modules", "Modules", true, modules_section},
    {"commandstats", "Commandstats", false, commandstats_section},
    {"errorstats", "Errorstats", true, errorstats_section},
    {"cluster", "Cluster", true, cluster_section},
    {"sessions", "Sessions", true, info_sessions},
    {"wal", "Wal", true, info_wal},
    {"keyspace", "Keyspace", true, info_keyspace},
}};

}  // namespace

void InfoLines::operator()(std::string_view name, std::string_view value) {
    out_.append(name).append(":").append(value).append("\r\n");
}

void InfoLines::ratio(std::string_view name, double value) { (*this)(name, fmt::format("{:.2f}", value)); }

void InfoLines::bytes(std::string_view name, std::uint64_t value) {
    (*this)(name, value);
    constexpr std::array<const char*, 4> units{"K", "M", "G", "T"};
    std::string human = fmt::format("{}B", value);
    double amount = static_cast<double>(value);
    for (const char* unit : units) {
        if (amount < 1024) break;
        amount /= 1024;
        human = fmt::format("{:.2f}{}", amount, unit);
    }
    (*this)(std::string(name) + "_human", human);
}

void InfoLines::title(std::string_view name) {
    if (!out_.empty()) out_ += "\r\n";
    out_.append("# ").append(name).append("\r\n");
}

std::string info_text(ServerState& state, storage::UnixMs now, const std::set<std::string, std::less<>>& sections) {
    const bool everything = sections.contains("all") || sections.contains("everything");
    const bool defaults = sections.empty() || sections.contains("default");
    // Recovery owns store and log until it is done.
    const bool loading = state.loading.load(std::memory_order_acquire);
    const InfoSource from{state, now, loading, loading ? storage::Store::Figures{} : state.store.figures()};
    std::string text;
    InfoLines line(text);
    for (const Section& section : all_sections) {
        if (!everything && !(defaults && section.by_default) && !sections.contains(section.name)) continue;
        line.title(section.title);
        section.write(line, from);
    }
    return text;
}

}  // namespace server
