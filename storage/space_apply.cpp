// SPDX-License-Identifier: MIT
// What each effect does to a space. Absolute: applying the log twice, or from any earlier state, ends in the same state.
#include <algorithm>
#include <cstring>

#include "storage/ensure.hpp"
#include "storage/space.hpp"

namespace storage {

SessionRecord* Space::make(const PutSession& e) {
    void* memory = slab_.allocate(SessionRecord::size_of(e));
    SessionRecord::write(memory, e);
    return static_cast<SessionRecord*>(memory);
}

StringRecord* Space::make(const PutString& e) {
    void* memory = slab_.allocate(sizeof(StringRecord) + e.key.size() + e.value.size());
    StringRecord::write(memory, e);
    return static_cast<StringRecord*>(memory);
}

DeadRecord* Space::make_dead(std::string_view user) {
    auto* d = new (slab_.allocate(sizeof(DeadRecord) + user.size())) DeadRecord;
    d->kind = RecordKind::dead;
    d->user_bytes = static_cast<std::uint8_t>(user.size());
    std::memcpy(static_cast<void*>(d + 1), user.data(), user.size());
    return d;
}

void Space::release(Record* record) { slab_.free(record, size_of(*record)); }

void Space::count(const Record& record, std::int64_t sign) {
    const auto n = static_cast<std::uint64_t>(sign);
    switch (record.kind) {
        case RecordKind::session: counts_.sessions += n; break;
        case RecordKind::string: counts_.strings += n; break;
        case RecordKind::dead: counts_.dead += n; break;
    }
    if (record.kind != RecordKind::dead && record.expiry() != 0) counts_.expiring += n;
    const std::size_t bytes = size_of(record);
    counts_.record_bytes += n * bytes;
    charge(sign * static_cast<std::int64_t>(bytes));
}

void Space::put_in_place(Place place, Record* record, Lsn lsn) {
    Record* old = &taken(place);
    record->tick = old->tick;
    record->lsn = lsn;
    count(*old, -1);
    count(*record, 1);
    slot(place).put(record);
    release(old);
    schedule(place, *record);
}

void Space::schedule(Place place, Record& r) {
    const UnixMs due = r.kind == RecordKind::session ? static_cast<SessionRecord&>(r).due() : r.expiry();
    if (due == 0) return;
    const std::uint32_t tick = TimingWheel::tick_of(due);
    if (r.tick != 0 && r.tick <= tick) return;  // fires earlier and is queued again then
    r.tick = tick;
    wheel_.add(place, tick);
}

namespace {

// The order of a user's list; time never runs backwards, and the ids of a millisecond grow.
bool newer(const SessionRecord& a, const SessionRecord& b) {
    const UnixMs of_a = a.created_at(), of_b = b.created_at();
    return of_a != of_b ? of_a > of_b : a.id > b.id;
}

}  // namespace

void Space::link_user(Place place, SessionRecord& record) {
    const auto user = record.user();
    const std::uint32_t hash = hash_of_user(user);
    IndexEntry* first = users_.find(hash, [&](const IndexEntry& e) { return taken_by_session(e.place).user() == user; });
    record.user_next = no_place;
    record.set_newest(1);
    if (!first) {
        insert(users_, IndexEntry{hash, place});
        ++counts_.users;
        return;
    }
    SessionRecord& newest = taken_by_session(first->place);
    Place before = no_place;  // live and in replay nobody: only a snapshot's records come in another order
    for (Place p = first->place; p != no_place && newer(taken_by_session(p), record);
         before = p, p = taken_by_session(p).user_next) {
    }
    if (before != no_place) return link_behind(before, place, record, newest);
    record.user_next = first->place;
    record.set_newest(newest.user_count() + 1);
    newest.set_behind(place);
    first->place = place;
}

void Space::link_behind(Place before, Place place, SessionRecord& record, SessionRecord& newest) {
    SessionRecord& prev = taken_by_session(before);
    record.set_behind(before);
    record.user_next = prev.user_next;
    if (prev.user_next != no_place) taken_by_session(prev.user_next).set_behind(place);
    prev.user_next = place;
    newest.set_newest(newest.user_count() + 1);
}

void Space::unlink_user(Place place, SessionRecord& record) {
    const Place next = record.user_next, prev = record.user_prev();
    if (prev != no_place) {
        if (next != no_place) taken_by_session(next).set_behind(prev);
        taken_by_session(prev).user_next = next;
        const Place first = first_of_user(record.user());  // where the count stands; by the index, for lists may be long
        SessionRecord& newest = taken_by_session(first);
        newest.set_newest(newest.user_count() - 1);
        return;
    }
    IndexEntry* entry = users_.find(hash_of_user(record.user()), [&](const IndexEntry& e) { return e.place == place; });
    ENSURE(entry != nullptr);
    if (next == no_place) {
        users_.erase(entry);
        --counts_.users;
        return;
    }
    entry->place = next;
    taken_by_session(next).set_newest(record.user_count() - 1);
}

void Space::add_token(const TokenHash& token, Slot slot, Place place) {
    if (shard_of_token(slot) != shard_) return;
    // Forgetting is not logged. Where replay still has a dead record that was forgotten when its token was brought again, the
    // new owner is the one that counts. A dead record with two tokens of one hash is found by its first when its second is added.
    if (const Place known = find_token(token); known != no_place && known != place && dead(known)) {
        std::vector<StaleHint> left_to_be_checked;
        forget(known, left_to_be_checked);
    }
    insert(tokens_, IndexEntry{hash_of(token), place});
}

void Space::remove_token(const TokenHash& token, Slot slot, Place place) {
    if (shard_of_token(slot) != shard_) return;
    IndexEntry* entry = tokens_.find(hash_of(token), [&](const IndexEntry& e) { return e.place == place; });
    if (entry) tokens_.erase(entry);
}

Place Space::apply(const PutSession& e, Lsn lsn) {
    note(lsn);
    Place place = find_id(e.id);
    if (place != no_place) {
        Record& r = taken(place);
        if (value(lsn) <= value(r.lsn)) return place;
        if (r.kind == RecordKind::session) {
            auto& old = static_cast<SessionRecord&>(r);
            if (old.user() == e.user) return replace_session(place, old, e, lsn);
            apply(RemoveSession{old.user(), db_, e.id, RemovalReason::replaced, 0}, lsn);
        }
        give_up_id(place);
    }
    SessionRecord* record = make(e);
    record->lsn = lsn;
    place = take_place(record);
    insert(ids_, IndexEntry{hash_of(e.id), place});
    add_token(e.token, e.token_slot, place);
    if (e.has_previous) add_token(e.previous_token, e.previous_slot, place);
    link_user(place, *record);
    count(*record, 1);
    schedule(place, *record);
    return place;
}

// A dead one of the same id keeps its place for the sake of its tokens, but the id is the new one's.
void Space::give_up_id(Place place) {
    DeadRecord& d = *dead(place);
    ids_.erase(ids_.find(hash_of(d.id), [&](const IndexEntry& entry) { return entry.place == place; }));
    d.clear(DeadRecord::has_id);
}

Place Space::replace_session(Place place, SessionRecord& old, const PutSession& e, Lsn lsn) {
    SessionRecord* record = make(e);  // before the old one goes: e may be views into it
    record->take_links(old);
    if (old.token != record->token || old.has_previous_token() || record->has_previous_token()) {
        const TokenHash previous = old.previous_token();
        remove_token(old.token, old.token_slot(), place);
        if (old.has_previous_token()) remove_token(previous, old.previous_slot(), place);
        add_token(record->token, record->token_slot(), place);
        if (record->has_previous_token()) add_token(record->previous_token(), record->previous_slot(), place);
    }
    put_in_place(place, record, lsn);
    return place;
}

void Space::moved(SessionRecord& record, UnixMs last_active) {
    if (last_active <= record.last_active()) return;
    const auto ahead = static_cast<std::uint64_t>(last_active - record.last_active()) + record.ahead_of_log_ms();
    record.set_ahead_of_log_ms(ahead);
    record.set_last_active(last_active);
}

void Space::apply(const TouchSession& e, Lsn lsn) {
    note(lsn);
    const Place place = find_id(e.id);
    SessionRecord* old = session(place);
    if (!old || value(lsn) <= value(old->lsn)) return;
    PutSession now = old->effect(db_);
    const bool same_ip = e.last_ip.empty() || e.last_ip == now.last_ip;
    const bool same_ua = e.last_ua.empty() || e.last_ua == now.last_ua;
    if (same_ip && same_ua) {
        old->set_last_active(std::max(old->last_active(), e.last_active));
        old->set_ahead_of_log_ms(0);
        old->lsn = lsn;
        return;
    }
    if (!same_ip) now.last_ip = e.last_ip;
    if (!same_ua) now.last_ua = e.last_ua;
    now.last_active = std::max(now.last_active, e.last_active);
    replace_session(place, *old, now, lsn);
}

void Space::apply(const ExpireSession& e, Lsn lsn) {
    note(lsn);
    const Place place = find_id(e.id);
    SessionRecord* r = session(place);
    if (!r || value(lsn) <= value(r->lsn)) return;
    count(*r, -1);
    r->set_expires_at(e.expires_at);
    r->set_version(e.version);
    if (e.last_active > r->last_active()) r->set_last_active(e.last_active);
    if (e.last_active != 0) r->set_ahead_of_log_ms(0);
    r->lsn = lsn;
    count(*r, 1);
    schedule(place);
}

void Space::apply(const RemoveSession& e, Lsn lsn) {
    if (e.reason != RemovalReason::expired) note_removal(lsn);  // time ends it after a restart too: nobody waits for that
    const Place place = find_id(e.id);
    SessionRecord* s = session(place);
    if (!s || value(lsn) <= value(s->lsn)) return;
    DeadRecord* d = make_dead(s->user());
    d->id = s->id;
    d->token = s->token;
    d->token_slot = s->token_slot();
    d->set(DeadRecord::has_id);
    if (s->has_previous_token()) {
        d->set(DeadRecord::has_previous);
        d->previous = s->previous_token();
        d->previous_slot = s->previous_slot();
    }
    d->reason = e.reason;
    d->expires_at = e.until;
    d->created_at = s->created_at();
    d->last_active = s->last_active();
    d->ended_at = s->expires_at();
    unlink_user(place, *s);
    put_in_place(place, d, lsn);
    queue_dead(place);
}

Place Space::apply(const PutDeadToken& e, Lsn lsn) {
    note_removal(lsn);
    if (const Place known = find_token(e.token); known != no_place && dead(known)) return known;
    DeadRecord* d = make_dead(e.user);
    d->token = e.token;
    d->token_slot = e.token_slot;
    d->reason = e.reason;
    d->expires_at = e.until;
    d->lsn = lsn;
    const Place place = take_place(d);
    add_token(e.token, e.token_slot, place);
    count(*d, 1);
    schedule(place);
    queue_dead(place);
    return place;
}

// Without an end a dead record would stay for ever: the wheel must meet it even if its time is over already.
void Space::queue_dead(Place place) {
    DeadRecord& d = *dead(place);
    if (d.expires_at == 0) {
        d.expires_at = 1;
        schedule(place);
    }
    dead_order_.push_back({place, generation(place)});
}

Place Space::apply(const PutString& e, Lsn lsn) {
    note(lsn);
    Place place = find_string(e.key);
    if (place != no_place && value(lsn) <= value(taken(place).lsn)) return place;
    StringRecord* record = make(e);
    if (place != no_place) {
        record->last_access = static_cast<StringRecord&>(taken(place)).last_access;
        put_in_place(place, record, lsn);
        return place;
    }
    record->lsn = lsn;
    place = take_place(record);
    insert(strings_, IndexEntry{hash_of_key(record->key()), place});
    count(*record, 1);
    schedule(place, *record);
    return place;
}

void Space::apply(const ExpireString& e, Lsn lsn) {
    note(lsn);
    const Place place = find_string(e.key);
    if (place == no_place || value(lsn) <= value(taken(place).lsn)) return;
    auto& r = static_cast<StringRecord&>(taken(place));
    count(r, -1);
    r.expires_at = e.expires_at;
    r.lsn = lsn;
    count(r, 1);
    schedule(place);
}

void Space::apply(const RemoveString& e, Lsn lsn) {
    if (e.reason != RemovalReason::expired) note_removal(lsn);
    const Place place = find_string(e.key);
    if (place == no_place || value(lsn) <= value(taken(place).lsn)) return;
    Record& record = taken(place);
    strings_.erase(strings_.find(hash_of_key(e.key), [&](const IndexEntry& entry) { return entry.place == place; }));
    count(record, -1);
    free_place(place);
    release(&record);
}

StaleHint Space::stale_hint(Place place, ShardIndex in, std::uint32_t hash, bool of_id) {
    return {in, hash, Hint{hash, place, generation(place), shard_}, of_id, taken(place).gate_lsn()};
}

void Space::forget(Place place, std::vector<StaleHint>& stale) {
    DeadRecord& d = *dead(place);
    const auto token = [&](const TokenHash& hash, Slot slot) {
        remove_token(hash, slot, place);
        if (shard_of_token(slot) != shard_) stale.push_back(stale_hint(place, shard_of_token(slot), hash_of(hash), false));
    };
    token(d.token, d.token_slot);
    if (d.has(DeadRecord::has_previous)) token(d.previous, d.previous_slot);
    if (d.has(DeadRecord::has_id))
        ids_.erase(ids_.find(hash_of(d.id), [&](const IndexEntry& entry) { return entry.place == place; }));
    if (d.id != SessionId{} && shard_of(d.id) != shard_) stale.push_back(stale_hint(place, shard_of(d.id), hash_of(d.id), true));
    count(d, -1);
    free_place(place);
    release(&d);
}

}  // namespace storage
