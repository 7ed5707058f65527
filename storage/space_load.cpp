// SPDX-License-Identifier: MIT
// What only a snapshot brings: dead records as such, and records in any order.
#include <algorithm>

#include "storage/space.hpp"

namespace storage {

void Space::apply(const PutDead& e, Lsn lsn) {
    note_removal(lsn);
    if (e.has_id) {
        if (const Place known = find_id(e.id); known != no_place) {
            if (session(known)) return apply(RemoveSession{e.user, db_, e.id, e.reason, e.until}, lsn);
            if (value(lsn) <= value(at(known)->lsn)) return;
            give_up_id(known);
        }
    } else if (find_token(e.token) != no_place) {
        return;
    }
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
    // A token that lives again, in a session that came first, is that session's.
    if (find_token(e.token) == no_place) add_token(e.token, e.token_slot, place);
    if (e.has_previous && find_token(e.previous) == no_place) add_token(e.previous, e.previous_slot, place);
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
