// SPDX-License-Identifier: MIT
#include "storage/record.hpp"

#include <cstring>
#include <new>

namespace storage {
namespace {

constexpr std::size_t previous_bytes = sizeof(TokenHash) + sizeof(UnixMs);

char* put(char* to, std::string_view text) {
    if (!text.empty()) std::memcpy(to, text.data(), text.size());
    return to + text.size();
}

// 0: never.
UnixMs earlier_end(UnixMs expires_at, UnixMs last_active, UnixMs idle_ms) {
    if (idle_ms == 0) return expires_at;
    const UnixMs idle_end = last_active + idle_ms;
    return expires_at == 0 || idle_end < expires_at ? idle_end : expires_at;
}

constexpr std::string_view default_creator = "default";  // the identity of nearly every connection

std::uint32_t idle_s_of(const PutSession& e) { return static_cast<std::uint32_t>(e.idle_ms / 1000); }

bool needs_uncommon(const PutSession& e) {
    return e.created_at != e.id.time_ms() || idle_s_of(e) != 0 || e.token_slot != users_slot || e.previous_slot != users_slot ||
           !e.last_ip.empty() || !e.last_ua.empty();
}

std::string_view kept_creator(const PutSession& e) { return e.created_by == default_creator ? std::string_view{} : e.created_by; }

}  // namespace

bool PackedData::next(std::string_view& name, std::string_view& value) {
    if (bytes_.size() < 3) return false;
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes_[i]); };
    const std::size_t name_bytes = byte(0);
    const std::size_t value_bytes = byte(1) | static_cast<std::size_t>(byte(2)) << 8;
    name = bytes_.substr(3, name_bytes);
    value = bytes_.substr(3 + name_bytes, value_bytes);
    bytes_.remove_prefix(3 + name_bytes + value_bytes);
    return true;
}

void PackedData::add(std::string& to, std::string_view name, std::string_view value) {
    to += static_cast<char>(name.size());
    to += static_cast<char>(value.size() & 0xff);
    to += static_cast<char>(value.size() >> 8);
    to += name;
    to += value;
}

std::uint32_t PackedData::count() const {
    std::uint32_t n = 0;
    PackedData rest = *this;
    for (std::string_view name, value; rest.next(name, value);) ++n;
    return n;
}

std::optional<std::string_view> PackedData::find(std::string_view wanted) const {
    PackedData rest = *this;
    for (std::string_view name, value; rest.next(name, value);)
        if (name == wanted) return value;
    return std::nullopt;
}

bool SessionRecord::fits(const PutSession& e) {
    const auto time_fits = [](UnixMs at) { return at >= 0 && at <= session_time_max; };
    return !(e.has_previous && e.previous_token == e.token) && e.user.size() <= 0xff && e.device.size() <= 0xff &&
           e.created_by.size() <= 0xff && e.ip.size() <= session_ip_bytes_max && e.ua.size() <= session_ua_bytes_max &&
           e.last_ip.size() <= 0xff && e.last_ua.size() <= 0xffff && e.data.bytes().size() <= session_packed_bytes_max &&
           e.idle_ms / 1000 <= UINT32_MAX && time_fits(e.expires_at) && time_fits(e.last_active) &&
           e.version <= session_version_max;
}

std::size_t SessionRecord::size_of(const PutSession& e) {
    return sizeof(SessionRecord) + (needs_uncommon(e) ? sizeof(Uncommon) : 0) + (e.has_previous ? previous_bytes : 0) +
           e.user.size() + e.device.size() + kept_creator(e).size() + e.ip.size() + e.ua.size() + e.last_ip.size() +
           e.last_ua.size() + e.data.bytes().size();
}

void SessionRecord::write(void* to, const PutSession& e) {
    ENSURE(fits(e));
    auto* r = new (to) SessionRecord;
    r->kind = RecordKind::session;
    r->set_expires_at(e.expires_at);
    r->set_last_active(e.last_active);
    r->set_version(e.version);
    r->id = e.id;
    r->token = e.token;
    const std::string_view creator = kept_creator(e);
    r->user_bytes_ = e.user.size() & 0xff;
    r->device_bytes_ = e.device.size() & 0xff;
    r->created_by_bytes_ = creator.size() & 0xff;
    r->ip_bytes_ = e.ip.size() & session_ip_bytes_max;
    r->ua_bytes_ = e.ua.size() & session_ua_bytes_max;
    r->body_bytes_ = e.data.bytes().size() & session_packed_bytes_max;
    if (e.created_by.size() != creator.size()) r->set(made_by_default);
    char* at = reinterpret_cast<char*>(r + 1);
    if (needs_uncommon(e)) {
        r->set(has_uncommon);
        auto* u = new (at) Uncommon;
        u->created_at = e.created_at;
        u->idle_s = idle_s_of(e);
        u->token_slot = e.token_slot;
        u->previous_slot = e.previous_slot;
        u->last_ua_bytes = static_cast<std::uint16_t>(e.last_ua.size());
        u->last_ip_bytes = static_cast<std::uint8_t>(e.last_ip.size());
        at += sizeof(Uncommon);
    }
    if (e.has_previous) {
        r->set(has_previous);
        std::memcpy(at, e.previous_token.data(), e.previous_token.size());
        std::memcpy(at + sizeof(TokenHash), &e.previous_until, sizeof(UnixMs));
        at += previous_bytes;
    }
    for (const std::string_view text : {e.user, e.device, creator, e.ip, e.ua, e.last_ip, e.last_ua, e.data.bytes()})
        at = put(at, text);
}

std::string_view SessionRecord::kept_texts() const {
    const std::size_t of_last = is_usual() ? 0 : std::size_t{uncommon().last_ip_bytes} + uncommon().last_ua_bytes;
    return {texts(),
            std::size_t{user_bytes_} + device_bytes_ + created_by_bytes_ + ip_bytes_ + ua_bytes_ + of_last + body_bytes_};
}

std::size_t SessionRecord::size_bytes() const {
    const std::string_view kept = kept_texts();
    return static_cast<std::size_t>(kept.data() + kept.size() - reinterpret_cast<const char*>(this));
}

std::size_t SessionRecord::texts_bytes() const {
    return kept_texts().size() + (has(made_by_default) ? default_creator.size() : 0);
}

char* SessionRecord::copy_texts(char* to) const {
    const std::string_view kept = kept_texts();
    const std::size_t before_creator = std::size_t{user_bytes_} + device_bytes_;
    to = put(to, kept.substr(0, before_creator));
    if (has(made_by_default)) to = put(to, default_creator);
    return put(to, kept.substr(before_creator));
}

const char* SessionRecord::texts() const { return previous() + (has_previous_token() ? previous_bytes : 0); }

std::string_view SessionRecord::user() const { return {texts(), user_bytes_}; }

TokenHash SessionRecord::previous_token() const {
    TokenHash hash{};
    if (has_previous_token()) std::memcpy(hash.data(), previous(), hash.size());
    return hash;
}

UnixMs SessionRecord::previous_until() const {
    UnixMs until = 0;
    if (has_previous_token()) std::memcpy(&until, previous() + sizeof(TokenHash), sizeof until);
    return until;
}

void SessionRecord::take_links(const SessionRecord& from) {
    user_next = from.user_next;
    prev_or_count_ = from.prev_or_count_;
    from.has(is_newest) ? set(is_newest) : clear(is_newest);
}

UnixMs SessionRecord::due() const { return earlier_end(expires_at(), last_active(), static_cast<UnixMs>(idle_s()) * 1000); }

UnixMs SessionRecord::due_of(const PutSession& e) { return earlier_end(e.expires_at, e.last_active, e.idle_ms); }

template <class To>
void SessionRecord::put_texts(To& to) const {
    const char* at = texts();
    const auto take = [&at](std::size_t bytes) {
        const std::string_view text(at, bytes);
        at += bytes;
        return text;
    };
    to.user = take(user_bytes_);
    to.device = take(device_bytes_);
    to.created_by = has(made_by_default) ? default_creator : take(created_by_bytes_);
    to.ip = take(ip_bytes_);
    to.ua = take(ua_bytes_);
    if (!is_usual()) {
        to.last_ip = take(uncommon().last_ip_bytes);
        to.last_ua = take(uncommon().last_ua_bytes);
    }
    to.data = PackedData(take(body_bytes_));
}

PutSession SessionRecord::effect(DbIndex db) const {
    PutSession e;
    e.db = db;
    e.id = id;
    e.token = token;
    e.has_previous = has_previous_token();
    e.previous_token = previous_token();
    e.previous_until = previous_until();
    e.token_slot = token_slot();
    e.previous_slot = previous_slot();
    e.created_at = created_at();
    e.last_active = last_active();
    e.expires_at = expires_at();
    e.idle_ms = static_cast<std::int64_t>(idle_s()) * 1000;
    e.version = version();
    put_texts(e);
    return e;
}

SessionView SessionRecord::view() const {
    SessionView v;
    v.id = id;
    v.created_at = created_at();
    v.last_active = last_active();
    v.expires_at = expires_at();
    v.idle_ms = static_cast<std::int64_t>(idle_s()) * 1000;
    v.version = version();
    put_texts(v);
    return v;
}

void StringRecord::write(void* to, const PutString& e) {
    auto* r = new (to) StringRecord;
    r->kind = RecordKind::string;
    r->expires_at = e.expires_at;
    r->key_bytes = static_cast<std::uint32_t>(e.key.size());
    r->body_bytes = static_cast<std::uint32_t>(e.value.size());
    put(put(reinterpret_cast<char*>(r + 1), e.key), e.value);
}

SessionView DeadRecord::view() const {
    SessionView v;
    v.id = id;
    v.state =
        reason == RemovalReason::expired || reason == RemovalReason::evicted ? SessionState::expired : SessionState::revoked;
    v.user = user();
    v.created_at = created_at;
    v.last_active = last_active;
    v.expires_at = ended_at;
    return v;
}

}  // namespace storage
