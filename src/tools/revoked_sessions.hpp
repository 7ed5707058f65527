// SPDX-License-Identifier: MIT
// Which sessions of a restored directory must end: what a newer export no longer shows as it was, and all of some users.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "src/tools/export_file.hpp"
#include "storage/log.hpp"
#include "storage/store.hpp"

namespace server {

// The sessions of an export, all that it takes to know one of them again: some 100 bytes each.
class RevokedSince {
public:
    // Reads all of it: one that is not whole says nothing. An export of one database speaks for that one only.
    static LogResult<RevokedSince> read(ExportReader& from, storage::UnixMs now);

    const ExportHeader& header() const { return header_; }
    // It was made before the export and is not there any more, is remembered as dead, is another one under the same id, had
    // its token rotated out, or was given a time there that is over by now.
    bool revoked(const storage::PutSession& session, storage::UnixMs now) const;
    bool shows(const storage::PutSession& session) const;  // alive or dead, whatever became of it

private:
    struct Name {
        storage::SessionId id;
        storage::DbIndex db = 0;
        friend bool operator==(const Name&, const Name&) = default;
    };
    struct Hash {
        std::size_t operator()(const Name& name) const;
    };
    struct Shown {
        storage::UnixMs created_at = 0;
        storage::TokenHash token{};
        bool alive = false;
        storage::UnixMs last_active = 0, expires_at = 0;
        std::int64_t idle_ms = 0;
    };
    static bool is_over(const Shown& shown, const storage::PutSession& session, storage::UnixMs now);

    ExportHeader header_;
    boost::unordered_flat_map<Name, Shown, Hash> sessions_;
};

// A list of users: one a line, its bytes as they are; empty lines are nobody, and a byte order mark is refused.
using Users = std::unordered_set<std::string>;
LogResult<void> read_users(std::string_view text, const std::string& name, Users& to);

struct Revocation {
    std::optional<RevokedSince> since;
    Users users;
};

struct RevokedSessions {
    std::array<std::vector<storage::SessionId>, storage::db_count> ids;  // by database
    std::uint64_t sessions = 0, users = 0;
    std::uint64_t listed = 0, absent = 0;  // users of the list, and those of them without a session
};

// Refuses an export that is older than the oldest full snapshot of the directory: what it does not show may have come later, and
// what was revoked since is not in it.
LogResult<void> check_age(storage::FileSystem& fs, const storage::Encryption& encryption, const ExportHeader& header);

// The live sessions of a store that must end. An error: the export is none of this directory's, of which it would leave nothing.
LogResult<RevokedSessions> choose_revoked(storage::Store& store, const storage::Id& directory, storage::UnixMs now,
                                          const Revocation& revocation);

// Ends them as a log-out does: as effects in the log, which must have started. An error: the disk is full.
LogResult<void> end_sessions(storage::Log& log, storage::Store& store, storage::UnixMs now, const RevokedSessions& revoked);

}  // namespace server
