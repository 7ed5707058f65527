// SPDX-License-Identifier: MIT
// The store: sessions and plain string keys in shards, each command one method. A method locks what it needs, checks,
// appends to the journal, applies and unlocks; whoever calls it holds no lock and has taken credit before.
//
// Every method is thread-safe and takes an Op: the database, the time, the credit, and back: the highest LSN that the
// answer depends on (errors and absence included). Methods that write can return Errc::need_credit: nothing was changed,
// take op.credit_wanted and call again. Visitors run under a shard lock: they copy what they need and call nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "storage/effect.hpp"
#include "storage/error.hpp"
#include "storage/function_ref.hpp"
#include "storage/journal.hpp"
#include "storage/probe.hpp"
#include "storage/random.hpp"
#include "storage/session_id.hpp"
#include "storage/session_view.hpp"
#include "storage/settings.hpp"
#include "storage/token_secret.hpp"
#include "storage/types.hpp"

namespace storage {

struct Op {
    DbIndex db = 0;
    UnixMs now = 0;
    Credit* credit = nullptr;      // null: nothing may be logged (touches are put off, writes answer need_credit)
    const Probe* probe = nullptr;  // of what the command looks up, if there is one
    // Out:
    Lsn depends_on{};                   // only ever moves up
    std::size_t credit_wanted = 0;      // with Errc::need_credit
    std::uint64_t current_version = 0;  // with Errc::version_moved
};

using DataField = std::pair<std::string_view, std::string_view>;  // name, value

inline constexpr std::int64_t idle_s_max = 0xffff'ffff;  // what a record holds

struct NewSession {
    std::string_view user;                  // 1..128 bytes, checked by the caller
    std::optional<SessionId> id;            // brought by the client
    std::optional<std::string_view> token;  // brought by the client, its form checked by the caller
    UnixMs expires_at = 0;                  // 0: never
    std::int64_t idle_ms = 0;               // 0: no idle timeout; up to idle_s_max
    std::string_view device, created_by, ip, ua;
    std::span<const DataField> data;
};

struct CreatedSession {
    SessionId id;
    std::array<char, 48> token{};  // meaningful when token_made
    bool token_made = false;
    UnixMs expires_at = 0;
    std::uint64_t version = 0;
};

struct Touch {  // of GETBYTOKEN, VALIDATE and TOUCH; never fails, delays or gates a read
    bool wanted = false;
    std::string_view ip, ua;  // empty: as it was
};

struct SessionChange {  // of SESS.UPDATE
    std::optional<std::uint64_t> if_version;
    std::optional<std::string_view> device;
    std::optional<UnixMs> expires_at;
    bool clear = false;                       // first
    std::span<const std::string_view> unset;  // then
    std::span<const DataField> set;           // last
};

struct Rotated {
    std::array<char, 48> token{};
};

enum class KeyKind : std::uint8_t { none, string, session };
// "", NX, XX, GT, LT, XX LT. No expiry is later than any, so GT is XX GT.
enum class ExpireWhen : std::uint8_t { always, if_none, if_some, if_later, if_sooner, if_some_sooner };
enum class SetWhen : std::uint8_t { always, if_absent, if_present };

struct SetOptions {
    SetWhen when = SetWhen::always;
    UnixMs expires_at = 0;  // 0: none
    bool keep_ttl = false;
    bool want_old = false;  // GET: the old value is passed to the visitor before it is replaced
};

struct SessionFilter {  // SESS.LIST; empty or zero: no condition
    std::string_view user, device, created_by;
    std::string_view ip;   // address text, or with prefix_bits an address of its network
    int prefix_bits = -1;  // CIDR
    enum class Status : std::uint8_t { active, expired, any } status = Status::active;
    UnixMs created_after = 0, created_before = 0, active_after = 0, active_before = 0;  // after inclusive, before exclusive
};
enum class SessionOrder : std::uint8_t { created_at, last_active, expires_at };

using SessionVisitor = FunctionRef<void(const SessionView&)>;
using ValueVisitor = FunctionRef<void(std::optional<std::string_view>)>;  // nullopt: no such key

class Store {
public:
    struct Options {
        std::uint32_t shards = 256;   // a power of two, 16..16384
        std::uint64_t hash_seed = 0;  // from the CSPRNG, per process
        UnixMs now = 0;               // where the timing wheels start
    };

    Store(Options options, Journal& journal, RandomSource& random, Settings& settings);
    ~Store();
    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;

    // ---- ahead of a batch of commands; not while the store recovers ----
    Probe probe_token(std::string_view token) const;
    Probe probe_key(std::string_view key) const;
    void prefetch(std::span<Probe> probes, DbIndex db);

    // ---- sessions (session_commands.cpp says the protocol's side) ----
    Result<CreatedSession> create(Op&, const NewSession&);
    bool get(Op&, const SessionId&, SessionVisitor);  // false: absent, expired or dead
    bool get_by_token(Op&, std::string_view token, const Touch&, SessionVisitor);
    // Errc::token_unknown, token_expired, token_revoked
    Result<void> validate(Op&, std::string_view token, const Touch&, SessionVisitor);
    Result<std::uint64_t> update(Op&, const SessionId&, const SessionChange&);  // the new version
    Result<UnixMs> touch(Op&, const SessionId&, const Touch&);                  // last_active
    Result<UnixMs> renew(Op&, const SessionId&, UnixMs expires_at, std::optional<std::uint64_t> if_version);
    Result<Rotated> rotate(Op&, std::string_view token, std::int64_t grace_ms);
    // How many were there; one atomic record.
    Result<std::uint64_t> remove_sessions(Op&, std::span<const SessionId> ids, RemovalReason reason = RemovalReason::deleted);
    Result<std::uint64_t> remove_by_tokens(Op&, std::span<const std::string_view> tokens);
    Result<std::uint64_t> remove_user(Op&, std::string_view user, const std::optional<SessionId>& except);
    std::uint64_t count_user(Op&, std::string_view user);
    std::uint64_t count_sessions(Op&);  // live ones of the database
    // Newest first. Visits at most `count` after `offset`.
    void list_user(Op&, std::string_view user, std::uint64_t offset, std::uint64_t count, SessionVisitor);
    // An upper bound of the log bytes that removing this user's sessions takes.
    std::size_t remove_user_bytes(DbIndex db, std::string_view user);

    // ---- SESS.LIST, in slices: see session_list.hpp ----

    // ---- keys of both kinds; a session's key is its id as text, any case ----
    KeyKind kind(Op&, std::string_view key);
    Result<std::uint64_t> remove_keys(Op&, std::span<const std::string_view> keys);
    // EXISTS and TOUCH, which count repeats; more than 1,024 keys in slices.
    std::uint64_t count_existing(Op&, std::span<const std::string_view> keys, bool touch);
    // nullopt: no such key; 0: no expiry
    std::optional<UnixMs> expires_at(Op&, std::string_view key);
    // EXPIRE family: true when the time was set (a time at or before now removes). session_max_ttl is checked by the caller.
    Result<bool> expire(Op&, std::string_view key, UnixMs at, ExpireWhen when);
    Result<bool> persist(Op&, std::string_view key);
    Result<bool> rename(Op&, std::string_view from, std::string_view to, bool only_if_absent);  // Errc::no_key, wrong_type
    Result<bool> copy(Op&, std::string_view from, std::string_view to, DbIndex to_db, bool replace);
    std::optional<std::string> random_key(Op&);
    std::optional<std::int64_t> idle_ms(Op&, std::string_view key);  // OBJECT IDLETIME
    std::uint64_t db_size(Op&);
    Result<void> flush(Op&, std::optional<DbIndex> db);  // nullopt: all

    struct ScanOptions {
        std::optional<KeyKind> kind;
        std::uint64_t count = 10;  // places looked at, about
    };
    // Visits keys from `cursor`; returns the next cursor, 0 at the end. A key that exists for the whole scan is visited exactly
    // once. Cursors stay below 2^53, because some clients keep them in doubles. An unknown cursor is a place like any other.
    std::uint64_t scan(Op&, std::uint64_t cursor, const ScanOptions&, FunctionRef<void(std::string_view key)>);

    // ---- plain strings; Errc::wrong_type for reserved names ----
    bool get_string(Op&, std::string_view key, ValueVisitor);  // false: the key is a session (visitor not called)
    // False: the condition did not hold. The visitor, if want_old, sees the old value (or nullopt) either way.
    Result<bool> set_string(Op&, std::string_view key, std::string_view value, const SetOptions&, ValueVisitor old_value);
    Result<bool> set_many(Op&, std::span<const DataField> pairs, bool only_if_all_absent);  // MSET, MSETNX: atomic
    Result<void> get_and_remove(Op&, std::string_view key, ValueVisitor);                   // GETDEL
    // GETEX: expires_at nullopt leaves it, 0 persists
    Result<void> get_and_expire(Op&, std::string_view key, std::optional<UnixMs> expires_at, ValueVisitor);
    Result<std::uint64_t> append_string(Op&, std::string_view key, std::string_view tail);  // new length
    Result<std::uint64_t> set_range(Op&, std::string_view key, std::uint64_t offset, std::string_view piece);
    Result<std::int64_t> increment(Op&, std::string_view key, std::int64_t by);
    Result<std::string> increment_float(Op&, std::string_view key, long double by);  // the new value as Redis prints it
    // MGET: up to 1,024 keys under one set of locks, more in slices; visited in order of the keys; a session or reserved name
    // reads as nullopt.
    void get_many(Op&, std::span<const std::string_view> keys,
                  FunctionRef<void(std::size_t index, std::optional<std::string_view>)>);

    // ---- upkeep, called from the io threads ----
    // Takes back expired and forgotten records of one shard: at most `budget` records under one lock. Returns how many were
    // looked at. `op.credit` pays for the removal records; what it cannot pay is put off.
    std::size_t expire_some(Op&, ShardIndex shard, std::size_t budget);
    std::uint32_t shard_count() const;
    // Before a write when maxmemory is set: removes by the policy until below the limit. Errc::out_of_memory if it cannot.
    Result<void> make_room(Op&);
    std::uint64_t memory_bytes() const;  // of records and indexes, as maxmemory counts
    void free_some();                    // frees what FLUSH left behind, a slice at a time

    // ---- snapshots; see snapshots.hpp ----
    struct SnapshotWalk {  // where a walk over all records stands; begins at the beginning
        std::uint32_t shard = 0;
        std::uint32_t db = 0;
        Place place = 0;
    };
    struct SnapshotPart {  // what a block is made of; grows until whoever owns it takes it away
        std::string bytes;
        std::uint32_t entries = 0;
        std::uint32_t first_shard = 0, last_shard = 0;
        std::uint64_t sessions = 0, strings = 0, dead = 0;
    };
    // Copies at most 32 records, or 64 KiB, of one shard that changed after `above`, under its lock for some 10 us. Any thread.
    // False: that was the last of it.
    bool copy_slice(SnapshotWalk& walk, Lsn above, SnapshotPart& to);
    // Puts a block's records in; any thread, for each takes the locks of what it holds. The log after `begun_at` must follow.
    // False: it does not decode.
    bool load_records(std::string_view payload, std::uint32_t entries, Lsn begun_at);
    void expect_records(std::uint64_t sessions, std::uint64_t strings, std::uint64_t dead);  // presizes; before load_records
    void clear();                                // takes everything out again: a snapshot that turned out damaged
    void key_tokens(const TokenSecret& secret);  // once, before the first token is asked for

    // ---- recovery ----
    // Applies one log record's effects that belong to shards [first, last). Not thread-safe per shard; false: it does not decode.
    bool replay(Lsn lsn, std::span<const std::byte> record, ShardIndex first, ShardIndex last);
    // After the last record: forgets what is not to be remembered at `now`, and builds the hints between shards. Expired records
    // go by the wheel, as always.
    void finish_replay(UnixMs now, ShardIndex first, ShardIndex last);

    // ---- figures ----
    struct Figures {
        std::uint64_t sessions = 0, keys = 0, users = 0, dead_records = 0;
        std::uint64_t record_bytes = 0, index_bytes = 0, wheel_bytes = 0;  // the last is in the second
        std::uint64_t lock_acquisitions = 0, lock_contended = 0;
        std::uint64_t created = 0, revoked = 0, expired = 0, evicted = 0, quota_hits = 0, touches = 0, touches_logged = 0;
        std::uint64_t expiry_lag_ms_max = 0;
        std::uint64_t memory_bytes = 0;
    };
    Figures figures() const;
    struct DbFigures {
        std::uint64_t keys = 0, expires = 0, avg_ttl_ms = 0;
    };
    DbFigures db_figures(DbIndex db, UnixMs now) const;
    // XXH3 over all live records in a fixed order: two stores with the same content have the same digest.
    std::uint64_t digest(UnixMs now);

    class Impl;
    Impl& impl() { return *impl_; }

private:
    std::unique_ptr<Impl> impl_;
};

}  // namespace storage
