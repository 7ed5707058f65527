// SPDX-License-Identifier: MIT
// A session as a map, its fields in the fixed order of commands.md whatever order a client asks for; absent ones left out.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "resp/reply_writer.hpp"
#include "src/args.hpp"
#include "storage/session_view.hpp"

namespace server {

enum class SessionField : std::uint8_t {
    id,
    user_id,
    device_id,
    created_by,
    ip_address,
    user_agent,
    last_access_ip,
    last_access_ua,
    created_at,
    last_active,
    expires_at,
    idle_timeout,
    version,
    data,
};
inline constexpr std::array<std::string_view, 14> session_field_names{
    "id",         "user_id",     "device_id",  "created_by",   "ip_address", "user_agent", "last_access_ip", "last_access_ua",
    "created_at", "last_active", "expires_at", "idle_timeout", "version",    "data",
};

using FieldMask = std::uint16_t;
inline constexpr FieldMask all_fields = (1U << session_field_names.size()) - 1;
constexpr bool has(FieldMask mask, SessionField field) { return (mask >> static_cast<unsigned>(field) & 1U) != 0; }

FieldMask read_fields(ArgReader& reader);  // FIELDS n name ...: unknown names are TM-ARG-1001
FieldMask present_fields(const storage::SessionView& view);

// The text fields; "" for the others.
std::string_view text_of(const storage::SessionView& view, SessionField field);
// The number fields: times in unix ms, idle_timeout in seconds as IDLE takes it.
std::int64_t number_of(const storage::SessionView& view, SessionField field);

void write_session(resp::ReplyWriter& reply, const storage::SessionView& view, FieldMask wanted);
void write_data(resp::ReplyWriter& reply, storage::PackedData data);  // a map of bulk strings
void write_id(resp::ReplyWriter& reply, const storage::SessionId& id);

}  // namespace server
