// SPDX-License-Identifier: MIT
// What a visitor sees of a session: views into the packed record, valid only during the call.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "storage/session_id.hpp"
#include "storage/types.hpp"

namespace storage {

// The packed form of session data, in records and in this view: for each field
// `u8 name length, u16 little-endian value length, name, value`.
class PackedData {
public:
    PackedData() = default;
    explicit PackedData(std::string_view bytes) : bytes_(bytes) {}

    // True and moves on, or false at the end.
    bool next(std::string_view& name, std::string_view& value);
    std::uint32_t count() const;
    std::optional<std::string_view> find(std::string_view name) const;
    std::string_view bytes() const { return bytes_; }
    static void add(std::string& to, std::string_view name, std::string_view value);  // one field more, lengths checked

private:
    std::string_view bytes_;
};

enum class SessionState : std::uint8_t { live, expired, revoked };

struct SessionView {
    SessionId id;
    SessionState state = SessionState::live;
    std::string_view user, device, created_by, ip, ua, last_ip, last_ua;  // empty: absent
    UnixMs created_at = 0, last_active = 0, expires_at = 0;
    std::int64_t idle_ms = 0;
    std::uint64_t version = 0;
    PackedData data;
};

}  // namespace storage
