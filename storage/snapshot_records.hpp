// SPDX-License-Identifier: MIT
// Records as snapshots hold them. An entry is
//
//   u32 bytes of what follows, u8 kind, u8 database, u8 flags, u8 0, u64 LSN, the fixed fields of the kind, its texts
//
// with numbers little-endian and texts in the order of the record in memory (record.hpp), so that copying is a few stores and
// one memcpy, and loading hands out views. README.md has the grammar.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <variant>

#include "storage/effect.hpp"
#include "storage/record.hpp"
#include "storage/types.hpp"

namespace storage {

// Appends the record's entry.
void pack(const Record& record, DbIndex db, std::string& to);

struct SnapshotEntry {
    Lsn lsn{};
    DbIndex db = 0;
    std::variant<PutSession, PutString, PutDead> effect;  // views into the payload

    std::string_view route() const;  // what says its shard
};

// Appends an entry that comes from no store. Its texts must fit: SessionRecord::fits, names of data 255 bytes, values 65,535; its
// LSN is lsn_max at most and idle_ms a whole number of seconds.
void pack(const SnapshotEntry& entry, std::string& to);

// Walks the entries of a payload. Bounded by its bytes; broken() when they do not add up.
class SnapshotEntries {
public:
    explicit SnapshotEntries(std::string_view payload) : rest_(payload) {}
    bool next(SnapshotEntry& entry);
    bool broken() const { return broken_; }

private:
    bool fault() {
        broken_ = true;
        rest_ = {};
        return false;
    }

    std::string_view rest_;
    bool broken_ = false;
};

}  // namespace storage
