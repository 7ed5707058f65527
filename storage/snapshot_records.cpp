// SPDX-License-Identifier: MIT
#include "storage/snapshot_records.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>
#include <new>
#include <vector>

namespace storage {

namespace {

static_assert(std::endian::native == std::endian::little, "the structs below are what stands in the file");

struct Prefix {
    std::uint32_t bytes = 0;  // without this field
    std::uint8_t kind = 0;
    std::uint8_t db = 0;
    std::uint8_t flags = 0;
    std::uint8_t reserved = 0;
    std::uint64_t lsn = 0;
};
static_assert(sizeof(Prefix) == 16);

struct FixedSession {
    std::int64_t expires_at = 0, created_at = 0, last_active = 0;
    std::uint64_t version = 0;
    std::uint32_t idle_s = 0, data_bytes = 0;
    std::uint16_t ua_bytes = 0, last_ua_bytes = 0, token_slot = 0, previous_slot = 0;
    std::uint8_t user_bytes = 0, device_bytes = 0, created_by_bytes = 0, ip_bytes = 0, last_ip_bytes = 0;
    std::uint8_t reserved[3] = {};
    SessionId id;
    TokenHash token{};
};
static_assert(sizeof(FixedSession) == 104);

struct FixedPrevious {
    TokenHash token{};
    std::int64_t until = 0;
};
static_assert(sizeof(FixedPrevious) == 40);

struct FixedString {
    std::int64_t expires_at = 0;
    std::uint32_t key_bytes = 0, value_bytes = 0;
};
static_assert(sizeof(FixedString) == 16);

struct FixedDead {
    std::int64_t until = 0, created_at = 0, last_active = 0, ended_at = 0;
    SessionId id;
    TokenHash token{};
    TokenHash previous{};
    std::uint16_t token_slot = 0, previous_slot = 0;
    std::uint8_t reason = 0, user_bytes = 0;
    std::uint8_t reserved[2] = {};
};
static_assert(sizeof(FixedDead) == 120);

enum Kind : std::uint8_t { session_kind = 1, string_kind = 2, dead_kind = 3 };

// Makes room for an entry and returns where its fixed fields begin.
char* begin_entry(std::string& to, Kind kind, std::uint8_t flags, Lsn lsn, DbIndex db, std::size_t body_bytes) {
    const std::size_t at = to.size();
    to.resize(at + sizeof(Prefix) + body_bytes);
    const Prefix prefix{
        static_cast<std::uint32_t>(sizeof(Prefix) - sizeof(std::uint32_t) + body_bytes), kind, db, flags, 0, value(lsn)};
    std::memcpy(to.data() + at, &prefix, sizeof prefix);
    return to.data() + at + sizeof prefix;
}

char* begin_entry(std::string& to, Kind kind, const Record& record, DbIndex db, std::size_t body_bytes) {
    const unsigned flags = record.kind == RecordKind::session ? record.flags & SessionRecord::has_previous : record.flags;
    return begin_entry(to, kind, static_cast<std::uint8_t>(flags), record.lsn, db, body_bytes);
}

template <class Fixed>
char* put(char* to, const Fixed& fixed) {
    std::memcpy(to, &fixed, sizeof fixed);
    return to + sizeof fixed;
}

void pack_session(const SessionRecord& r, DbIndex db, std::string& to) {
    const PutSession e = r.effect(db);
    FixedSession f;
    f.expires_at = e.expires_at;
    f.created_at = e.created_at;
    f.last_active = e.last_active;
    f.version = e.version;
    f.idle_s = r.idle_s();
    f.data_bytes = static_cast<std::uint32_t>(e.data.bytes().size());
    f.ua_bytes = static_cast<std::uint16_t>(e.ua.size());
    f.last_ua_bytes = static_cast<std::uint16_t>(e.last_ua.size());
    f.token_slot = e.token_slot;
    f.previous_slot = e.previous_slot;
    f.user_bytes = static_cast<std::uint8_t>(e.user.size());
    f.device_bytes = static_cast<std::uint8_t>(e.device.size());
    f.created_by_bytes = static_cast<std::uint8_t>(e.created_by.size());
    f.ip_bytes = static_cast<std::uint8_t>(e.ip.size());
    f.last_ip_bytes = static_cast<std::uint8_t>(e.last_ip.size());
    f.id = r.id;
    f.token = r.token;
    const std::size_t previous = e.has_previous ? sizeof(FixedPrevious) : 0;
    char* at = begin_entry(to, session_kind, r, db, sizeof f + previous + r.texts_bytes());
    at = put(at, f);
    if (e.has_previous) at = put(at, FixedPrevious{e.previous_token, e.previous_until});
    r.copy_texts(at);
}

void pack_string(const StringRecord& r, DbIndex db, std::string& to) {
    const FixedString f{r.expires_at, r.key_bytes, r.body_bytes};
    const std::size_t texts = r.size_bytes() - sizeof(StringRecord);
    char* at = put(begin_entry(to, string_kind, r, db, sizeof f + texts), f);
    std::memcpy(at, &r + 1, texts);
}

void pack_dead(const DeadRecord& r, DbIndex db, std::string& to) {
    FixedDead f;
    f.until = r.expires_at;
    f.created_at = r.created_at;
    f.last_active = r.last_active;
    f.ended_at = r.ended_at;
    f.id = r.id;
    f.token = r.token;
    f.previous = r.previous;
    f.token_slot = r.token_slot;
    f.previous_slot = r.previous_slot;
    f.reason = static_cast<std::uint8_t>(r.reason);
    f.user_bytes = r.user_bytes;
    char* at = put(begin_entry(to, dead_kind, r, db, sizeof f + r.user_bytes), f);
    std::memcpy(at, &r + 1, r.user_bytes);
}

// A record of a store that never was, for its layout says what the texts' order is.
void pack_effect(const PutSession& e, Lsn lsn, std::string& to) {
    std::vector<std::max_align_t> memory(SessionRecord::size_of(e) / sizeof(std::max_align_t) + 1);
    SessionRecord::write(memory.data(), e);
    auto& record = *std::launder(reinterpret_cast<SessionRecord*>(memory.data()));
    record.lsn = lsn;
    pack_session(record, e.db, to);
}

void pack_effect(const PutString& e, Lsn lsn, std::string& to) {
    const FixedString f{e.expires_at, static_cast<std::uint32_t>(e.key.size()), static_cast<std::uint32_t>(e.value.size())};
    char* at = put(begin_entry(to, string_kind, 0, lsn, e.db, sizeof f + e.key.size() + e.value.size()), f);
    at = std::copy(e.key.begin(), e.key.end(), at);
    std::copy(e.value.begin(), e.value.end(), at);
}

void pack_effect(const PutDead& e, Lsn lsn, std::string& to) {
    FixedDead f;
    f.until = e.until;
    f.created_at = e.created_at;
    f.last_active = e.last_active;
    f.ended_at = e.ended_at;
    f.id = e.id;
    f.token = e.token;
    f.previous = e.previous;
    f.token_slot = e.token_slot;
    f.previous_slot = e.previous_slot;
    f.reason = static_cast<std::uint8_t>(e.reason);
    f.user_bytes = static_cast<std::uint8_t>(e.user.size());
    const auto flags =
        static_cast<std::uint8_t>((e.has_id ? DeadRecord::has_id : 0) | (e.has_previous ? DeadRecord::has_previous : 0));
    char* at = put(begin_entry(to, dead_kind, flags, lsn, e.db, sizeof f + e.user.size()), f);
    std::copy(e.user.begin(), e.user.end(), at);
}

bool slot_is_sound(Slot slot) { return slot < slot_count || slot == users_slot; }

// Takes pieces off an entry's body; every one is checked against what is left.
class Body {
public:
    explicit Body(std::string_view bytes) : rest_(bytes) {}

    template <class Fixed>
    bool fixed(Fixed& to) {
        if (rest_.size() < sizeof to) return false;
        std::memcpy(&to, rest_.data(), sizeof to);
        rest_.remove_prefix(sizeof to);
        return true;
    }
    std::string_view text(std::size_t bytes) {  // precondition: left() said that it is there
        const std::string_view taken = rest_.substr(0, bytes);
        rest_.remove_prefix(bytes);
        return taken;
    }
    std::size_t left() const { return rest_.size(); }

private:
    std::string_view rest_;
};

// By its lengths alone: PackedData trusts them.
bool data_is_sound(std::string_view packed) {
    while (packed.size() >= 3) {
        const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(packed[i]); };
        const std::size_t field = 3 + std::size_t{byte(0)} + byte(1) + (std::size_t{byte(2)} << 8);
        if (field > packed.size()) return false;
        packed.remove_prefix(field);
    }
    return packed.empty();
}

// Half of what would fit, so that an idle time can be added.
template <class... Times>
bool times_are_sound(Times... times) {
    return ((times >= 0 && times <= INT64_MAX / 2) && ...);
}

std::optional<PutSession> unpack_session(const Prefix& prefix, Body body) {
    FixedSession f;
    FixedPrevious previous;
    PutSession e;
    e.has_previous = (prefix.flags & SessionRecord::has_previous) != 0;
    if (!body.fixed(f) || (e.has_previous && !body.fixed(previous))) return std::nullopt;
    const std::size_t texts = std::size_t{f.user_bytes} + f.device_bytes + f.created_by_bytes + f.ip_bytes + f.ua_bytes +
                              f.last_ip_bytes + f.last_ua_bytes + f.data_bytes;
    if (body.left() != texts || !slot_is_sound(f.token_slot) || !slot_is_sound(f.previous_slot)) return std::nullopt;
    if (previous.until < 0 || !times_are_sound(f.created_at)) return std::nullopt;
    e.db = prefix.db;
    e.id = f.id;
    e.token = f.token;
    e.previous_token = previous.token;
    e.previous_until = previous.until;
    e.token_slot = f.token_slot;
    e.previous_slot = f.previous_slot;
    e.created_at = f.created_at;
    e.last_active = f.last_active;
    e.expires_at = f.expires_at;
    e.idle_ms = static_cast<std::int64_t>(f.idle_s) * 1000;
    e.version = f.version;
    e.user = body.text(f.user_bytes);
    e.device = body.text(f.device_bytes);
    e.created_by = body.text(f.created_by_bytes);
    e.ip = body.text(f.ip_bytes);
    e.ua = body.text(f.ua_bytes);
    e.last_ip = body.text(f.last_ip_bytes);
    e.last_ua = body.text(f.last_ua_bytes);
    e.data = PackedData(body.text(f.data_bytes));
    if (!data_is_sound(e.data.bytes()) || !SessionRecord::fits(e)) return std::nullopt;
    return e;
}

std::optional<PutString> unpack_string(const Prefix& prefix, Body body) {
    FixedString f;
    if (!body.fixed(f) || body.left() != std::size_t{f.key_bytes} + f.value_bytes) return std::nullopt;
    if (f.expires_at < 0) return std::nullopt;
    PutString e;
    e.db = prefix.db;
    e.expires_at = f.expires_at;
    e.key = body.text(f.key_bytes);
    e.value = body.text(f.value_bytes);
    return e;
}

std::optional<PutDead> unpack_dead(const Prefix& prefix, Body body) {
    FixedDead f;
    if (!body.fixed(f) || body.left() != f.user_bytes || f.reason > static_cast<std::uint8_t>(RemovalReason::replaced))
        return std::nullopt;
    if (!slot_is_sound(f.token_slot) || !slot_is_sound(f.previous_slot)) return std::nullopt;
    if (f.until < 0 || f.ended_at < 0 || !times_are_sound(f.created_at, f.last_active)) return std::nullopt;
    PutDead e;
    e.db = prefix.db;
    e.has_id = (prefix.flags & DeadRecord::has_id) != 0;
    e.has_previous = (prefix.flags & DeadRecord::has_previous) != 0;
    if (e.has_previous && f.previous == f.token) return std::nullopt;
    e.id = f.id;
    e.token = f.token;
    e.previous = f.previous;
    e.token_slot = f.token_slot;
    e.previous_slot = f.previous_slot;
    e.reason = static_cast<RemovalReason>(f.reason);
    e.until = f.until;
    e.created_at = f.created_at;
    e.last_active = f.last_active;
    e.ended_at = f.ended_at;
    e.user = body.text(f.user_bytes);
    return e;
}

template <class E>
bool take(std::optional<E> from, SnapshotEntry& to) {
    if (!from) return false;
    to.effect = *from;
    return true;
}

}  // namespace

void pack(const Record& record, DbIndex db, std::string& to) {
    switch (record.kind) {
        case RecordKind::session: return pack_session(static_cast<const SessionRecord&>(record), db, to);
        case RecordKind::string: return pack_string(static_cast<const StringRecord&>(record), db, to);
        case RecordKind::dead: return pack_dead(static_cast<const DeadRecord&>(record), db, to);
    }
}

void pack(const SnapshotEntry& entry, std::string& to) {
    std::visit([&](const auto& effect) { pack_effect(effect, entry.lsn, to); }, entry.effect);
}

std::string_view SnapshotEntry::route() const {
    if (const auto* s = std::get_if<PutSession>(&effect)) return s->user;
    if (const auto* s = std::get_if<PutString>(&effect)) return s->key;
    return std::get<PutDead>(effect).user;
}

bool SnapshotEntries::next(SnapshotEntry& entry) {
    if (rest_.empty()) return false;
    Prefix prefix;
    if (rest_.size() < sizeof prefix) return fault();
    std::memcpy(&prefix, rest_.data(), sizeof prefix);
    constexpr std::size_t inside = sizeof(Prefix) - sizeof prefix.bytes;
    if (prefix.bytes < inside || prefix.bytes > rest_.size() - sizeof prefix.bytes || prefix.db >= db_count ||
        !believable(Lsn{prefix.lsn}))
        return fault();
    const Body body(rest_.substr(sizeof prefix, prefix.bytes - inside));
    rest_.remove_prefix(sizeof prefix.bytes + prefix.bytes);
    entry.lsn = Lsn{prefix.lsn};
    entry.db = prefix.db;
    bool sound = false;
    switch (prefix.kind) {
        case session_kind: sound = take(unpack_session(prefix, body), entry); break;
        case string_kind: sound = take(unpack_string(prefix, body), entry); break;
        case dead_kind: sound = take(unpack_dead(prefix, body), entry); break;
        default: break;
    }
    return sound || fault();
}

}  // namespace storage
