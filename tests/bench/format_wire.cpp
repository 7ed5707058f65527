// SPDX-License-Identifier: MIT
// The binary formats: protobuf's wire format by our own code and by protoc's, and the entries of snapshots.
#include <cstdint>
#include <cstring>
#include <span>
#include <string>

#include "storage/proto/effect.pb.h"
#include "storage/snapshot_records.hpp"
#include "tests/bench/format_codecs.hpp"

namespace bench {

namespace {

using namespace storage;
namespace pb = tokmesh::effect;

class OwnWire : public Format {
public:
    std::string_view name() const override { return "protobuf, ours"; }
    std::string_view encode(const Effect& effect) override {
        writer_.clear();
        std::visit([this](const auto& e) { writer_.add(e); }, effect);
        return {reinterpret_cast<const char*>(writer_.bytes().data()), writer_.bytes().size()};
    }
    bool decode(std::string_view bytes, Take take) override {
        return read_record(
            std::as_bytes(std::span(bytes.data(), bytes.size())), [](std::string_view) { return true; }, take);
    }

private:
    RecordWriter writer_;
};

// ---- protoc's classes ----

std::string_view view(const std::string& text) { return text; }

template <class Bytes>
void set_bytes(std::string* to, const Bytes& bytes) {
    to->assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}
template <class Bytes>
bool get_bytes(Bytes& to, const std::string& from) {
    if (from.size() != to.size()) return false;
    std::memcpy(to.data(), from.data(), to.size());
    return true;
}
void set_some(std::string_view value, auto set) {
    if (!value.empty()) set(value);
}
std::uint64_t number(UnixMs ms) { return static_cast<std::uint64_t>(ms); }
UnixMs time(std::uint64_t ms) { return static_cast<UnixMs>(ms); }
std::uint32_t slot_number(Slot slot) { return slot == users_slot ? 0 : slot + 1U; }
Slot slot(std::uint32_t number) { return number == 0 ? users_slot : static_cast<Slot>(number - 1); }

bool fill(pb::Effect& to, const PutSession& e) {
    pb::PutSession& p = *to.mutable_put_session();
    set_bytes(p.mutable_user(), e.user);
    p.set_db(e.db);
    set_bytes(p.mutable_id(), e.id.bytes);
    set_bytes(p.mutable_token(), e.token);
    if (e.has_previous) {
        set_bytes(p.mutable_previous_token(), e.previous_token);
        p.set_previous_until(number(e.previous_until));
    }
    p.set_created_at(number(e.created_at));
    p.set_last_active(number(e.last_active));
    p.set_expires_at(number(e.expires_at));
    p.set_idle_ms(number(e.idle_ms));
    p.set_version(e.version);
    set_some(e.device, [&](std::string_view v) { set_bytes(p.mutable_device(), v); });
    set_some(e.created_by, [&](std::string_view v) { set_bytes(p.mutable_created_by(), v); });
    set_some(e.ip, [&](std::string_view v) { set_bytes(p.mutable_ip(), v); });
    set_some(e.ua, [&](std::string_view v) { set_bytes(p.mutable_user_agent(), v); });
    set_some(e.last_ip, [&](std::string_view v) { set_bytes(p.mutable_last_access_ip(), v); });
    set_some(e.last_ua, [&](std::string_view v) { set_bytes(p.mutable_last_access_ua(), v); });
    PackedData data = e.data;
    for (std::string_view name, value; data.next(name, value);) {
        pb::DataField& field = *p.add_data();
        set_bytes(field.mutable_name(), name);
        set_bytes(field.mutable_value(), value);
    }
    p.set_token_slot(slot_number(e.token_slot));
    p.set_previous_token_slot(slot_number(e.previous_slot));
    return true;
}
bool fill(pb::Effect& to, const TouchSession& e) {
    pb::TouchSession& p = *to.mutable_touch_session();
    set_bytes(p.mutable_user(), e.user);
    p.set_db(e.db);
    set_bytes(p.mutable_id(), e.id.bytes);
    p.set_last_active(number(e.last_active));
    set_some(e.last_ip, [&](std::string_view v) { set_bytes(p.mutable_last_access_ip(), v); });
    set_some(e.last_ua, [&](std::string_view v) { set_bytes(p.mutable_last_access_ua(), v); });
    return true;
}
bool fill(pb::Effect& to, const PutString& e) {
    pb::PutString& p = *to.mutable_put_string();
    set_bytes(p.mutable_key(), e.key);
    p.set_db(e.db);
    set_bytes(p.mutable_value(), e.value);
    p.set_expires_at(number(e.expires_at));
    return true;
}
bool fill(pb::Effect& to, const RemoveSession& e) {
    pb::RemoveSession& p = *to.mutable_remove_session();
    set_bytes(p.mutable_user(), e.user);
    p.set_db(e.db);
    set_bytes(p.mutable_id(), e.id.bytes);
    p.set_reason(static_cast<pb::Reason>(e.reason));
    p.set_until(number(e.until));
    return true;
}
bool fill(pb::Effect&, const auto&) { return false; }

bool read(const pb::PutSession& p, PutSession& e, std::string& packed) {
    e.user = view(p.user());
    e.db = static_cast<DbIndex>(p.db());
    e.has_previous = !p.previous_token().empty();
    e.previous_until = time(p.previous_until());
    e.created_at = time(p.created_at());
    e.last_active = time(p.last_active());
    e.expires_at = time(p.expires_at());
    e.idle_ms = time(p.idle_ms());
    e.version = p.version();
    e.device = view(p.device());
    e.created_by = view(p.created_by());
    e.ip = view(p.ip());
    e.ua = view(p.user_agent());
    e.last_ip = view(p.last_access_ip());
    e.last_ua = view(p.last_access_ua());
    packed.clear();
    for (const auto& field : p.data()) PackedData::add(packed, field.name(), field.value());
    e.data = PackedData(packed);
    e.token_slot = slot(p.token_slot());
    e.previous_slot = slot(p.previous_token_slot());
    return get_bytes(e.id.bytes, p.id()) && get_bytes(e.token, p.token()) &&
           (!e.has_previous || get_bytes(e.previous_token, p.previous_token()));
}

class GeneratedWire : public Format {
public:
    std::string_view name() const override { return "protobuf, protoc's"; }
    std::string_view encode(const Effect& effect) override {
        written_.Clear();
        pb::Effect& to = *written_.add_effects();
        if (!std::visit([&](const auto& e) { return fill(to, e); }, effect)) return {};
        if (!written_.SerializeToString(&bytes_)) return {};
        return bytes_;
    }
    bool decode(std::string_view bytes, Take take) override {
        parsed_.Clear();
        if (!parsed_.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return false;
        for (const pb::Effect& effect : parsed_.effects())
            if (!read_one(effect, take)) return false;
        return true;
    }

private:
    bool read_one(const pb::Effect& from, Take take) {
        if (from.has_put_session()) {
            Effect effect(std::in_place_type<PutSession>);
            if (!read(from.put_session(), std::get<PutSession>(effect), packed_)) return false;
            take(effect);
        } else if (from.has_touch_session()) {
            const auto& p = from.touch_session();
            Effect effect(TouchSession{
                p.user(), static_cast<DbIndex>(p.db()), {}, time(p.last_active()), p.last_access_ip(), p.last_access_ua()});
            if (!get_bytes(std::get<TouchSession>(effect).id.bytes, p.id())) return false;
            take(effect);
        } else if (from.has_put_string()) {
            const auto& p = from.put_string();
            take(PutString{p.key(), static_cast<DbIndex>(p.db()), p.value(), time(p.expires_at())});
        } else if (from.has_remove_session()) {
            const auto& p = from.remove_session();
            Effect effect(RemoveSession{
                p.user(), static_cast<DbIndex>(p.db()), {}, static_cast<RemovalReason>(p.reason()), time(p.until())});
            if (!get_bytes(std::get<RemoveSession>(effect).id.bytes, p.id())) return false;
            take(effect);
        } else {
            return false;
        }
        return true;
    }

    pb::LogRecord written_, parsed_;
    std::string bytes_, packed_;
};

// ---- entries of snapshots ----

class SnapshotFormat : public Format {
public:
    std::string_view name() const override { return "snapshot's entry"; }
    bool holds(const Effect& effect) const override {
        return std::holds_alternative<PutSession>(effect) || std::holds_alternative<PutString>(effect);
    }
    std::string_view encode(const Effect& effect) override {
        bytes_.clear();
        if (const auto* session = std::get_if<PutSession>(&effect)) {
            pack({Lsn{1}, session->db, *session}, bytes_);
        } else if (const auto* text = std::get_if<PutString>(&effect)) {
            pack({Lsn{1}, text->db, *text}, bytes_);
        }
        return bytes_;
    }
    bool decode(std::string_view bytes, Take take) override {
        SnapshotEntries entries(bytes);
        for (SnapshotEntry entry; entries.next(entry);) {
            if (const auto* session = std::get_if<PutSession>(&entry.effect)) {
                take(*session);
            } else if (const auto* text = std::get_if<PutString>(&entry.effect)) {
                take(*text);
            } else {
                return false;
            }
        }
        return !entries.broken();
    }

private:
    std::string bytes_;
};

}  // namespace

std::unique_ptr<Format> own_wire() { return std::make_unique<OwnWire>(); }
std::unique_ptr<Format> generated_wire() { return std::make_unique<GeneratedWire>(); }
std::unique_ptr<Format> snapshot_entry() { return std::make_unique<SnapshotFormat>(); }

}  // namespace bench
