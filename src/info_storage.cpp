// SPDX-License-Identifier: MIT
// INFO: memory, persistence, keyspace, sessions and the log.
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include <fmt/format.h>

#include "src/allocator.hpp"
#include "src/encryption.hpp"
#include "src/info.hpp"
#include "storage/log.hpp"

namespace server {
namespace {

std::uint64_t resident_bytes() {
    std::ifstream statm("/proc/self/statm");
    std::uint64_t size_pages = 0, resident_pages = 0;
    statm >> size_pages >> resident_pages;
    return resident_pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

double percent(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

std::uint64_t raise_peak(std::atomic<std::uint64_t>& peak, std::uint64_t used) {
    std::uint64_t seen = peak.load(std::memory_order_relaxed);
    while (seen < used && !peak.compare_exchange_weak(seen, used, std::memory_order_relaxed)) {
    }
    return std::max(seen, used);
}

// What the log's disk takes, since the start.
void latency(InfoLines& line, const std::string& name, const storage::LatencySummary& ns) {
    line(name + "_usec_mean", ns.mean() / 1000);
    line(name + "_usec_p50", ns.p50 / 1000);
    line(name + "_usec_p99", ns.p99 / 1000);
    line(name + "_usec_max", ns.max / 1000);
}

void loading_lines(InfoLines& line, const InfoSource& from) {
    const ServerState& state = from.state;
    if (!from.loading || state.log == nullptr) {
        line("loading_eta_seconds", 0);
        return;
    }
    const storage::RecoveryProgress& progress = state.log->progress();
    const std::uint64_t total = progress.bytes_total, done = std::min<std::uint64_t>(progress.bytes_read, total);
    const auto spent_ms = static_cast<std::uint64_t>(std::max<std::int64_t>(1, from.now - state.loading_started_ms));
    line("loading_start_time", state.loading_started_ms.load() / 1000);
    line("loading_total_bytes", total);
    line("loading_loaded_bytes", done);
    line.ratio("loading_loaded_perc", percent(done, total));
    line("loading_eta_seconds", done == 0 ? 1 : (total - done) * spent_ms / done / 1000 + 1);
}

std::int64_t seconds_of(std::uint64_t ns) { return static_cast<std::int64_t>(ns / 1'000'000'000); }

// Redis's names for what a snapshot is.
void rdb_lines(InfoLines& line, const InfoSource& from, const storage::SnapshotFigures& snapshot) {
    const bool ended = snapshot.taken + snapshot.failed != 0;
    line("rdb_changes_since_last_save", snapshot.changes_since);
    line("rdb_bgsave_in_progress", snapshot.running ? 1 : 0);
    line("rdb_last_save_time", from.state.last_save_ms() / 1000);
    line("rdb_last_bgsave_status", snapshot.last_ok ? "ok" : "err");
    line("rdb_last_bgsave_time_sec", ended ? seconds_of(snapshot.last_duration_ns) : -1);
    line("rdb_current_bgsave_time_sec", snapshot.running ? seconds_of(snapshot.running_ns) : -1);
    line("rdb_saves", snapshot.taken);
    line("rdb_last_cow_size", 0);
    line("rdb_last_load_keys_expired", 0);
    const bool recovered = from.state.log != nullptr && !from.loading;
    line("rdb_last_load_keys_loaded", recovered ? from.state.log->recovered().snapshot.records : 0);
}

void rewrite_lines(InfoLines& line, const InfoSource& from, const storage::SnapshotFigures& snapshot) {
    const Saves::Rewrites rewrites = from.state.saves.rewrites();
    line("aof_rewrite_in_progress", rewrites.running ? 1 : 0);
    line("aof_rewrite_scheduled", rewrites.scheduled ? 1 : 0);
    line("aof_last_rewrite_time_sec", rewrites.last_ms < 0 ? -1 : rewrites.last_ms / 1000);
    line("aof_current_rewrite_time_sec", rewrites.running ? seconds_of(snapshot.running_ns) : -1);
    line("aof_last_bgrewrite_status", rewrites.last_ok ? "ok" : "err");
    line("aof_rewrites", rewrites.ended);
}

// What Redis has no name for.
void snapshot_lines(InfoLines& line, const InfoSource& from, const storage::SnapshotFigures& snapshot) {
    line("snapshot_last_lsn", storage::value(snapshot.last_lsn));
    line("snapshot_age_seconds", snapshot.last_at == 0 ? -1 : std::max<std::int64_t>(0, from.now - snapshot.last_at) / 1000);
    line("snapshot_last_usec", snapshot.last_duration_ns / 1000);
    line("snapshot_last_bytes", snapshot.last_bytes);
    line("snapshot_last_records", snapshot.last_records);
    line("snapshot_last_full", snapshot.last_full ? 1 : 0);
    line("snapshot_chain_files", snapshot.chain_files);
    line("snapshot_log_bytes_since", snapshot.log_bytes_since);
    line("snapshots_kept", snapshot.kept);
    line("snapshots_kept_bytes", snapshot.kept_bytes);
    line("snapshots_taken", snapshot.taken);
    line("snapshots_failed", snapshot.failed);
    line("snapshots_starved", snapshot.starved);
    line("snapshot_last_error", snapshot.last_error);
    line("snapshots_removed", snapshot.snapshots_removed);
    line("wal_segments_removed", snapshot.segments_removed);
}

}  // namespace

void info_memory(InfoLines& line, const InfoSource& from) {
    std::uint64_t buffers = 0;
    from.state.clients.each(
        [&](Client& client) { buffers += client.traffic.query_room + client.traffic.output_room + sizeof(Client); });
    const std::uint64_t used = from.store.memory_bytes + buffers, resident = resident_bytes();
    const std::uint64_t peak = raise_peak(from.state.memory_peak_bytes, used);
    const storage::Settings& settings = from.state.storage_settings;
    line.bytes("used_memory", used);
    line.bytes("used_memory_rss", resident);
    line.bytes("used_memory_peak", peak);
    line("used_memory_peak_perc", fmt::format("{:.2f}%", percent(used, peak)));
    line("used_memory_overhead", from.store.index_bytes + buffers);
    line("used_memory_startup", 0);
    line("used_memory_dataset", from.store.record_bytes);
    line("used_memory_dataset_perc", fmt::format("{:.2f}%", percent(from.store.record_bytes, used)));
    line.bytes("total_system_memory",
               static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)));
    line.bytes("used_memory_lua", 0);
    line.bytes("maxmemory", settings.maxmemory_bytes.load());
    line("maxmemory_policy", from.state.settings.text("maxmemory-policy"));
    line.ratio("mem_fragmentation_ratio", used == 0 ? 0 : static_cast<double>(resident) / static_cast<double>(used));
    line("mem_fragmentation_bytes", static_cast<std::int64_t>(resident) - static_cast<std::int64_t>(used));
    if (const auto allocator = allocator_figures()) {
        line("mem_allocator", "jemalloc");
        line("allocator_allocated", allocator->allocated_bytes);
        line("allocator_active", allocator->active_bytes);
        line("allocator_resident", allocator->resident_bytes);
    }
    line("mem_clients_normal", buffers);
    line("mem_aof_buffer", from.state.journal.figures().unwritten_bytes);
    line("lazyfree_pending_objects", 0);
}

void info_persistence(InfoLines& line, const InfoSource& from) {
    ServerState& state = from.state;
    const bool there = state.log != nullptr && !from.loading;
    const storage::LogFigures log = there ? state.log->figures() : storage::LogFigures{};
    const storage::SnapshotFigures snapshot = from.loading ? storage::SnapshotFigures{} : state.saves.figures();
    line("loading", from.loading ? 1 : 0);
    line("async_loading", 0);
    loading_lines(line, from);
    line("current_cow_peak", 0);  // no fork, so nothing is copied on write
    line("current_cow_size", 0);
    line("current_cow_size_age", 0);
    line.ratio("current_fork_perc", 0);
    line("current_save_keys_processed", 0);
    line("current_save_keys_total", 0);
    rdb_lines(line, from, snapshot);
    line("aof_enabled", 1);
    rewrite_lines(line, from, snapshot);
    line("aof_last_write_status", log.preparing_failed ? "err" : "ok");
    line("aof_last_cow_size", 0);
    line("module_fork_in_progress", 0);
    line("module_fork_last_cow_size", 0);
    line("aof_current_size", log.segment_bytes);
    line("aof_base_size", snapshot.last_bytes);
    line("aof_pending_rewrite", 0);
    line("aof_buffer_length", log.journal.unwritten_bytes);
    line("aof_pending_bio_fsync", storage::value(log.written) > storage::value(log.durable) ? 1 : 0);
    line("aof_delayed_fsync", log.sync_delayed);
    snapshot_lines(line, from, snapshot);
    info_encryption(line, from);
}

void info_keyspace(InfoLines& line, const InfoSource& from) {
    for (std::size_t db = 0; db < storage::db_count && !from.loading; ++db) {
        const auto figures = from.state.store.db_figures(static_cast<storage::DbIndex>(db), from.now);
        if (figures.keys == 0) continue;
        line(fmt::format("db{}", db),
             fmt::format("keys={},expires={},avg_ttl={}", figures.keys, figures.expires, figures.avg_ttl_ms));
    }
}

void info_sessions(InfoLines& line, const InfoSource& from) {
    const storage::Store::Figures& store = from.store;
    line("sessions", store.sessions);
    line("session_users", store.users);
    line("plain_keys", store.keys);
    line("dead_records", store.dead_records);
    line("sessions_created", store.created);
    line("sessions_revoked", store.revoked);
    line("records_expired", store.expired);
    line("records_evicted", store.evicted);
    line("quota_hits", store.quota_hits);
    line("touches", store.touches);
    line("touches_logged", store.touches_logged);
    line("expiry_lag_ms_max", store.expiry_lag_ms_max);
    line("record_bytes", store.record_bytes);
    line("index_bytes", store.index_bytes);
    line("shards", from.state.store.shard_count());
    line("shard_lock_acquisitions", store.lock_acquisitions);
    line("shard_lock_contended", store.lock_contended);
    line("shard_lock_contended_perc", fmt::format("{:.3f}", percent(store.lock_contended, store.lock_acquisitions)));
}

void info_wal(InfoLines& line, const InfoSource& from) {
    if (from.state.log == nullptr || from.loading) return;
    const storage::LogFigures log = from.state.log->figures();
    line("appendfsync", storage::to_text(log.appendfsync));
    line("wal_epoch", log.epoch);
    line("wal_appended_lsn", storage::value(log.appended));
    line("wal_written_lsn", storage::value(log.written));
    line("wal_durable_lsn", storage::value(log.durable));
    line("wal_records", log.journal.records);
    line("wal_record_bytes", log.journal.record_bytes);
    const storage::LatencySummary& group = log.group_records;
    line("wal_groups", group.count);
    line("wal_group_records", group.sum);
    line("wal_group_records_p50", group.p50);
    line("wal_group_records_max", group.max);
    line.ratio("wal_records_per_group", group.count == 0 ? 0 : static_cast<double>(group.sum) / static_cast<double>(group.count));
    line("wal_bytes_written", log.bytes_written);
    latency(line, "wal_write", log.write_ns);
    latency(line, "wal_reply_wait", log.reply_ns);
    line("wal_fdatasyncs", log.sync_ns.count);
    line("wal_fdatasync_usec_last", log.sync_ns_last / 1000);
    latency(line, "wal_fdatasync", log.sync_ns);
    line("wal_fdatasyncs_delayed", log.sync_delayed);
    line("wal_behind", log.behind ? 1 : 0);
    line("wal_pending_bytes", log.journal.pending_bytes);
    line("wal_pending_bytes_peak", log.journal.pending_bytes_peak);
    line("wal_pending_bytes_max", from.state.values.wal_pending_bytes);
    line("wal_admissions_parked", log.journal.admissions_parked);
    line("wal_admissions_refused", log.journal.admissions_refused);
    line("wal_room_bytes", log.journal.room_bytes);
    line("wal_segments", log.segments);
    line("wal_segment_bytes", log.segment_bytes);
    line("wal_spare_segments", log.spares);
    line("wal_spare_bytes", log.spare_bytes);
    line("wal_preparing_failed", log.preparing_failed ? 1 : 0);
    line("wal_failure", log.what_failed);
    const storage::RecoveryReport& recovered = from.state.log->recovered();
    line("recovered_snapshot_lsn", storage::value(recovered.snapshot.last));
    line("recovered_snapshot_records", recovered.snapshot.records);
    line("recovered_snapshots_damaged", recovered.snapshots_damaged);
    line("recovered_records", recovered.records);
    line("recovered_bytes", recovered.bytes);
    line("recovered_set_aside_bytes", recovered.set_aside_bytes);
    line("recovery_usec", recovered.duration_ns / 1000);
}

}  // namespace server
