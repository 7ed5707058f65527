// SPDX-License-Identifier: MIT
// Effects: the only things that alter state (architecture.md section 3). The same values are encoded into the log, applied by
// live commands and applied again by replay. All members are views; whoever makes an effect owns the bytes behind it.
//
// Wire format: storage/proto/effect.proto. Encoding is by hand because it runs under a shard lock; reading is by hand because
// a restart reads millions. Both are held against protobuf's own parser in tests/storage/effect_test.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "storage/function_ref.hpp"
#include "storage/session_id.hpp"
#include "storage/session_view.hpp"
#include "storage/types.hpp"

namespace storage {

enum class RemovalReason : std::uint8_t { unknown, deleted, revoked, expired, evicted, quota, replaced };

// The hash slot of a token's text, which nobody can tell from its hash. Tokens that we make are in their user's slot.
inline constexpr Slot users_slot = 0xffff;

// What a session can have, by the bits of its record in memory; what is read and has more is not from us.
inline constexpr UnixMs session_time_max = (UnixMs{1} << 48) - 1;  // year 10889; of its expiry and its last activity
inline constexpr std::uint64_t session_version_max = (std::uint64_t{1} << 42) - 1;
inline constexpr std::size_t session_ip_bytes_max = 63, session_ua_bytes_max = 1023, session_packed_bytes_max = 0xff'ffff;

// The version after this one: after four million million changes it begins again.
constexpr std::uint64_t next_version(std::uint64_t version) { return version >= session_version_max ? 1 : version + 1; }

struct PutSession {
    std::string_view user;
    DbIndex db = 0;
    SessionId id;
    TokenHash token{};
    TokenHash previous_token{};
    bool has_previous = false;
    Slot token_slot = users_slot;
    Slot previous_slot = users_slot;
    UnixMs previous_until = 0, created_at = 0, last_active = 0, expires_at = 0;
    std::int64_t idle_ms = 0;
    std::uint64_t version = 1;
    std::string_view device, created_by, ip, ua, last_ip, last_ua;
    PackedData data;
};

struct TouchSession {
    std::string_view user;
    DbIndex db = 0;
    SessionId id;
    UnixMs last_active = 0;
    std::string_view last_ip, last_ua;  // empty: as it was
};

struct ExpireSession {
    std::string_view user;
    DbIndex db = 0;
    SessionId id;
    UnixMs expires_at = 0;
    std::uint64_t version = 0;
    UnixMs last_active = 0;  // 0: as it was
};

struct RemoveSession {
    std::string_view user;
    DbIndex db = 0;
    SessionId id;
    RemovalReason reason = RemovalReason::unknown;
    UnixMs until = 0;
};

struct PutDeadToken {
    std::string_view user;
    DbIndex db = 0;
    TokenHash token{};
    Slot token_slot = users_slot;
    RemovalReason reason = RemovalReason::unknown;
    UnixMs until = 0;
};

struct PutString {
    std::string_view key;
    DbIndex db = 0;
    std::string_view value;
    UnixMs expires_at = 0;
};

struct ExpireString {
    std::string_view key;
    DbIndex db = 0;
    UnixMs expires_at = 0;
};

struct RemoveString {
    std::string_view key;
    DbIndex db = 0;
    RemovalReason reason = RemovalReason::unknown;
};

struct Flush {
    bool all = false;
    DbIndex db = 0;
};

// What is left of a session that was removed (DeadRecord). Never logged, for the removal says it all; only snapshots hold it.
struct PutDead {
    std::string_view user;
    DbIndex db = 0;
    bool has_id = false, has_previous = false;
    SessionId id;
    TokenHash token{}, previous{};
    Slot token_slot = users_slot, previous_slot = users_slot;
    RemovalReason reason = RemovalReason::unknown;
    UnixMs until = 0, created_at = 0, last_active = 0, ended_at = 0;
};

using Effect = std::variant<PutSession, TouchSession, ExpireSession, RemoveSession, PutDeadToken, PutString, ExpireString,
                            RemoveString, Flush>;

// Builds one log record. Reused: clear() keeps the memory.
class RecordWriter {
public:
    void clear() { bytes_.clear(); }
    void add(const PutSession&);
    void add(const TouchSession&);
    void add(const ExpireSession&);
    void add(const RemoveSession&);
    void add(const PutDeadToken&);
    void add(const PutString&);
    void add(const ExpireString&);
    void add(const RemoveString&);
    void add(const Flush&);
    std::span<const std::byte> bytes() const { return std::as_bytes(std::span(bytes_)); }

private:
    std::string bytes_;
};

// Reads one log record's effects in order. `wanted` is asked with what routes an effect (its user or key) before the rest is
// looked at; a Flush is always wanted. `apply` sees views into the record, valid during the call. False: it is not a log
// record of ours (effects before the fault have been applied: callers treat it as damage and stop).
bool read_record(std::span<const std::byte> record, FunctionRef<bool(std::string_view route)> wanted,
                 FunctionRef<void(const Effect&)> apply);

}  // namespace storage
