// SPDX-License-Identifier: MIT
#include "src/tools/revoked_sessions.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <span>
#include <thread>
#include <utility>

#include "src/session_options.hpp"
#include "src/tools/hex.hpp"
#include "storage/data_directory.hpp"
#include "storage/directory_state.hpp"
#include "storage/snapshot_reader.hpp"

namespace server {

namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
constexpr std::size_t sessions_at_once = 256;   // one record of the log
constexpr std::size_t removal_bytes_max = 320;  // of one session in it: user, id, numbers, framing
constexpr std::chrono::milliseconds look_again{2};

}  // namespace

std::size_t RevokedSince::Hash::operator()(const Name& name) const {
    const std::string_view bytes(reinterpret_cast<const char*>(name.id.bytes.data()), name.id.bytes.size());
    return std::hash<std::string_view>{}(bytes) + name.db;
}

LogResult<RevokedSince> RevokedSince::read(ExportReader& from, storage::UnixMs now) {
    RevokedSince since;
    const auto header = from.header_at(now);
    if (!header) return header.error();
    since.header_ = *header;
    for (;;) {
        const auto next = from.next();
        if (!next) return next.error();
        if (*next == nullptr) return since;
        const storage::SnapshotEntry& entry = **next;
        if (const auto* s = std::get_if<storage::PutSession>(&entry.effect))
            since.sessions_[{s->id, s->db}] = {s->created_at, s->token, true, s->last_active, s->expires_at, s->idle_ms};
        if (const auto* d = std::get_if<storage::PutDead>(&entry.effect); d != nullptr && d->has_id)
            since.sessions_.try_emplace({d->id, d->db}, Shown{d->created_at, d->token, false});
    }
}

// The session here may have been used since: idle it is by its own last use.
bool RevokedSince::is_over(const Shown& shown, const storage::PutSession& session, storage::UnixMs now) {
    storage::PutSession as_shown;
    as_shown.last_active = std::max(shown.last_active, session.last_active);
    as_shown.expires_at = shown.expires_at;
    as_shown.idle_ms = shown.idle_ms;
    return storage::is_over({storage::Lsn{}, session.db, as_shown}, now);
}

bool RevokedSince::revoked(const storage::PutSession& session, storage::UnixMs now) const {
    if (header_.db && session.db != *header_.db) return false;
    const auto found = sessions_.find({session.id, session.db});
    if (found == sessions_.end()) return session.created_at <= header_.now;
    const Shown& shown = found->second;
    if (session.created_at > header_.now) return false;  // a later one under an id that is used again
    return !shown.alive || shown.created_at != session.created_at || shown.token != session.token || is_over(shown, session, now);
}

bool RevokedSince::shows(const storage::PutSession& session) const { return sessions_.contains({session.id, session.db}); }

LogResult<void> read_users(std::string_view text, const std::string& name, Users& users) {
    if (text.starts_with(byte_order_mark))
        return storage::Refusal{name + " begins with a byte order mark, which would be part of the first user id"};
    for (std::size_t line = 1; !text.empty(); ++line) {
        const std::string_view user = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), user.size() + 1));
        const auto fault = [&](const std::string& what) {
            std::string place = name;
            place.append(":").append(std::to_string(line)).append(": ").append(what);
            return storage::Refusal{std::move(place)};
        };
        if (user.ends_with('\r')) return fault("ends with a carriage return; lines must end with a line feed alone");
        if (user.size() > session_limits::user_bytes_max)
            return fault("a user id of more than " + std::to_string(session_limits::user_bytes_max) +
                         " bytes, which none can have");
        if (!user.empty()) users.emplace(user);
    }
    if (users.empty()) return storage::Refusal{name + " names no user: one a line is wanted"};
    return {};
}

LogResult<void> check_age(storage::FileSystem& fs, const storage::Encryption& encryption, const ExportHeader& header) {
    const auto listing = storage::list_data(fs);
    if (!listing) return storage::disk_refusal("cannot list", "the directory", listing.error());
    for (const auto& snapshot : listing->snapshots) {
        const auto reader = storage::SnapshotReader::open(fs, snapshot.name, encryption);
        if (!reader || !(*reader)->header().full()) continue;  // whether a start bears that is for recovery to say
        const storage::snapshot::Footer& footer = (*reader)->footer();
        if (std::max(header.last, storage::Lsn{1}) >= footer.last && header.now >= footer.now) return {};
        return storage::Refusal{"the export, of LSN " + std::to_string(storage::value(header.last)) + " and time " +
                                std::to_string(header.now) + ", is older than " + snapshot.name + ", of LSN " +
                                std::to_string(storage::value(footer.last)) + " and time " + std::to_string(footer.now) +
                                ": it cannot say what was revoked since; take one of the newer directory"};
    }
    return {};
}

LogResult<RevokedSessions> choose_revoked(storage::Store& store, const storage::Id& directory, storage::UnixMs now,
                                          const Revocation& revocation) {
    RevokedSessions revoked;
    Users seen, present;
    const auto& since = revocation.since;
    bool related = !since || since->header().directory == directory, any = false;
    storage::each_record(store, [&](const storage::SnapshotEntry& entry) {
        const auto* s = std::get_if<storage::PutSession>(&entry.effect);
        if (s == nullptr) return true;
        any = true;
        related = related || since->shows(*s);
        const std::string user(s->user);
        const bool listed = revocation.users.contains(user);
        if (listed) present.insert(user);
        const bool ends = listed || (since && since->revoked(*s, now));
        if (!ends || storage::is_over(entry, now)) return true;
        revoked.ids[s->db].push_back(s->id);
        ++revoked.sessions;
        seen.insert(user);
        return true;
    });
    revoked.users = seen.size();
    revoked.listed = revocation.users.size();
    revoked.absent = revoked.listed - present.size();
    // A directory made by an import has an id of its own; but ids of sessions are random, and two histories share none.
    if (any && !related)
        return storage::Refusal{"the export is of another directory, " + hex(since->header().directory) +
                                ", and shows none of the sessions here: it cannot say which of them were revoked"};
    return revoked;
}

namespace {

// False: the disk is full. The log's threads need a moment to prepare the first segment.
bool take_credit(storage::Journal& journal, storage::Credit& credit, std::size_t record_bytes) {
    for (;;) {
        const storage::Admission answer = journal.admit(credit, record_bytes, storage::Purpose::removal);
        if (answer != storage::Admission::wait) return answer == storage::Admission::granted;
        std::this_thread::sleep_for(look_again);
    }
}

}  // namespace

LogResult<void> end_sessions(storage::Log& log, storage::Store& store, storage::UnixMs now, const RevokedSessions& revoked) {
    storage::Credit credit;
    for (std::size_t db = 0; db < storage::db_count; ++db) {
        for (std::span<const storage::SessionId> rest = revoked.ids[db]; !rest.empty();) {
            const auto some = rest.first(std::min(rest.size(), sessions_at_once));
            if (!take_credit(log.journal(), credit, some.size() * removal_bytes_max))
                return storage::Refusal{"the disk is full: not all of them could be ended; make room and do it again"};
            storage::Op op;
            op.db = static_cast<storage::DbIndex>(db);
            op.now = now;
            op.credit = &credit;
            const auto ended = store.remove_sessions(op, some, storage::RemovalReason::revoked);
            log.journal().release(credit);
            if (!ended) return storage::Refusal{"cannot end sessions: " + ended.error().message()};
            rest = rest.subspan(some.size());
        }
    }
    return {};
}

}  // namespace server
