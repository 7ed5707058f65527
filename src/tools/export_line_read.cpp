// SPDX-License-Identifier: MIT
// One line of an export back into a record: what the store could not hold, or no command could name, is refused.
#include <algorithm>
#include <set>

#include "resp/limits.hpp"
#include "src/json_text.hpp"
#include "src/session_options.hpp"
#include "src/tools/export_line.hpp"
#include "src/tools/line_fields.hpp"
#include "storage/store.hpp"

namespace server {

namespace {

using storage::PutDead;
using storage::PutSession;
using storage::PutString;

constexpr std::uint64_t time_max = storage::session_time_max;
constexpr std::size_t name_bytes_max = 255, value_bytes_max = 65'535, data_bytes_max = std::size_t{1} << 20;

storage::UnixMs time(LineFields& fields, std::string_view name) {
    return static_cast<storage::UnixMs>(fields.number(name, 0, time_max));
}
storage::UnixMs time_or(LineFields& fields, std::string_view name, storage::UnixMs absent) {
    return static_cast<storage::UnixMs>(fields.number_or(name, static_cast<std::uint64_t>(absent), 0, time_max));
}

storage::Slot slot(LineFields& fields, std::string_view name) {
    return static_cast<storage::Slot>(fields.number_or(name, storage::users_slot, 0, storage::slot_count - 1));
}

storage::DbIndex database(LineFields& fields) {
    return static_cast<storage::DbIndex>(fields.number_or("db", 0, 0, storage::db_count - 1));
}

storage::SessionId id(LineFields& fields, std::string_view name) {
    const auto parsed = storage::SessionId::parse(fields.word(name));
    if (!parsed) fields.fail(name, "must be tmss- and 26 characters of a ULID");
    return parsed.value_or(storage::SessionId{});
}

std::string_view decoded_name(LineFields& fields, std::string_view name) {
    if (!name.starts_with(base64_name)) return name;
    auto bytes = from_base64(name.substr(base64_name.size()));
    if (!bytes) fields.fail("data", "has a name that is not base64 behind \"base64:\"");
    return bytes ? fields.keep(std::move(*bytes)) : std::string_view();
}

storage::PackedData data(LineFields& fields) {
    const boost::json::object* from = fields.object("data");
    if (from == nullptr) return {};
    std::string packed;
    std::set<std::string_view> names;
    std::size_t bytes = 0;
    for (const auto& field : *from) {
        const std::string_view name = decoded_name(fields, {field.key().data(), field.key().size()});
        const auto value = fields.decode(field.value());
        if (name.empty() || name.size() > name_bytes_max) fields.fail("data", "has a name that is not of 1 to 255 bytes");
        if (!value) fields.fail("data", "has a value that is neither a string nor {\"base64\": \"...\"}");
        if (value && value->size() > value_bytes_max) fields.fail("data", "has a value of more than 65535 bytes");
        if (!value || name.size() > name_bytes_max || value->size() > value_bytes_max) return {};
        if (!names.insert(name).second) return fields.fail("data", "has a name twice"), storage::PackedData();
        storage::PackedData::add(packed, name, *value);
        bytes += name.size() + value->size();  // as session-data-bytes counts
        if (bytes > data_bytes_max) return fields.fail("data", "is larger than 1048576 bytes"), storage::PackedData();
    }
    return storage::PackedData(fields.keep(std::move(packed)));
}

PutSession session(LineFields& fields) {
    PutSession e;
    e.db = database(fields);
    e.id = id(fields, "id");
    e.user = fields.text("user_id", 1, session_limits::user_bytes_max);
    fields.bytes("token_hash", e.token);
    e.token_slot = slot(fields, "token_slot");
    e.has_previous = fields.has("previous_token_hash");
    if (e.has_previous) {
        fields.bytes("previous_token_hash", e.previous_token);
        e.previous_slot = slot(fields, "previous_token_slot");
        e.previous_until = time(fields, "previous_until");
        if (e.previous_token == e.token) fields.fail("previous_token_hash", "must differ from token_hash");
    }
    e.device = fields.some_text("device_id", session_limits::user_bytes_max);
    e.created_by = fields.some_text("created_by", name_bytes_max);
    e.ip = fields.some_text("ip_address", storage::session_ip_bytes_max);
    e.ua = fields.some_text("user_agent", storage::session_ua_bytes_max);
    e.last_ip = fields.some_text("last_access_ip", storage::session_ip_bytes_max);
    e.last_ua = fields.some_text("last_access_ua", storage::session_ua_bytes_max);
    e.created_at = time(fields, "created_at");
    e.last_active = time_or(fields, "last_active", e.created_at);
    e.expires_at = time_or(fields, "expires_at", 0);
    e.idle_ms = static_cast<std::int64_t>(fields.number_or("idle_timeout", 0, 0, storage::idle_s_max)) * 1000;
    e.version = fields.number_or("version", 1, 1, storage::session_version_max);
    e.data = data(fields);
    return e;
}

PutString string(LineFields& fields) {
    PutString e;
    e.db = database(fields);
    e.key = fields.text("key", 0, resp::limits::bulk_bytes_ceiling);
    if (storage::is_reserved_key(e.key)) fields.fail("key", "must not look like a session id");
    e.value = fields.text("value", 0, resp::limits::bulk_bytes_ceiling);
    e.expires_at = static_cast<storage::UnixMs>(fields.number_or("expires_at", 0, 0, INT64_MAX));  // as PEXPIREAT takes it
    return e;
}

PutDead dead(LineFields& fields) {
    PutDead e;
    e.db = database(fields);
    e.has_id = fields.has("id");
    if (e.has_id || fields.has("former_id")) e.id = id(fields, e.has_id ? "id" : "former_id");
    e.user = fields.text("user_id", 1, session_limits::user_bytes_max);
    fields.bytes("token_hash", e.token);
    e.token_slot = slot(fields, "token_slot");
    e.has_previous = fields.has("previous_token_hash");
    if (e.has_previous) {
        fields.bytes("previous_token_hash", e.previous);
        e.previous_slot = slot(fields, "previous_token_slot");
    }
    const std::string_view reason = fields.word("reason");
    const auto known = std::find(reason_names.begin(), reason_names.end(), reason);
    if (known == reason_names.end())
        fields.fail("reason", "must be one of unknown, deleted, revoked, expired, evicted, quota, replaced");
    else
        e.reason = static_cast<storage::RemovalReason>(known - reason_names.begin());
    e.until = time(fields, "until");
    e.created_at = time_or(fields, "created_at", 0);
    e.last_active = time_or(fields, "last_active", 0);
    e.ended_at = time_or(fields, "expires_at", 0);
    return e;
}

}  // namespace

std::optional<std::string> take_line(const boost::json::object& line, ImportedRecord& to) {
    to.decoded.clear();
    LineFields fields(line, to.decoded);
    const std::string_view type = fields.word("type");
    to.entry.lsn = storage::Lsn{fields.number_or("lsn", 0, 1, storage::value(storage::lsn_max))};
    if (type == "session")
        to.entry.effect = session(fields);
    else if (type == "string")
        to.entry.effect = string(fields);
    else if (type == "dead")
        to.entry.effect = dead(fields);
    else
        fields.fail("type", "must be session, string or dead");
    std::visit([&](const auto& effect) { to.entry.db = effect.db; }, to.entry.effect);
    return fields.fault();
}

}  // namespace server
