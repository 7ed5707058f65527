// SPDX-License-Identifier: MIT
// Ids, tokens and keys that are each one record's in a database. 16 bytes for each, by a hash that is seeded anew, so that nobody
// can prepare two that collide. One thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include "storage/snapshot_records.hpp"

namespace server {

class NameDigests {
public:
    using Digest = std::array<std::uint64_t, 2>;
    struct Hash {
        using is_avalanching = void;
        std::size_t operator()(const Digest& digest) const { return digest[0]; }
    };
    explicit NameDigests(std::uint64_t seed) : seed_(seed) {}

    Digest id(storage::DbIndex db, const storage::SessionId& id) const { return of(db, 'i', view(id.bytes)); }
    Digest token(storage::DbIndex db, const storage::TokenHash& token) const { return of(db, 't', view(token)); }
    Digest key(storage::DbIndex db, std::string_view key) const { return of(db, 'k', key); }

private:
    template <std::size_t Size>
    static std::string_view view(const std::array<unsigned char, Size>& bytes) {
        return {reinterpret_cast<const char*>(bytes.data()), Size};
    }
    Digest of(storage::DbIndex db, char kind, std::string_view name) const;

    std::uint64_t seed_;
};

// For import: the names that were seen.
class RecordNames {
public:
    explicit RecordNames(std::uint64_t seed) : digests_(seed) {}
    std::optional<std::string> add(const storage::SnapshotEntry& entry);  // what is wrong with it, or nothing

private:
    std::optional<std::string> add(storage::DbIndex db, const storage::SessionId* id, const storage::TokenHash& token,
                                   const storage::TokenHash* previous);
    bool add(const NameDigests::Digest& digest) { return seen_.insert(digest).second; }

    NameDigests digests_;
    boost::unordered_flat_set<NameDigests::Digest, NameDigests::Hash> seen_;
};

// For export: a dead record may have an id or token that is used again, of which its shard does not know. It is the live one's
// then, or that of the one that died last.
class NameOwners {
public:
    explicit NameOwners(std::uint64_t seed) : digests_(seed) {}
    void see_dead(const storage::SnapshotEntry& entry);  // all of them first
    void see_live(const storage::SnapshotEntry& entry);
    // Takes from a dead record what is another's. False: nothing is left of it. Once for each.
    bool settle(storage::SnapshotEntry& entry);

private:
    void claim(const NameDigests::Digest& name, storage::Lsn lsn);
    bool owns(const NameDigests::Digest& name, storage::Lsn lsn);

    NameDigests digests_;
    boost::unordered_flat_map<NameDigests::Digest, storage::Lsn, NameDigests::Hash> owners_;  // of the names of dead records
};

}  // namespace server
