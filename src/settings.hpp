// SPDX-License-Identifier: MIT
// What an operator can set. One row of settings_table.cpp says all about one setting; a new one is a row there, a field in
// Values and an entry in conf/tokmesh.conf.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "storage/function_ref.hpp"
#include "storage/log_options.hpp"
#include "storage/settings.hpp"
#include "storage/snapshot_settings.hpp"

namespace server {

// A text that CONFIG SET may change while another thread reads it.
class LockedText {
public:
    std::string get() const;
    void set(std::string_view text);

private:
    mutable std::mutex mutex_;
    std::string text_;
};

struct OutputLimit {  // client-output-buffer-limit of the class "normal"; 0 is no limit
    std::atomic<std::uint64_t> hard_bytes{0}, soft_bytes{0}, soft_seconds{0};
};

// What the server reads. Fields without an atomic are fixed after the start.
struct Values {
    storage::Settings storage;

    // network
    std::uint16_t port = 0;
    std::vector<std::string> bind;
    std::string unixsocket;
    std::uint32_t unixsocketperm = 0;
    std::uint32_t tcp_backlog = 0;
    std::uint32_t io_threads = 0;  // 0: as many as cores
    std::atomic<std::uint32_t> maxclients{0}, timeout_s{0}, tcp_keepalive_s{0};
    std::atomic<std::uint64_t> client_query_buffer_limit{0}, proto_max_bulk_len{0};
    OutputLimit output_limit;

    // security
    std::atomic<bool> protected_mode{true};
    LockedText requirepass;

    // storage
    std::string dir;
    std::atomic<storage::Fsync> appendfsync{storage::Fsync::everysec};
    std::uint32_t shards = 0;
    std::uint64_t wal_segment_size = 0, wal_pending_bytes = 0, wal_record_max = 0;
    std::atomic<std::uint32_t> list_concurrency{0};
    storage::SnapshotSettings snapshots;
    std::string encryption_key_file, encryption_cipher;
    bool encryption_migrate = false;

    // process
    std::atomic<std::uint32_t> hz{0};
    std::string logfile;
    LockedText loglevel;
    std::string supervised;
};

enum class SettingKind : std::uint8_t {
    yes_no,
    integer,
    octal,
    bytes,
    seconds,
    milliseconds,
    choice,
    text,
    trigger,  // CONFIG SET to yes does something once; it always reads as no
};

struct SettingRow {
    std::string_view name;
    SettingKind kind;
    std::string_view unit;          // for people: "bytes", "seconds", ...
    std::int64_t min, max;          // of numbers; of texts: the length in bytes
    std::string_view choices;       // "always|everysec|no"
    std::string_view default_text;  // as the conf file has it
    bool live;                      // CONFIG SET may change it
    bool secret;                    // never shown or logged
    void (*apply)(Values&, std::int64_t number, std::string_view text);
    // More than the range, over the checked canonical text: an error text, or nothing.
    std::optional<std::string> (*check)(std::string_view text);
    std::string_view why;
};

std::span<const SettingRow> setting_rows();
const SettingRow* find_setting(std::string_view name);  // any case

// Rows and their current values. Reading is for any thread; set() is atomic over all that it is given.
class Settings {
public:
    Settings();  // all defaults
    Settings(const Settings&) = delete;
    Settings& operator=(const Settings&) = delete;

    using Change = std::pair<std::string_view, std::string_view>;  // name, value

    Values values;

    // At the start: any row. Nothing happens and the reason comes back if it is not allowed.
    std::optional<std::string> set_at_start(std::string_view name, std::string_view value);
    std::optional<std::string> check_together() const;  // once all start settings are in: what contradicts itself
    // CONFIG SET: all or none; the answer is Redis's words after "ERR ".
    std::optional<std::string> set_live(std::span<const Change> changes);
    std::string text(std::string_view name) const;  // the canonical text, as CONFIG GET answers; "" if unknown
    void each_matching(std::string_view glob, storage::FunctionRef<void(const SettingRow&, const std::string&)> visit) const;

    // Called after set_live with the row that changed (log level, ...). Set before traffic.
    void on_change(std::function<void(const SettingRow&)> call) { on_change_ = std::move(call); }
    // Does what a trigger says, before anything of the same set_live is applied: an error text, or nothing. Set before traffic.
    using Trigger = std::function<std::optional<std::string>(const SettingRow&)>;
    void on_trigger(Trigger call) { on_trigger_ = std::move(call); }
    std::string conf_file;  // absolute path, "" if none

private:
    void apply(const SettingRow& row, std::int64_t number, std::string text);

    mutable std::mutex mutex_;
    std::vector<std::string> texts_;  // by row; guarded by mutex_
    std::function<void(const SettingRow&)> on_change_;
    Trigger on_trigger_;
};

// The canonical text and number of a value for a row, or why it is not one.
struct ParsedSetting {
    std::int64_t number = 0;
    std::string text;
    std::optional<std::string> error;
};
ParsedSetting parse_setting(const SettingRow& row, std::string_view value);

}  // namespace server
