// SPDX-License-Identifier: MIT
// Reading, touching and changing one session.
#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include <algorithm>

#include "storage/store_impl.hpp"

namespace storage {

namespace {

// What a session that is not there is answered with, and what that answer depends on.
boost::system::error_code absent(Store::Impl& store, Op& op, const Found& found, ShardIndex looked_at) {
    if (!found) {
        store.depend_on_absence(op, looked_at);
        return Errc::no_session;
    }
    const Record* r = found.space->at(found.place);
    Store::Impl::depend(op, r->gate_lsn());
    return r->kind == RecordKind::dead && !found.dead()->remembered(op.now) ? Errc::no_session : Errc::session_gone;
}

// The live session, or why there is none.
boost::system::error_code live(Store::Impl& store, Op& op, const Found& found, ShardIndex looked_at) {
    const SessionRecord* r = found.session();
    if (!r || !r->live(op.now)) return absent(store, op, found, looked_at);
    Store::Impl::depend(op, r->lsn);
    return {};
}

// Whether this token opens the session that it was found at, now.
boost::system::error_code opens(Store::Impl& store, Op& op, const Found& found, const TokenHash& hash, ShardIndex looked_at) {
    if (!found) {
        store.depend_on_absence(op, looked_at);
        return Errc::token_unknown;
    }
    Store::Impl::depend(op, found.space->at(found.place)->gate_lsn());
    if (const SessionRecord* r = found.session()) {
        if (!r->live(op.now)) return Errc::token_expired;
        return r->token == hash || r->previous_until() > op.now ? boost::system::error_code{} : Errc::token_revoked;
    }
    const DeadRecord* d = found.dead();
    if (!d->remembered(op.now)) return Errc::token_unknown;
    return d->view().state == SessionState::expired ? Errc::token_expired : Errc::token_revoked;
}

// One session by its id, with its lock held: live, or with the reason why there is none.
class OneSession {
public:
    OneSession(Store::Impl& store, Op& op, const SessionId& id) : shard_(store.shard_of(id)), lock_(store.shards, shard_) {
        do found_ = store.find_id(op, id, lock_);
        while (lock_.widen());
        error_ = live(store, op, found_, shard_);
    }
    const boost::system::error_code& error() const { return error_; }
    const Found& operator*() const { return found_; }
    SessionRecord& record() const { return *found_.session(); }
    Space& space() const { return *found_.space; }

private:
    ShardIndex shard_;
    ShardLock lock_;
    Found found_;
    boost::system::error_code error_;
};

}  // namespace

bool Store::get(Op& op, const SessionId& id, SessionVisitor visit) {
    const OneSession one(*impl_, op, id);
    if (one.error()) return false;
    visit(one.record().view());
    return true;
}

Result<void> Store::validate(Op& op, std::string_view token, const Touch& touch, SessionVisitor visit) {
    const bool probed = op.probe != nullptr && op.probe->is_of(token);
    const Probe probe = probed ? *op.probe : probe_token(token);
    ShardLock lock(impl_->shards, probe.shard, probe.at);
    Found found;
    do found = impl_->find_token(op, probe.token, probe.shard, lock);
    while (lock.widen());
    if (const auto error = opens(*impl_, op, found, probe.token, probe.shard)) return error;
    impl_->touch_found(op, found, touch, false);
    visit(found.session()->view());
    return {};
}

bool Store::get_by_token(Op& op, std::string_view token, const Touch& touch, SessionVisitor visit) {
    return validate(op, token, touch, visit).has_value();
}

void Store::Impl::touch_found(Op& op, const Found& found, const Touch& touch, bool gates) {
    if (!touch.wanted) return;
    SessionRecord& r = *found.session();
    counters.touches.fetch_add(1, std::memory_order_relaxed);
    found.space->moved(r, op.now);
    TouchSession effect;
    if (!touch.ip.empty() || !touch.ua.empty()) {
        const SessionView now = r.view();
        if (touch.ip != now.last_ip) effect.last_ip = touch.ip;
        if (touch.ua != now.last_ua) effect.last_ua = touch.ua;
    }
    std::int64_t behind_max = settings.touch_resolution_ms.load(std::memory_order_relaxed);
    if (const std::int64_t idle_s = r.idle_s(); idle_s != 0) behind_max = std::min(behind_max, idle_s * 1000 / 8);
    if (effect.last_ip.empty() && effect.last_ua.empty() && r.ahead_of_log_ms() < behind_max) return;
    effect.user = r.user();
    effect.db = op.db;
    effect.id = r.id;
    effect.last_active = r.last_active();
    RecordWriter& record = writer();
    record.add(effect);
    if (!op.credit || op.credit->bytes < record.bytes().size()) return;  // put off: the next touch tries again
    const Lsn lsn = append(op, record);
    found.space->apply(effect, lsn);
    if (gates) depend(op, lsn);
    counters.touches_logged.fetch_add(1, std::memory_order_relaxed);
}

Result<UnixMs> Store::touch(Op& op, const SessionId& id, const Touch& touch) {
    const OneSession one(*impl_, op, id);
    if (one.error()) return one.error();
    impl_->touch_found(op, *one, touch, true);
    return one.record().last_active();
}

namespace {

// The names of an update, found quickly where there are many of them. Made before the lock is taken.
class ChangedNames {
public:
    explicit ChangedNames(const SessionChange& change) : change_(change) {
        constexpr std::size_t few = 32;  // up to here comparing with all is the quickest
        if (change.unset.size() > few) unset_.insert(change.unset.begin(), change.unset.end());
        if (change.set.size() <= few) return;
        for (std::size_t i = 0; i < change.set.size(); ++i) set_.insert_or_assign(change.set[i].first, i);
    }
    bool unsets(std::string_view name) const {
        if (!unset_.empty()) return unset_.contains(name);
        return std::find(change_.unset.begin(), change_.unset.end(), name) != change_.unset.end();
    }
    // The last place of `set` that has this name; set.size(): none.
    std::size_t place_in_set(std::string_view name) const {
        if (!set_.empty()) {
            const auto found = set_.find(name);
            return found != set_.end() ? found->second : change_.set.size();
        }
        for (std::size_t i = change_.set.size(); i-- > 0;)
            if (change_.set[i].first == name) return i;
        return change_.set.size();
    }

private:
    const SessionChange& change_;
    boost::unordered_flat_set<std::string_view> unset_;
    boost::unordered_flat_map<std::string_view, std::size_t> set_;
};

// The data after the change, packed. False: more than `bytes_max` in all.
bool change_data(std::string& packed, PackedData before, const SessionChange& change, const ChangedNames& names,
                 std::size_t bytes_max) {
    std::vector<DataField> fields;
    std::vector<bool> placed(change.set.size());  // where the old field of that name stood
    if (!change.clear) {
        for (std::string_view name, value; before.next(name, value);) {
            const std::size_t place = names.place_in_set(name);
            if (names.unsets(name)) continue;
            if (place < change.set.size()) placed[place] = true;
            fields.emplace_back(name, place < change.set.size() ? change.set[place].second : value);
        }
    }
    for (std::size_t i = 0; i < change.set.size(); ++i)
        if (!placed[i] && names.place_in_set(change.set[i].first) == i) fields.push_back(change.set[i]);
    std::size_t bytes = 0;
    packed.clear();
    for (const auto& [name, value] : fields) {
        bytes += name.size() + value.size();
        PackedData::add(packed, name, value);
    }
    return bytes <= bytes_max;
}

}  // namespace

Result<std::uint64_t> Store::update(Op& op, const SessionId& id, const SessionChange& change) {
    const ChangedNames names(change);
    const OneSession one(*impl_, op, id);
    if (one.error()) return one.error();
    PutSession put = one.record().effect(op.db);
    if (change.if_version && *change.if_version != put.version) {
        op.current_version = put.version;
        return Errc::version_moved;
    }
    thread_local std::string packed;
    const bool fits =
        change_data(packed, put.data, change, names, impl_->settings.session_data_bytes.load(std::memory_order_relaxed));
    const bool touches_data = change.clear || !change.unset.empty() || !change.set.empty();
    if (!fits && touches_data) return Errc::data_total_too_large;
    put.data = PackedData(packed);
    if (change.device) put.device = *change.device;
    if (change.expires_at) put.expires_at = *change.expires_at;
    put.version = next_version(put.version);
    RecordWriter& record = Impl::writer();
    record.add(put);
    if (const auto error = impl_->check(op, record)) return *error;
    const Lsn lsn = impl_->append(op, record);
    Impl::depend(op, lsn);
    one.space().apply(put, lsn);
    return one.record().version();
}

Result<UnixMs> Store::renew(Op& op, const SessionId& id, UnixMs expires_at, std::optional<std::uint64_t> if_version) {
    const OneSession one(*impl_, op, id);
    if (one.error()) return one.error();
    const SessionRecord& r = one.record();
    if (if_version && *if_version != r.version()) {
        op.current_version = r.version();
        return Errc::version_moved;
    }
    const ExpireSession effect{r.user(), op.db, id, expires_at, next_version(r.version()), 0};
    RecordWriter& record = Impl::writer();
    record.add(effect);
    if (const auto error = impl_->check(op, record)) return *error;
    const Lsn lsn = impl_->append(op, record);
    Impl::depend(op, lsn);
    one.space().apply(effect, lsn);
    return expires_at;
}

Result<Rotated> Store::rotate(Op& op, std::string_view token, std::int64_t grace_ms) {
    Impl& s = *impl_;
    const TokenHash hash = s.hash_token(token);
    const ShardIndex shard = s.shard_of(token);
    Aftermath after(s, op.db);
    ShardLock lock(s.shards, shard);
    Found found;
    do {
        found = s.find_token(op, hash, shard, lock);
        if (const SessionRecord* r = found.session(); r && r->has_previous_token()) {  // its hint is moved below
            const ShardIndex of_previous = found.space->shard_of_token(r->previous_slot());
            if (!lock.holds(of_previous)) lock.want(of_previous);
        }
    } while (lock.widen());
    if (const auto error = opens(s, op, found, hash, shard)) return error;
    const SessionRecord& r = *found.session();
    if (r.token != hash) return Errc::token_revoked;  // a previous one, in its grace or not

    RecordWriter& record = Impl::writer();
    PutSession put = r.effect(op.db);
    PutDeadToken ended;
    const bool ends_one = put.has_previous;
    if (ends_one) {
        ended = {put.user,
                 op.db,
                 put.previous_token,
                 put.previous_slot,
                 RemovalReason::revoked,
                 put.expires_at == 0 ? op.now + revoked_remembered_ms : std::min(put.expires_at, op.now + revoked_remembered_ms)};
    }
    const ShardIndex home = s.shard_of(put.user);
    const Rotated rotated{make_token(slot_of(put.user), s.random)};
    put.has_previous = true;
    put.previous_token = put.token;
    put.previous_slot = put.token_slot;
    // Without a grace it is over whatever the clock says: another thread's turn, and its `now`, may have begun before this one.
    put.previous_until = grace_ms == 0 ? 0 : op.now + grace_ms;
    put.token = s.hash_token(rotated.token);
    put.token_slot = users_slot;
    put.version = next_version(put.version);
    record.add(put);
    if (ends_one) record.add(ended);
    if (const auto error = s.check(op, record)) return *error;
    const Lsn lsn = s.append(op, record);
    Impl::depend(op, lsn);
    const ShardIndex ended_shard = found.space->shard_of_token(ended.token_slot);
    std::string user(put.user);  // `put` is views into the record that apply replaces
    ended.user = user;
    found.space->apply(put, lsn);
    if (ends_one) {
        const Place dead_place = found.space->apply(ended, lsn);
        if (ended_shard != home) {
            Space& hints = s.make_space(ended_shard, op.db);
            hints.move_token_hint(ended.token, {0, found.place, found.space->generation(found.place), home},
                                  {0, dead_place, found.space->generation(dead_place), home});
        }
        s.limit_dead(*found.space, after.stale);
    }
    return rotated;
}

}  // namespace storage
