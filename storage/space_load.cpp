// SPDX-License-Identifier: MIT
// What only a snapshot brings: dead records as such, and records in any order.
//
// Two records of one id or token may meet here. A later state of the same session or dead one takes the place of the one that the
// base of an incremental snapshot had. Of two different ones, what has an LSN up to S0 was there at S0 and what it meets was not:
// that is a leftover of the base, or the walk met it ahead of a place that it had passed before. What came after S0 the log
// behind the records tells from its beginning, so it need not be here, and must not be in the way of what the log will find.
//
// An id may also have been used again while an ended session of it is remembered in another shard than its own, which can be one
// shard here. Both were there, the last has the id.
#include <algorithm>
#include <type_traits>

#include "storage/space.hpp"

namespace storage {

namespace {

struct Life {
    SessionId id;
    UnixMs created_at = 0;
    friend bool operator==(const Life&, const Life&) = default;
};

Life life_of(const Record& record) {
    if (record.kind == RecordKind::session) {
        const auto& s = static_cast<const SessionRecord&>(record);
        return {s.id, s.created_at()};
    }
    const auto& d = static_cast<const DeadRecord&>(record);
    return {d.id, d.created_at};
}

}  // namespace

template <class E>
bool Space::gives_way(Place known, const E& e, Lsn lsn, Lsn begun_at) {
    if (known == no_place) return true;
    const Lsn of_known = at(known)->lsn;
    const bool same = life_of(*at(known)) == Life{e.id, e.created_at};
    const bool was_there = value(lsn) <= value(begun_at);
    const bool stays = same        ? value(of_known) > value(lsn)
                       : was_there ? false
                                   : value(of_known) <= value(begun_at) || value(of_known) <= value(lsn);
    if (!stays) take_out(known);
    return !stays;
}

template <class E>
Space::IdClaim Space::claim_id(const E& e, Lsn lsn, Lsn begun_at) {
    constexpr bool is_dead = std::is_same_v<E, PutDead>;
    const Place known = find_id(e.id);
    if (known == no_place) return IdClaim::taken;
    const Record& other = *at(known);
    if (life_of(other) != Life{e.id, e.created_at}) {
        const bool was_there = value(lsn) <= value(begun_at), other_was_there = value(other.lsn) <= value(begun_at);
        const bool other_is_dead = dead(known) != nullptr;
        if (other_is_dead && other_was_there && (!is_dead || (was_there && value(other.lsn) < value(lsn)))) {
            give_up_id(known);
            return IdClaim::taken;
        }
        if (is_dead && was_there && (!other_is_dead || (other_was_there && value(other.lsn) > value(lsn)))) return IdClaim::left;
    }
    return gives_way(known, e, lsn, begun_at) ? IdClaim::taken : IdClaim::refused;
}

void Space::take_out(Place known) {
    if (dead(known)) {
        std::vector<StaleHint> none_built_yet;
        return forget(known, none_built_yet);
    }
    SessionRecord& s = *session(known);
    unlink_user(known, s);
    remove_token(s.token, s.token_slot(), known);
    if (s.has_previous_token()) remove_token(s.previous_token(), s.previous_slot(), known);
    ids_.erase(ids_.find(hash_of(s.id), [&](const IndexEntry& entry) { return entry.place == known; }));
    count(s, -1);
    free_place(known);
    release(&s);
}

void Space::load(const PutSession& e, Lsn lsn, Lsn begun_at) {
    if (claim_id(e, lsn, begun_at) == IdClaim::refused || !gives_way(find_token(e.token), e, lsn, begun_at)) return;
    if (e.has_previous && !gives_way(find_token(e.previous_token), e, lsn, begun_at)) return;
    apply(e, lsn);
}

void Space::load(const PutDead& e, Lsn lsn, Lsn begun_at) {
    note_removal(lsn);
    const IdClaim id = e.has_id ? claim_id(e, lsn, begun_at) : IdClaim::left;
    if (id == IdClaim::refused) return;
    const bool has_id = id == IdClaim::taken;
    if (!gives_way(find_token(e.token), e, lsn, begun_at)) return;
    if (e.has_previous && !gives_way(find_token(e.previous), e, lsn, begun_at)) return;
    DeadRecord* d = make_dead(e.user);
    if (has_id) d->set(DeadRecord::has_id);
    if (e.has_previous) d->set(DeadRecord::has_previous);
    d->id = e.id;
    d->token = e.token;
    d->previous = e.previous;
    d->token_slot = e.token_slot;
    d->previous_slot = e.previous_slot;
    d->reason = e.reason;
    d->expires_at = e.until;
    d->created_at = e.created_at;
    d->last_active = e.last_active;
    d->ended_at = e.ended_at;
    d->lsn = lsn;
    const Place place = take_place(d);
    if (has_id) insert(ids_, IndexEntry{hash_of(e.id), place});
    add_token(e.token, e.token_slot, place);
    if (e.has_previous) add_token(e.previous, e.previous_slot, place);
    count(*d, 1);
    schedule(place);
    queue_dead(place);
}

void Space::reserve(std::uint64_t sessions, std::uint64_t strings, std::uint64_t dead) {
    const std::size_t before = index_bytes();
    ids_.reserve(sessions + dead);
    tokens_.reserve(sessions + dead);
    strings_.reserve(strings);
    charge(static_cast<std::int64_t>(index_bytes() - before));
}

void Space::order_dead() {
    std::erase_if(dead_order_, [&](const DeadPlace& d) { return !dead(d.place) || generation(d.place) != d.generation; });
    std::stable_sort(dead_order_.begin(), dead_order_.end(), [&](const DeadPlace& a, const DeadPlace& b) {
        return value(dead(a.place)->lsn) < value(dead(b.place)->lsn);
    });
}

}  // namespace storage
