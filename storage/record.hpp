// SPDX-License-Identifier: MIT
// The packed form of a record in memory: one allocation, a fixed part and the variable fields behind it. Only space.cpp makes
// and replaces them; everybody else reads.
#pragma once

#include <cstdint>
#include <new>
#include <string_view>

#include "storage/effect.hpp"
#include "storage/ensure.hpp"
#include "storage/session_view.hpp"
#include "storage/types.hpp"

namespace storage {

enum class RecordKind : std::uint8_t { session, string, dead };

// What all kinds have, in twelve bytes: the next four are those of the kind's own first field.
struct Record {
    Lsn lsn : 56 = {};  // of the last logged change
    RecordKind kind : 2 = RecordKind::string;
    std::uint8_t flags : 6 = 0;  // each kind has its own
    std::uint32_t tick = 0;      // the wheel tick that it is queued at; 0: not queued

    bool has(std::uint8_t flag) const { return (flags & flag) != 0; }
    void set(std::uint8_t flag) { flags = (flags | flag) & flags_mask; }
    void clear(std::uint8_t flag) { flags = flags & ~flag & flags_mask; }

    Lsn gate_lsn() const;   // what an answer that met it depends on: none where a session ended by time
    UnixMs expiry() const;  // `expires_at` of its kind

private:
    static constexpr unsigned flags_mask = 0x3f;
};

struct SessionRecord : Record {
    static constexpr std::uint8_t has_previous = 1;  // the only one that a snapshot has too
    static constexpr std::uint8_t has_uncommon = 2;
    static constexpr std::uint8_t is_newest = 4;        // of its user's list
    static constexpr std::uint8_t made_by_default = 8;  // `created_by` is "default" and not among the texts

    // What most sessions do not have, in a part of its own; a session without that part has these values, and was created at
    // the time that its id tells.
    struct Uncommon {
        UnixMs created_at = 0;
        std::uint32_t idle_s = 0;
        Slot token_slot = users_slot, previous_slot = users_slot;
        std::uint16_t last_ua_bytes = 0;
        std::uint8_t last_ip_bytes = 0;
    };

    static constexpr std::uint32_t ahead_of_log_ms_max = (1U << 22) - 1;  // more than an hour, the longest touch-resolution

    // Its fields are at the end, 96 bytes. Behind it: [Uncommon] [previous token, previous until] user device created_by ip ua
    // last_ip last_ua data

    std::size_t size_bytes() const;
    std::string_view user() const;
    UnixMs expires_at() const { return static_cast<UnixMs>(expires_at_); }
    void set_expires_at(UnixMs at) { expires_at_ = checked(at) & session_time_max; }
    UnixMs last_active() const { return static_cast<UnixMs>(last_active_); }
    void set_last_active(UnixMs at) { last_active_ = checked(at) & session_time_max; }
    std::uint64_t version() const { return version_; }
    void set_version(std::uint64_t version) {
        ENSURE(version <= session_version_max);
        version_ = version & session_version_max;
    }
    // How much last_active is ahead of what the log knows; no more than the maximum.
    std::uint32_t ahead_of_log_ms() const { return ahead_of_log_ms_; }
    void set_ahead_of_log_ms(std::uint64_t ms) {
        ahead_of_log_ms_ = (ms < ahead_of_log_ms_max ? ms : ahead_of_log_ms_max) & ahead_of_log_ms_max;
    }
    UnixMs created_at() const { return is_usual() ? id.time_ms() : uncommon().created_at; }
    std::uint32_t idle_s() const { return is_usual() ? 0 : uncommon().idle_s; }
    Slot token_slot() const { return is_usual() ? users_slot : uncommon().token_slot; }
    Slot previous_slot() const { return is_usual() ? users_slot : uncommon().previous_slot; }
    PutSession effect(DbIndex db) const;  // the whole session as views
    SessionView view() const;
    bool has_previous_token() const { return has(has_previous); }
    TokenHash previous_token() const;
    UnixMs previous_until() const;
    UnixMs due() const;  // when it is over: the earlier of expiry and idleness; 0: never
    static UnixMs due_of(const PutSession&);
    bool live(UnixMs now) const {
        const UnixMs end = due();
        return end == 0 || end > now;
    }

    // The user's list. Only the newest knows how many the user has here, due ones included.
    Place user_prev() const { return has(is_newest) ? no_place : prev_or_count_; }
    std::uint32_t user_count() const {  // precondition: the newest
        ENSURE(has(is_newest));
        return prev_or_count_;
    }
    void set_newest(std::uint32_t count) {
        set(is_newest);
        prev_or_count_ = count;
    }
    void set_behind(Place prev) {
        clear(is_newest);
        prev_or_count_ = prev;
    }
    void take_links(const SessionRecord& from);  // the list's, for the same place

    static bool fits(const PutSession&);  // what a record can hold; else it is not from us
    static std::size_t size_of(const PutSession&);
    static void write(void* to, const PutSession&);  // everything but lsn, tick and the user's list

    std::size_t texts_bytes() const;   // of user to data, `created_by` included
    char* copy_texts(char* to) const;  // so many, in their order; returns their end

private:
    const char* tail() const { return reinterpret_cast<const char*>(this + 1); }
    bool is_usual() const { return !has(has_uncommon); }
    const char* previous() const { return tail() + (is_usual() ? 0 : sizeof(Uncommon)); }
    const char* texts() const;
    std::string_view kept_texts() const;  // all that stand there, one behind the other
    const Uncommon& uncommon() const { return *std::launder(reinterpret_cast<const Uncommon*>(tail())); }  // not of a usual one
    template <class To>
    void put_texts(To& to) const;
    static std::uint64_t checked(UnixMs at) {
        ENSURE(at >= 0 && at <= session_time_max);
        return static_cast<std::uint64_t>(at);
    }

    // Without a bit to spare, for a session has one of each.
    std::uint32_t body_bytes_ : 24 = 0;  // of its data
    std::uint32_t created_by_bytes_ : 8 = 0;
    std::uint64_t expires_at_ : 48 = 0;
    std::uint64_t ua_bytes_ : 10 = 0;
    std::uint64_t ip_bytes_ : 6 = 0;
    std::uint64_t last_active_ : 48 = 0;
    std::uint64_t user_bytes_ : 8 = 0;
    std::uint64_t device_bytes_ : 8 = 0;
    std::uint64_t version_ : 42 = 0;
    std::uint64_t ahead_of_log_ms_ : 22 = 0;
    std::uint32_t prev_or_count_ = no_place;

public:
    Place user_next = no_place;  // of the user's list, newest first
    SessionId id;
    TokenHash token;
};
static_assert(sizeof(SessionRecord) == 96);

struct StringRecord : Record {
    std::uint32_t key_bytes = 0, body_bytes = 0;  // the latter of the value
    UnixMs expires_at = 0;                        // 0: never
    UnixMs last_access = 0;
    // behind it: key value

    std::size_t size_bytes() const { return sizeof(StringRecord) + key_bytes + body_bytes; }
    std::string_view key() const { return {reinterpret_cast<const char*>(this + 1), key_bytes}; }
    std::string_view value() const { return {reinterpret_cast<const char*>(this + 1) + key_bytes, body_bytes}; }
    bool live(UnixMs now) const { return expires_at == 0 || expires_at > now; }

    static void write(void* to, const PutString&);
};
static_assert(sizeof(StringRecord) == 40);

// What is left of a session that was removed, in its place, so that its tokens cannot come back and can be told from unknown
// ones. With has_id unset: a token that was rotated out, or a session whose id lives again.
struct DeadRecord : Record {
    static constexpr std::uint8_t has_previous = 1;
    static constexpr std::uint8_t has_id = 2;

    Slot token_slot = users_slot, previous_slot = users_slot;
    SessionId id;
    TokenHash token{};
    TokenHash previous{};
    UnixMs expires_at = 0;                                 // until when it is remembered
    UnixMs created_at = 0, last_active = 0, ended_at = 0;  // ended_at: expires_at of the session
    RemovalReason reason = RemovalReason::unknown;
    std::uint8_t user_bytes = 0;
    // behind it: user

    std::size_t size_bytes() const { return sizeof(DeadRecord) + user_bytes; }
    std::string_view user() const { return {reinterpret_cast<const char*>(this + 1), user_bytes}; }
    bool remembered(UnixMs now) const { return expires_at > now; }
    SessionView view() const;
};

static_assert(sizeof(DeadRecord) == 136);

inline UnixMs Record::expiry() const {
    switch (kind) {
        case RecordKind::session: return static_cast<const SessionRecord*>(this)->expires_at();
        case RecordKind::string: return static_cast<const StringRecord*>(this)->expires_at;
        case RecordKind::dead: break;
    }
    return static_cast<const DeadRecord*>(this)->expires_at;
}

inline Lsn Record::gate_lsn() const {
    const bool over = kind == RecordKind::dead && static_cast<const DeadRecord*>(this)->reason == RemovalReason::expired;
    return over ? Lsn{} : lsn;
}

}  // namespace storage
