// SPDX-License-Identifier: MIT
// One record of a store as one line of JSON, and back without loss. The fields are those of the session map where it has them
// (session_reply.hpp), times in unix milliseconds, what is absent or zero is left out:
//
//   {"type":"session","lsn":7,"db":0,"id":"tmss-...","user_id":"alice","token_hash":"<64 hex>","created_at":...,"data":{...}}
//   {"type":"string","lsn":8,"db":0,"key":"greeting","value":"hello","expires_at":...}
//   {"type":"dead","lsn":9,"db":0,"id":"tmss-...","user_id":"bob","token_hash":"<64 hex>","reason":"revoked","until":...}
//
// A text that is not UTF-8, or mostly control characters, is {"base64":"..."}; such a name of data is "base64:...". Tokens are
// hashes, as in the store: there is no plaintext to export.
#pragma once

#include <array>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "storage/snapshot_records.hpp"

namespace server {

// A line may be so long: a key and a value of the largest size, every character of them escaped.
inline constexpr std::size_t export_line_bytes_max = std::size_t{160} << 20;

inline constexpr std::string_view base64_name = "base64:";  // before a name of data that is no text
inline constexpr std::array<std::string_view, 7> reason_names{
    // in the order of storage::RemovalReason
    "unknown", "deleted", "revoked", "expired", "evicted", "quota", "replaced"};

void append_line(std::string& to, const storage::SnapshotEntry& entry);  // with its line break

// A record, and what its views look into: the line that it was taken from, and this.
struct ImportedRecord {
    storage::SnapshotEntry entry;     // LSN 0: the line has none
    std::deque<std::string> decoded;  // a deque, so that what is in it stays where it is
};

// What is wrong with the line, in words that name the field, or nothing. What fits into a record of the store, and not more.
std::optional<std::string> take_line(const boost::json::object& line, ImportedRecord& to);

}  // namespace server
