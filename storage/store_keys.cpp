// SPDX-License-Identifier: MIT
// Keys of both kinds: a plain key, or a session's id as text.
#include <boost/container/small_vector.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include <algorithm>
#include <array>

#include "storage/store_impl.hpp"

namespace storage {
namespace {

struct NamedKey {  // what a key's text means, and where it was found
    std::optional<SessionId> id;
    ShardIndex shard = 0;  // its home. Ids may come in upper case; their slot is that of the text as kept
    Found found;
};

// Looks all keys up under one set of locks. Only live records count as found; what an absence depends on is noted.
class Keys {
public:
    Keys(Store::Impl& store, Op& op, std::span<const std::string_view> names)
        : store_(store), op_(op), names_(names), keys_(names.size()) {
        for (std::size_t i = 0; i < names.size(); ++i) {
            keys_[i].id = SessionId::parse(names[i]);
            keys_[i].shard = keys_[i].id ? store.shard_of(*keys_[i].id) : store.shard_of(names[i]);
        }
    }

    ShardLock::Set shards() const {
        ShardLock::Set set;
        for (const NamedKey& key : keys_) set.push_back(key.shard);
        return set;
    }

    void find(ShardLock& lock) {
        do {
            for (std::size_t i = 0; i < names_.size(); ++i) {
                NamedKey& key = keys_[i];
                key.found = key.id ? store_.find_id(op_, *key.id, lock) : store_.find_string(op_, names_[i], key.shard);
            }
        } while (lock.widen());
        for (NamedKey& key : keys_) judge(key);
    }

    Found& first() { return keys_[0].found; }
    std::span<const NamedKey> all() const { return {keys_.data(), keys_.size()}; }

private:
    void judge(NamedKey& key) {
        const SessionRecord* session = key.found.session();
        const StringRecord* string = key.found.string();
        if (key.found) Store::Impl::depend(op_, key.found.space->at(key.found.place)->gate_lsn());
        if ((session && session->live(op_.now)) || (string && string->live(op_.now))) return;
        if (!key.found) store_.depend_on_absence(op_, key.shard);
        key.found = {};
    }

    Store::Impl& store_;
    Op& op_;
    std::span<const std::string_view> names_;
    boost::container::small_vector<NamedKey, 1> keys_;  // one is the common case
};

// One key: the common case.
class OneKey {
public:
    OneKey(Store::Impl& store, Op& op, std::string_view name)
        : name_(name), keys_(store, op, {&name_, 1}), lock_(store.shards, keys_.shards()) {
        keys_.find(lock_);
    }
    const Found& operator*() { return keys_.first(); }
    const Found* operator->() { return &keys_.first(); }

private:
    std::string_view name_;  // before keys_, which look at it
    Keys keys_;
    ShardLock lock_;
};

}  // namespace

KeyKind Store::kind(Op& op, std::string_view key) {
    OneKey k(*impl_, op, key);
    return k->session() ? KeyKind::session : k->string() ? KeyKind::string : KeyKind::none;
}

std::optional<UnixMs> Store::expires_at(Op& op, std::string_view key) {
    OneKey k(*impl_, op, key);
    if (const SessionRecord* s = k->session()) return s->due();
    if (const StringRecord* s = k->string()) return s->expires_at;
    return std::nullopt;
}

std::optional<std::int64_t> Store::idle_ms(Op& op, std::string_view key) {
    OneKey k(*impl_, op, key);
    if (const SessionRecord* s = k->session()) return std::max<std::int64_t>(0, op.now - s->last_active());
    if (const StringRecord* s = k->string()) return s->last_access == 0 ? 0 : std::max<std::int64_t>(0, op.now - s->last_access);
    return std::nullopt;
}

std::uint64_t Store::count_existing(Op& op, std::span<const std::string_view> names, bool touch) {
    std::uint64_t there = 0;
    for (const std::size_t slice = keys_at_once(names.size()); !names.empty();
         names = names.subspan(std::min(slice, names.size()))) {
        Keys keys(*impl_, op, names.first(std::min(slice, names.size())));
        ShardLock lock(impl_->shards, keys.shards());
        keys.find(lock);
        for (const NamedKey& key : keys.all()) {
            if (!key.found) continue;
            ++there;
            if (!touch) continue;
            if (StringRecord* s = key.found.string()) s->last_access = op.now;
            if (key.found.session()) impl_->touch_found(op, key.found, Touch{true, {}, {}}, true);
        }
    }
    return there;
}

Result<std::uint64_t> Store::remove_keys(Op& op, std::span<const std::string_view> names) {
    Keys keys(*impl_, op, names);
    Aftermath after(*impl_, op.db);
    ShardLock lock(impl_->shards, keys.shards());
    keys.find(lock);
    RecordWriter& record = Impl::writer();
    std::vector<std::pair<Found, std::string_view>> gone;
    boost::unordered_flat_set<const Record*> seen;
    for (std::size_t i = 0; i < names.size(); ++i) {
        const Found& f = keys.all()[i].found;
        if (!f || (names.size() > 1 && !seen.insert(f.space->at(f.place)).second)) continue;
        gone.emplace_back(f, names[i]);
        if (const SessionRecord* s = f.session())
            record.add(Impl::removal(*s, op.db, RemovalReason::deleted, op.now));
        else
            record.add(RemoveString{names[i], op.db, RemovalReason::deleted});
    }
    if (gone.empty()) return std::uint64_t{0};
    if (const auto error = impl_->check(op, record)) return *error;
    const Lsn lsn = impl_->append(op, record);
    Impl::depend(op, lsn);
    for (auto& [f, name] : gone) {
        if (const SessionRecord* s = f.session()) {
            f.space->apply(Impl::removal(*s, op.db, RemovalReason::deleted, op.now), lsn);
            impl_->count_removal(RemovalReason::deleted);
            impl_->limit_dead(*f.space, after.stale);
        } else {
            f.space->apply(RemoveString{name, op.db, RemovalReason::deleted}, lsn);
        }
    }
    return gone.size();
}

namespace {

bool allowed(ExpireWhen when, UnixMs old, UnixMs at) {  // Redis: without a time to live counts as infinite for GT and LT
    switch (when) {
        case ExpireWhen::always: return true;
        case ExpireWhen::if_none: return old == 0;
        case ExpireWhen::if_some: return old != 0;
        case ExpireWhen::if_later: return old != 0 && at > old;
        case ExpireWhen::if_sooner: return old == 0 || at < old;
        case ExpireWhen::if_some_sooner: return old != 0 && at < old;
    }
    return false;
}

}  // namespace

Result<bool> Store::expire(Op& op, std::string_view name, UnixMs at, ExpireWhen when) {
    Aftermath after(*impl_, op.db);
    OneKey k(*impl_, op, name);
    const Found f = *k;
    if (!f) return false;
    if (!allowed(when, f.space->at(f.place)->expiry(), at)) return false;
    const bool removes = at <= op.now;
    const auto log_and_apply = [&](const auto& effect) -> Result<bool> {
        RecordWriter& record = Impl::writer();
        record.add(effect);
        if (const auto error = impl_->check(op, record)) return *error;
        const Lsn lsn = impl_->append(op, record);
        Impl::depend(op, lsn);
        f.space->apply(effect, lsn);
        return true;
    };
    if (const SessionRecord* s = f.session()) {
        if (!removes) return log_and_apply(ExpireSession{s->user(), op.db, s->id, at, next_version(s->version()), 0});
        const auto done = log_and_apply(Impl::removal(*s, op.db, RemovalReason::deleted, op.now));
        if (done) {
            impl_->count_removal(RemovalReason::deleted);
            impl_->limit_dead(*f.space, after.stale);
        }
        return done;
    }
    if (removes) return log_and_apply(RemoveString{name, op.db, RemovalReason::deleted});
    return log_and_apply(ExpireString{name, op.db, at});
}

Result<bool> Store::persist(Op& op, std::string_view name) {
    OneKey k(*impl_, op, name);
    const Found f = *k;
    if (!f || f.space->at(f.place)->expiry() == 0) return false;
    RecordWriter& record = Impl::writer();
    const SessionRecord* s = f.session();
    const ExpireSession of_session =
        s ? ExpireSession{s->user(), op.db, s->id, 0, next_version(s->version()), 0} : ExpireSession{};
    const ExpireString of_string{name, op.db, 0};
    if (s)
        record.add(of_session);
    else
        record.add(of_string);
    if (const auto error = impl_->check(op, record)) return *error;
    const Lsn lsn = impl_->append(op, record);
    Impl::depend(op, lsn);
    if (s)
        f.space->apply(of_session, lsn);
    else
        f.space->apply(of_string, lsn);
    return true;
}

Result<bool> Store::rename(Op& op, std::string_view from, std::string_view to, bool only_if_absent) {
    if (is_reserved_key(from) || is_reserved_key(to)) return Errc::wrong_type;
    const std::array names{from, to};
    Keys keys(*impl_, op, names);
    ShardLock lock(impl_->shards, keys.shards());
    keys.find(lock);
    const StringRecord* source = keys.all()[0].found.string();
    if (!source) return Errc::no_key;
    if (only_if_absent && keys.all()[1].found) return false;
    if (from == to) return true;
    RecordWriter& record = Impl::writer();
    const PutString put{to, op.db, source->value(), source->expires_at};
    const RemoveString remove{from, op.db, RemovalReason::replaced};
    record.add(put);
    record.add(remove);
    if (const auto error = impl_->check(op, record)) return *error;
    Space& target = impl_->make_space(impl_->shard_of(to), op.db);
    const Lsn lsn = impl_->append(op, record);
    Impl::depend(op, lsn);
    target.apply(put, lsn);
    keys.all()[0].found.space->apply(remove, lsn);
    return true;
}

Result<bool> Store::copy(Op& op, std::string_view from, std::string_view to, DbIndex to_db, bool replace) {
    if (is_reserved_key(from) || is_reserved_key(to)) return Errc::wrong_type;
    ShardLock lock(impl_->shards, {impl_->shard_of(from), impl_->shard_of(to)});
    const StringRecord* source = impl_->find_string(op, from).string();
    if (!source || !source->live(op.now)) {
        impl_->depend_on_absence(op, impl_->shard_of(from));
        return false;
    }
    Impl::depend(op, source->lsn);
    Op there = op;
    there.db = to_db;
    const StringRecord* target = impl_->find_string(there, to).string();
    if (target && target->live(op.now) && !replace) {
        Impl::depend(op, target->lsn);
        return false;
    }
    RecordWriter& record = Impl::writer();
    const PutString put{to, to_db, source->value(), source->expires_at};
    record.add(put);
    if (const auto error = impl_->check(op, record)) return *error;
    const ShardIndex shard = impl_->shard_of(to);
    Space& space = impl_->make_space(shard, to_db);
    const Lsn lsn = impl_->append(op, record);
    Impl::depend(op, lsn);
    space.apply(put, lsn);
    return true;
}

}  // namespace storage
