// SPDX-License-Identifier: MIT
// What only a snapshot brings: dead records as such, and records in any order.
//
// Two records of one id or token may have met the walk: the first was removed behind it, the second made ahead of it. The
// second began after S0, so the log behind the records tells all of it; the first is what the log must find when it begins.
// So the one with the lower LSN stays, whichever comes first.
#include <algorithm>

#include "storage/space.hpp"

namespace storage {

bool Space::gives_way(Place known, Lsn lsn) {
    if (known == no_place) return true;
    if (value(at(known)->lsn) <= value(lsn)) return false;
    if (dead(known)) {
        std::vector<StaleHint> none_built_yet;
        forget(known, none_built_yet);
        return true;
    }
    SessionRecord& s = *session(known);
    unlink_user(known, s);
    remove_token(s.token, s.token_slot, known);
    if (s.has_previous_token()) remove_token(s.previous_token(), s.previous_slot, known);
    ids_.erase(ids_.find(hash_of(s.id), [&](const IndexEntry& entry) { return entry.place == known; }));
    count(s, -1);
    free_place(known);
    release(&s);
    return true;
}

void Space::load(const PutSession& e, Lsn lsn) {
    if (!gives_way(find_id(e.id), lsn) || !gives_way(find_token(e.token), lsn)) return;
    if (e.has_previous && !gives_way(find_token(e.previous_token), lsn)) return;
    apply(e, lsn);
}

void Space::load(const PutDead& e, Lsn lsn) {
    note_removal(lsn);
    if (e.has_id && !gives_way(find_id(e.id), lsn)) return;
    if (!gives_way(find_token(e.token), lsn) || (e.has_previous && !gives_way(find_token(e.previous), lsn))) return;
    DeadRecord* d = make_dead(e.user);
    d->flags = static_cast<std::uint8_t>((e.has_id ? DeadRecord::has_id : 0) | (e.has_previous ? DeadRecord::has_previous : 0));
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
    if (e.has_id) ids_.insert({hash_of(e.id), place});
    add_token(e.token, e.token_slot, place);
    if (e.has_previous) add_token(e.previous, e.previous_slot, place);
    count(*d, 1);
    schedule(place);
    queue_dead(place);
}

void Space::reserve(std::uint64_t sessions, std::uint64_t strings, std::uint64_t dead) {
    ids_.reserve(sessions + dead);
    tokens_.reserve(sessions + dead);
    strings_.reserve(strings);
}

void Space::order_dead() {
    std::erase_if(dead_order_, [&](const DeadPlace& d) {
        const DeadRecord* there = dead(d.place);
        return !there || there->generation != d.generation;
    });
    std::stable_sort(dead_order_.begin(), dead_order_.end(), [&](const DeadPlace& a, const DeadPlace& b) {
        return value(dead(a.place)->lsn) < value(dead(b.place)->lsn);
    });
}

}  // namespace storage
