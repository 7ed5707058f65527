// SPDX-License-Identifier: MIT
// Protobuf wire format -> effects. Bounded by the record's bytes, allocates nothing but the packed form of session data.
// Unknown fields are skipped, as protobuf does, so that a later version may add some.
#include <algorithm>
#include <cstring>

#include "storage/effect.hpp"
#include "storage/record.hpp"

namespace storage {
namespace {

class Reader {
public:
    explicit Reader(std::string_view bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

    // Moves to the next field: true with tag(), and number() or bytes() filled in. False at the end or at a fault.
    bool next() {
        if (at_ == end_) return false;
        std::uint64_t key = 0;
        if (!varint(key) || key >> 3 == 0 || key >> 32 != 0) return fault();
        field_ = static_cast<unsigned>(key >> 3);
        switch (key & 7) {
            case 0: is_bytes_ = false; return varint(number_) || fault();
            case 1: is_bytes_ = false; return skip(8) || fault();
            case 5: is_bytes_ = false; return skip(4) || fault();
            case 2: {
                std::uint64_t size = 0;
                if (!varint(size) || size > static_cast<std::uint64_t>(end_ - at_)) return fault();
                bytes_ = {at_, static_cast<std::size_t>(size)};
                at_ += size;
                is_bytes_ = true;
                return true;
            }
            default: return fault();
        }
    }

    unsigned field() const { return field_; }
    bool good() const { return good_; }

    void take(std::string_view& to) { is_bytes_ ? void(to = bytes_) : void(fault()); }
    void take(std::uint64_t& to) { is_bytes_ ? void(fault()) : void(to = number_); }
    void take(UnixMs& to) {
        if (is_bytes_ || number_ > static_cast<std::uint64_t>(INT64_MAX)) fault();
        to = static_cast<UnixMs>(number_);
    }
    void take(DbIndex& to) {
        if (is_bytes_ || number_ >= db_count) fault();
        to = static_cast<DbIndex>(number_);
    }
    void take(RemovalReason& to) {
        if (is_bytes_ || number_ > static_cast<std::uint64_t>(RemovalReason::replaced)) fault();
        to = static_cast<RemovalReason>(number_);
    }
    void take(SessionId& to) { take_exactly(to.bytes.data(), to.bytes.size()); }
    void take(TokenHash& to) { take_exactly(to.data(), to.size()); }
    void take(bool& to) { is_bytes_ ? void(fault()) : void(to = number_ != 0); }

    void take_slot(Slot& to) {
        if (is_bytes_ || number_ > slot_count) fault();
        to = number_ == 0 ? users_slot : static_cast<Slot>(number_ - 1);
    }

    bool fault() {
        good_ = false;
        at_ = end_;
        return false;
    }

private:
    bool varint(std::uint64_t& to) {
        to = 0;
        for (unsigned shift = 0; shift < 64 && at_ != end_; shift += 7) {
            const auto byte = static_cast<unsigned char>(*at_++);
            to |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
            if (byte < 0x80) return shift < 63 || byte < 2;
        }
        return false;
    }
    bool skip(std::ptrdiff_t size) {
        if (end_ - at_ < size) return false;
        at_ += size;
        number_ = 0;
        return true;
    }
    void take_exactly(unsigned char* to, std::size_t size) {
        if (!is_bytes_ || bytes_.size() != size)
            fault();
        else
            std::memcpy(to, bytes_.data(), size);
    }

    const char* at_;
    const char* end_;
    unsigned field_ = 0;
    std::uint64_t number_ = 0;
    std::string_view bytes_;
    bool is_bytes_ = false;
    bool good_ = true;
};

void pack_field(std::string& to, Reader& outer) {
    std::string_view body, name, value;
    outer.take(body);
    Reader in(body);
    while (in.next()) {
        if (in.field() == 1) in.take(name);
        if (in.field() == 2) in.take(value);
    }
    if (!in.good() || name.size() > 0xff || value.size() > 0xffff) {
        outer.fault();
        return;
    }
    PackedData::add(to, name, value);
}

void field(Reader& in, PutSession& e, std::string& packed) {
    switch (in.field()) {
        case 2: return in.take(e.db);
        case 3: return in.take(e.id);
        case 4: return in.take(e.token);
        case 5: e.has_previous = true; return in.take(e.previous_token);
        case 6: return in.take(e.previous_until);
        case 7: return in.take(e.created_at);
        case 8: return in.take(e.last_active);
        case 9: return in.take(e.expires_at);
        case 10: return in.take(e.idle_ms);
        case 11: return in.take(e.version);
        case 12: return in.take(e.device);
        case 13: return in.take(e.created_by);
        case 14: return in.take(e.ip);
        case 15: return in.take(e.ua);
        case 16: return in.take(e.last_ip);
        case 17: return in.take(e.last_ua);
        case 18: return pack_field(packed, in);
        case 19: return in.take_slot(e.token_slot);
        case 20: return in.take_slot(e.previous_slot);
        default: return;
    }
}

void field(Reader& in, TouchSession& e) {
    switch (in.field()) {
        case 2: return in.take(e.db);
        case 3: return in.take(e.id);
        case 4: return in.take(e.last_active);
        case 5: return in.take(e.last_ip);
        case 6: return in.take(e.last_ua);
        default: return;
    }
}

void field(Reader& in, ExpireSession& e) {
    switch (in.field()) {
        case 2: return in.take(e.db);
        case 3: return in.take(e.id);
        case 4: return in.take(e.expires_at);
        case 5: return in.take(e.version);
        case 6: return in.take(e.last_active);
        default: return;
    }
}

void field(Reader& in, RemoveSession& e) {
    switch (in.field()) {
        case 2: return in.take(e.db);
        case 3: return in.take(e.id);
        case 4: return in.take(e.reason);
        case 5: return in.take(e.until);
        default: return;
    }
}

void field(Reader& in, PutDeadToken& e) {
    switch (in.field()) {
        case 2: return in.take(e.db);
        case 3: return in.take(e.token);
        case 4: return in.take(e.reason);
        case 5: return in.take(e.until);
        case 6: return in.take_slot(e.token_slot);
        default: return;
    }
}

void field(Reader& in, PutString& e) {
    switch (in.field()) {
        case 2: return in.take(e.db);
        case 3: return in.take(e.value);
        case 4: return in.take(e.expires_at);
        default: return;
    }
}

void field(Reader& in, ExpireString& e) {
    switch (in.field()) {
        case 2: return in.take(e.db);
        case 3: return in.take(e.expires_at);
        default: return;
    }
}

void field(Reader& in, RemoveString& e) {
    switch (in.field()) {
        case 2: return in.take(e.db);
        case 3: return in.take(e.reason);
        default: return;
    }
}

// What a record can hold; else it is not from us.
template <class E>
bool fits(const E& e) {
    if constexpr (std::is_same_v<E, PutSession>)
        return SessionRecord::fits(e);
    else if constexpr (std::is_same_v<E, TouchSession>)
        return e.last_ip.size() <= 0xff && e.last_ua.size() <= 0xffff && e.last_active <= session_time_max;
    else if constexpr (std::is_same_v<E, ExpireSession>)
        return e.expires_at <= session_time_max && e.last_active <= session_time_max && e.version <= session_version_max;
    else if constexpr (std::is_same_v<E, PutDeadToken>)
        return e.user.size() <= 0xff;
    else
        return true;
}

std::string_view& route_of(PutString& e) { return e.key; }
std::string_view& route_of(ExpireString& e) { return e.key; }
std::string_view& route_of(RemoveString& e) { return e.key; }
std::string_view& route_of(auto& e) { return e.user; }

template <class E>
bool read_effect(std::string_view body, FunctionRef<bool(std::string_view)> wanted, FunctionRef<void(const Effect&)> apply) {
    Reader in(body);
    Effect effect(std::in_place_type<E>);
    E& e = std::get<E>(effect);
    std::string_view& route = route_of(e);
    bool first = true;
    thread_local std::string packed;
    packed.clear();
    while (in.next()) {
        if (in.field() == 1) in.take(route);
        if (first && !wanted(route)) return in.good();  // the writer puts the route first; an empty key is left out
        first = false;
        if constexpr (std::is_same_v<E, PutSession>)
            field(in, e, packed);
        else
            field(in, e);
    }
    if (!in.good() || (first && !wanted(route))) return in.good();
    if constexpr (std::is_same_v<E, PutSession>) e.data = PackedData(packed);
    if (!fits(e)) return false;
    apply(effect);
    return true;
}

bool read_flush(std::string_view body, FunctionRef<void(const Effect&)> apply) {
    Reader in(body);
    Flush flush;
    while (in.next()) {
        if (in.field() == 1) in.take(flush.all);
        if (in.field() == 2) in.take(flush.db);
    }
    if (in.good()) apply(flush);
    return in.good();
}

}  // namespace

bool read_record(std::span<const std::byte> record, FunctionRef<bool(std::string_view route)> wanted,
                 FunctionRef<void(const Effect&)> apply) {
    Reader effects({reinterpret_cast<const char*>(record.data()), record.size()});
    while (effects.next()) {
        std::string_view wrapped;
        if (effects.field() != 1) return false;
        effects.take(wrapped);
        Reader kind(wrapped);
        std::string_view body;
        if (!kind.next()) return false;
        kind.take(body);
        if (!kind.good()) return false;
        bool good = false;
        switch (kind.field()) {
            case 1: good = read_effect<PutSession>(body, wanted, apply); break;
            case 2: good = read_effect<TouchSession>(body, wanted, apply); break;
            case 3: good = read_effect<ExpireSession>(body, wanted, apply); break;
            case 4: good = read_effect<RemoveSession>(body, wanted, apply); break;
            case 5: good = read_effect<PutDeadToken>(body, wanted, apply); break;
            case 6: good = read_effect<PutString>(body, wanted, apply); break;
            case 7: good = read_effect<ExpireString>(body, wanted, apply); break;
            case 8: good = read_effect<RemoveString>(body, wanted, apply); break;
            case 9: good = read_flush(body, apply); break;
            default: return false;  // an effect that this version cannot apply must not be passed over
        }
        if (!good) return false;
    }
    return effects.good();
}

}  // namespace storage
