// SPDX-License-Identifier: MIT
#include "src/tools/record_names.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>

namespace server {

namespace {

using storage::Lsn;
using storage::PutDead;
using storage::PutSession;
using storage::PutString;
using storage::SnapshotEntry;

constexpr Lsn nobody_else{UINT64_MAX};  // above any record's

}  // namespace

NameDigests::Digest NameDigests::of(storage::DbIndex db, char kind, std::string_view name) const {
    const XXH64_hash_t seed = seed_ + (static_cast<std::uint64_t>(db) << 8) + static_cast<unsigned char>(kind);
    const XXH128_hash_t digest = XXH3_128bits_withSeed(name.data(), name.size(), seed);
    return {digest.low64, digest.high64};
}

std::optional<std::string> RecordNames::add(const SnapshotEntry& entry) {
    if (const auto* s = std::get_if<PutSession>(&entry.effect))
        return add(entry.db, &s->id, s->token, s->has_previous ? &s->previous_token : nullptr);
    if (const auto* d = std::get_if<PutDead>(&entry.effect))
        return add(entry.db, d->has_id ? &d->id : nullptr, d->token, d->has_previous ? &d->previous : nullptr);
    if (add(digests_.key(entry.db, std::get<PutString>(entry.effect).key))) return std::nullopt;
    return "another line before has the same 'key'";
}

std::optional<std::string> RecordNames::add(storage::DbIndex db, const storage::SessionId* id, const storage::TokenHash& token,
                                            const storage::TokenHash* previous) {
    if (id != nullptr && !add(digests_.id(db, *id))) return "another line before has the same 'id'";
    if (!add(digests_.token(db, token))) return "another line before has the same 'token_hash'";
    if (previous != nullptr && !add(digests_.token(db, *previous)))
        return "another line before has the same token as 'previous_token_hash'";
    return std::nullopt;
}

void NameOwners::claim(const NameDigests::Digest& name, Lsn lsn) {
    Lsn& owner = owners_[name];
    owner = storage::later(owner, lsn);
}

void NameOwners::see_dead(const SnapshotEntry& entry) {
    const auto* d = std::get_if<PutDead>(&entry.effect);
    if (d == nullptr) return;
    if (d->has_id) claim(digests_.id(entry.db, d->id), entry.lsn);
    claim(digests_.token(entry.db, d->token), entry.lsn);
    if (d->has_previous) claim(digests_.token(entry.db, d->previous), entry.lsn);
}

void NameOwners::see_live(const SnapshotEntry& entry) {
    const auto* s = std::get_if<PutSession>(&entry.effect);
    if (s == nullptr) return;
    const auto take = [&](const NameDigests::Digest& name) {
        if (const auto found = owners_.find(name); found != owners_.end()) found->second = nobody_else;
    };
    take(digests_.id(entry.db, s->id));
    take(digests_.token(entry.db, s->token));
    if (s->has_previous) take(digests_.token(entry.db, s->previous_token));
}

bool NameOwners::owns(const NameDigests::Digest& name, Lsn lsn) {
    Lsn& owner = owners_[name];
    if (owner != lsn) return false;
    owner = nobody_else;  // of two that died in one record, one
    return true;
}

bool NameOwners::settle(SnapshotEntry& entry) {
    auto* d = std::get_if<PutDead>(&entry.effect);
    if (d == nullptr) return true;
    const bool token = owns(digests_.token(entry.db, d->token), entry.lsn);
    d->has_previous = d->has_previous && owns(digests_.token(entry.db, d->previous), entry.lsn);
    if (!token && !d->has_previous) return false;
    if (!token) {
        d->token = d->previous;
        d->token_slot = d->previous_slot;
        d->has_previous = false;
    }
    d->has_id = d->has_id && owns(digests_.id(entry.db, d->id), entry.lsn);
    return true;
}

}  // namespace server
