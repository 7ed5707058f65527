// SPDX-License-Identifier: MIT
// Every setting, one row each: name, kind, unit, range, choices, default, CONFIG SET?, secret?, where it goes, check, why.
// A new setting is a row here, a field in Values and an entry in conf/tokmesh.conf (tests/src/settings_test.cpp insists).
#include <sstream>

#include "resp/limits.hpp"
#include "src/settings.hpp"
#include "src/settings_values.hpp"
#include "storage/wal_format.hpp"

namespace server {
namespace {

using K = SettingKind;
using Text = std::string_view;
using Number = std::int64_t;

constexpr bool live = true, fixed = false, secret = true, shown = false;
constexpr Number bulk_max = resp::limits::bulk_bytes_ceiling;
constexpr Number kib = 1024, mib = 1024 * kib, gib = 1024 * mib, hour_ms = 3600 * 1000, year_ms = 365 * 24 * hour_ms;

void nothing(Values&, Number, Text) {}

storage::Fsync fsync_mode(Text text) {
    using storage::Fsync;
    return text == "always" ? Fsync::always : text == "no" ? Fsync::no : Fsync::everysec;
}

storage::EvictionPolicy eviction_policy(Text text) {
    using P = storage::EvictionPolicy;
    return text == "volatile-ttl" ? P::volatile_ttl : text == "allkeys-lru" ? P::allkeys_lru : P::noeviction;
}

void set_bind(Values& values, Number, Text text) {
    values.bind.clear();
    std::istringstream words{std::string(text)};
    for (std::string word; words >> word;) values.bind.push_back(word);
}

void set_output_limit(Values& values, Number, Text text) {
    const auto limit = parse_output_limit(text);
    if (!limit) return;
    values.output_limit.hard_bytes = limit->hard_bytes;
    values.output_limit.soft_bytes = limit->soft_bytes;
    values.output_limit.soft_seconds = limit->soft_seconds;
}

void set_bulk_max(Values& values, Number bytes, Text) {
    values.proto_max_bulk_len = static_cast<std::uint64_t>(bytes);
    values.storage.value_bytes_max = static_cast<std::uint64_t>(bytes);
}

// Writes the number into a field of Values or of Values::storage.
template <auto Field>
void put(Values& values, Number number, Text) {
    auto& field = values.*Field;
    using Value = std::remove_cvref_t<decltype(field)>;
    if constexpr (std::is_integral_v<Value>) {
        field = static_cast<Value>(number);
    } else {
        field = static_cast<typename Value::value_type>(number);
    }
}

template <auto Field>
void put_storage(Values& values, Number number, Text) {
    auto& field = values.storage.*Field;
    field = static_cast<typename std::remove_cvref_t<decltype(field)>::value_type>(number);
}

template <auto Field>
void put_snapshots(Values& values, Number number, Text) {
    auto& field = values.snapshots.*Field;
    field = static_cast<typename std::remove_cvref_t<decltype(field)>::value_type>(number);
}

template <auto Field>
void put_text(Values& values, Number, Text text) {
    if constexpr (requires { (values.*Field).set(text); }) {
        (values.*Field).set(text);
    } else {
        values.*Field = text;
    }
}

using V = Values;
using S = storage::Settings;
using Snap = storage::SnapshotSettings;

const SettingRow rows[] =
    {
        // ---- network ----
        {"port", K::integer, "port", 0, 65535, "", "6379", fixed, shown, put<&V::port>, nullptr, "TCP port; 0 is no TCP"},
        {"bind", K::text, "addresses", 1, 1024, "", "* -::*", fixed, shown, set_bind, check_bind, "addresses to listen on"},
        {"unixsocket", K::text, "path", 0, 107, "", "", fixed, shown, put_text<&V::unixsocket>, nullptr, "Unix socket"},
        {"unixsocketperm", K::octal, "octal mode", 0, 0777, "", "700", fixed, shown, put<&V::unixsocketperm>, nullptr,
         "who may connect"},
        {"tcp-backlog", K::integer, "connections", 1, 65535, "", "511", fixed, shown, put<&V::tcp_backlog>, nullptr,
         "accept queue"},
        {"io-threads", K::integer, "threads", 0, 128, "", "0", fixed, shown, put<&V::io_threads>, nullptr, "0 is one a core"},
        {"maxclients", K::integer, "connections", 1, 1'000'000, "", "10000", live, shown, put<&V::maxclients>, nullptr,
         "bounds memory"},
        {"timeout", K::seconds, "seconds", 0, 31'536'000, "", "0", live, shown, put<&V::timeout_s>, nullptr,
         "idle connections; 0 never"},
        {"tcp-keepalive", K::seconds, "seconds", 0, 86'400, "", "300", live, shown, put<&V::tcp_keepalive_s>, nullptr,
         "finds dead peers"},
        {"proto-max-bulk-len", K::bytes, "bytes", 4 * kib, bulk_max, "", "16mb", live, shown, set_bulk_max, nullptr,
         "largest argument"},
        {"client-query-buffer-limit", K::bytes, "bytes", mib, gib, "", "64mb", live, shown, put<&V::client_query_buffer_limit>,
         nullptr, "one request in all"},
        {"client-output-buffer-limit", K::text, "class hard soft seconds", 1, 128, "", "normal 64mb 16mb 60", live, shown,
         set_output_limit, check_output_limit, "slow readers are closed instead of growing"},

        // ---- security ----
        {"protected-mode", K::yes_no, "", 0, 1, "", "yes", live, shown, put<&V::protected_mode>, nullptr,
         "no password: loopback only"},
        {"requirepass", K::text, "password", 0, 512, "", "", live, secret, put_text<&V::requirepass>, nullptr,
         "password of 'default'"},
        {"enable-debug-command", K::choice, "", 0, 0, "no", "no", fixed, shown, nothing, nullptr, "DEBUG is not offered"},

        // ---- storage ----
        {"dir", K::text, "path", 1, 4096, "", ".", fixed, shown, put_text<&V::dir>, nullptr, "where wal-* files live"},
        {"databases", K::integer, "databases", 16, 16, "", "16", fixed, shown, nothing, nullptr, "SELECT 0..15"},
        {"shards", K::integer, "shards", 16, 16384, "", "256", fixed, shown, put<&V::shards>, check_power_of_two,
         "lock granularity"},
        {"appendonly", K::choice, "", 0, 0, "yes", "yes", fixed, shown, nothing, nullptr, "the log is always on"},
        {"appendfsync", K::choice, "", 0, 0, "always|everysec|no", "everysec", live, shown,
         [](Values& v, Number, Text text) { v.appendfsync = fsync_mode(text); }, nullptr, "what a power cut may lose"},
        {"save", K::text, "", 0, 0, "", "", live, shown, nothing, nullptr, "snapshot-interval is the schedule"},
        {"wal-segment-size", K::bytes, "bytes", mib, 2 * gib, "", "64mb", fixed, shown, put<&V::wal_segment_size>, nullptr,
         "largest log file"},
        {"wal-pending-bytes", K::bytes, "bytes", mib, 512 * mib, "", "32mb", fixed, shown, put<&V::wal_pending_bytes>, nullptr,
         "log bytes in memory"},
        {"wal-record-max", K::bytes, "bytes", mib, storage::wal::record_bytes_ceiling, "", "32mb", fixed, shown,
         put<&V::wal_record_max>, nullptr, "one atomic change"},
        {"wal-total-bytes", K::bytes, "bytes", 0, 1024 * 1024 * gib, "", "0", live, shown, put_snapshots<&Snap::wal_total_bytes>,
         nullptr, "how large the log may grow; 0 is no limit"},
        {"encryption-key-file", K::text, "path", 0, 4096, "", "", fixed, shown, put_text<&V::encryption_key_file>, nullptr,
         "keys of the data files; empty is plain"},
        {"encryption-cipher", K::choice, "", 0, 0, "auto|aes-256-gcm|chacha20-poly1305", "auto", fixed, shown,
         put_text<&V::encryption_cipher>, nullptr, "auto is AES where the processor has it"},
        {"encryption-migrate", K::yes_no, "", 0, 1, "", "no", fixed, shown, put<&V::encryption_migrate>, nullptr,
         "read plain files although there are keys"},
        {"encryption-reload", K::trigger, "", 0, 1, "", "no", live, shown, nothing, nullptr, "yes reads the key file again"},

        // ---- snapshots ----
        {"snapshot-interval", K::milliseconds, "duration", 0, year_ms, "", "1h", live, shown, put_snapshots<&Snap::interval_ms>,
         nullptr, "0 never by time"},
        {"snapshot-wal-bytes", K::bytes, "bytes", 0, 1024 * gib, "", "1gb", live, shown, put_snapshots<&Snap::wal_bytes>, nullptr,
         "0 never by the log's growth"},
        {"snapshot-keep", K::integer, "snapshots", 2, 10'000, "", "5", live, shown, put_snapshots<&Snap::keep>, nullptr,
         "backups by number"},
        {"snapshot-keep-days", K::integer, "days", 0, 3'650, "", "7", live, shown, put_snapshots<&Snap::keep_days>, nullptr,
         "besides, one a day"},
        {"snapshot-keep-bytes", K::bytes, "bytes", 0, 1024 * 1024 * gib, "", "0", live, shown, put_snapshots<&Snap::keep_bytes>,
         nullptr, "all together; 0 is four times the newest"},
        {"snapshot-compression", K::choice, "", 0, 0, "none|zstd", "none", live, shown,
         [](Values& v, Number, Text text) {
             using C = storage::snapshot::Compression;
             v.snapshots.compression = text == "zstd" ? C::zstd : C::none;
         },
         nullptr, "room against processor time"},
        {"snapshot-compression-level", K::integer, "level", 1, 19, "", "1", live, shown, put_snapshots<&Snap::compression_level>,
         nullptr, "of zstd"},
        {"snapshot-incremental", K::yes_no, "", 0, 1, "", "no", live, shown, put_snapshots<&Snap::incremental>, nullptr,
         "only what has changed"},
        {"snapshot-chain", K::integer, "files", 2, 64, "", "8", live, shown, put_snapshots<&Snap::chain>, nullptr,
         "then a full one"},
        {"snapshot-on-shutdown", K::yes_no, "", 0, 1, "", "no", live, shown, put_snapshots<&Snap::on_shutdown>, nullptr,
         "a last one at the end"},

        // ---- memory ----
        {"maxmemory", K::bytes, "bytes", 0, 1024 * 1024 * gib, "", "0", live, shown, put_storage<&S::maxmemory_bytes>, nullptr,
         "0 is no limit"},
        {"maxmemory-policy", K::choice, "", 0, 0, "noeviction|volatile-ttl|allkeys-lru", "noeviction", live, shown,
         [](Values& v, Number, Text text) { v.storage.maxmemory_policy = eviction_policy(text); }, nullptr, "what goes first"},

        // ---- sessions ----
        {"session-max-per-user", K::integer, "sessions", 1, 10'000, "", "50", live, shown, put_storage<&S::session_max_per_user>,
         nullptr, "live sessions of one user"},
        {"session-quota-policy", K::choice, "", 0, 0, "reject|evict-oldest", "reject", live, shown,
         [](Values& v, Number, Text text) {
             using P = storage::QuotaPolicy;
             v.storage.session_quota_policy = text == "reject" ? P::reject : P::evict_oldest;
         },
         nullptr, "what happens beyond the quota"},
        {"session-default-ttl", K::milliseconds, "duration", 0, 100 * year_ms, "", "2h", live, shown,
         put_storage<&S::session_default_ttl_ms>, nullptr, "without TTL in SESS.CREATE"},
        {"session-max-ttl", K::milliseconds, "duration", 0, 100 * year_ms, "", "720h", live, shown,
         put_storage<&S::session_max_ttl_ms>, nullptr, "0: any, and never is allowed"},
        {"session-data-name-bytes", K::bytes, "bytes", 1, 255, "", "64", live, shown, put_storage<&S::session_data_name_bytes>,
         nullptr, "one field's name"},
        {"session-data-value-bytes", K::bytes, "bytes", 1, 65'535, "", "1kb", live, shown,
         put_storage<&S::session_data_value_bytes>, nullptr, "one field's value"},
        {"session-data-bytes", K::bytes, "bytes", 1, mib, "", "4kb", live, shown, put_storage<&S::session_data_bytes>, nullptr,
         "all names and values"},
        {"session-dead-max", K::integer, "records", 0, 1'000'000'000, "", "1000000", live, shown,
         put_storage<&S::session_dead_max>, nullptr, "remembered revocations"},
        {"touch-resolution", K::milliseconds, "duration", 0, hour_ms, "", "10s", live, shown,
         put_storage<&S::touch_resolution_ms>, nullptr, "how stale last_active may be after a crash"},
        {"list-concurrency", K::integer, "commands", 1, 128, "", "2", live, shown, put<&V::list_concurrency>, nullptr,
         "SESS.LIST at once"},
        {"notify-keyspace-events", K::text, "", 0, 0, "", "", live, shown, nothing, nullptr, "keyspace events are not offered"},

        // ---- process ----
        {"hz", K::integer, "per second", 1, 500, "", "10", live, shown, put<&V::hz>, nullptr, "how often upkeep runs"},
        {"loglevel", K::choice, "", 0, 0, "debug|verbose|notice|warning|nothing", "notice", live, shown, put_text<&V::loglevel>,
         nullptr, "least severe line that is logged"},
        {"logfile", K::text, "path", 0, 4096, "", "", fixed, shown, put_text<&V::logfile>, nullptr, "empty is standard output"},
        {"daemonize", K::choice, "", 0, 0, "no", "no", fixed, shown, nothing, nullptr, "a service manager does that"},
        {"supervised", K::choice, "", 0, 0, "no|systemd|auto", "no", fixed, shown, put_text<&V::supervised>, nullptr,
         "readiness to systemd"},
};

}  // namespace

std::span<const SettingRow> setting_rows() { return rows; }

}  // namespace server
