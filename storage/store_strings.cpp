// SPDX-License-Identifier: MIT
// Plain string keys. Every change logs the resulting value, never the wish.
#include <boost/unordered/unordered_flat_set.hpp>

#include <algorithm>
#include <cstring>

#include "storage/store_impl.hpp"
#include "storage/store_string_change.hpp"

namespace storage {

bool Store::get_string(Op& op, std::string_view key, ValueVisitor visit) {
    if (SessionId::parse(key) && kind(op, key) == KeyKind::session) return false;
    const ShardIndex shard = impl_->shard_of(op, key);
    ShardLock lock(impl_->shards, shard);
    StringRecord* s = impl_->find_string(op, key, shard).string();
    if (!s) {
        impl_->depend_on_absence(op, shard);
        visit(std::nullopt);
        return true;
    }
    Impl::depend(op, s->lsn);
    if (!s->live(op.now)) {
        visit(std::nullopt);
        return true;
    }
    s->last_access = op.now;
    visit(s->value());
    return true;
}

void Store::get_many(Op& op, std::span<const std::string_view> keys,
                     FunctionRef<void(std::size_t, std::optional<std::string_view>)> visit) {
    for (std::size_t begin = 0, end = 0; begin < keys.size(); begin = end) {
        end = std::min(keys.size(), begin + keys_at_once(keys.size()));
        ShardLock::Set set;
        for (std::size_t i = begin; i < end; ++i) set.push_back(impl_->shard_of(keys[i]));
        ShardLock lock(impl_->shards, std::move(set));
        for (std::size_t i = begin; i < end; ++i) {
            const ShardIndex shard = impl_->shard_of(keys[i]);
            StringRecord* s = impl_->find_string(op, keys[i], shard).string();
            if (s)
                Impl::depend(op, s->lsn);
            else
                impl_->depend_on_absence(op, shard);
            if (s && s->live(op.now)) {
                s->last_access = op.now;
                visit(i, s->value());
            } else {
                visit(i, std::nullopt);
            }
        }
    }
}

Result<bool> Store::set_string(Op& op, std::string_view key, std::string_view value, const SetOptions& options,
                               ValueVisitor old_value) {
    if (is_reserved_key(key)) return Errc::wrong_type;
    if (value.size() > impl_->settings.value_bytes_max.load(std::memory_order_relaxed)) return Errc::value_too_large;
    StringChange change(*impl_, op, key);
    const StringRecord* old = change.old();
    const bool done = options.when == SetWhen::always || (options.when == SetWhen::if_present) == (old != nullptr);
    if (done) {
        const UnixMs keep = options.keep_ttl && old ? old->expires_at : 0;
        const UnixMs expires_at = options.keep_ttl ? keep : options.expires_at;
        if (expires_at != 0 && expires_at <= op.now) {
            if (old && !change.removes()) return change.error();
        } else if (!change.puts(value, expires_at)) {
            return change.error();
        }
    }
    if (options.want_old) old_value(old ? std::optional(old->value()) : std::nullopt);
    if (done)
        change.apply();
    else
        change.depend_on_old();
    return done;
}

Result<bool> Store::set_many(Op& op, std::span<const DataField> pairs, bool only_if_all_absent) {
    ShardLock::Set set;
    const std::size_t value_max = impl_->settings.value_bytes_max.load(std::memory_order_relaxed);
    for (const auto& [key, value] : pairs) {
        if (is_reserved_key(key)) return Errc::wrong_type;
        if (value.size() > value_max) return Errc::value_too_large;
        set.push_back(impl_->shard_of(key));
    }
    ShardLock lock(impl_->shards, std::move(set));
    if (only_if_all_absent) {
        for (const auto& [key, value] : pairs) {
            const StringRecord* s = impl_->find_string(op, key).string();
            if (!s || !s->live(op.now)) continue;
            Impl::depend(op, s->lsn);
            return false;
        }
    }
    RecordWriter& record = Impl::writer();
    std::vector<PutString> puts;
    boost::unordered_flat_set<std::string_view> seen;
    for (std::size_t i = pairs.size(); i-- > 0;) {
        // Of a key that comes twice the last value counts; one effect a key keeps "older LSN is skipped" simple.
        if (pairs.size() > 1 && !seen.insert(pairs[i].first).second) continue;
        puts.push_back({pairs[i].first, op.db, pairs[i].second, 0});
        record.add(puts.back());
    }
    if (const auto error = impl_->check(op, record)) return *error;
    for (const PutString& put : puts) impl_->make_space(impl_->shard_of(put.key), op.db);
    const Lsn lsn = impl_->append(op, record);
    Impl::depend(op, lsn);
    for (const PutString& put : puts) impl_->space(impl_->shard_of(put.key), op.db)->apply(put, lsn);
    return true;
}

Result<void> Store::get_and_remove(Op& op, std::string_view key, ValueVisitor visit) {
    if (is_reserved_key(key)) return Errc::wrong_type;
    StringChange change(*impl_, op, key);
    const StringRecord* old = change.old();
    if (old && !change.removes()) return change.error();
    visit(old ? std::optional(old->value()) : std::nullopt);
    old ? change.apply() : change.depend_on_old();
    return {};
}

Result<void> Store::get_and_expire(Op& op, std::string_view key, std::optional<UnixMs> expires_at, ValueVisitor visit) {
    if (is_reserved_key(key)) return Errc::wrong_type;
    StringChange change(*impl_, op, key);
    StringRecord* old = change.old();
    const bool changes = old && expires_at && *expires_at != old->expires_at;
    if (changes) {
        const bool over = *expires_at != 0 && *expires_at <= op.now;
        if (over ? !change.removes() : !change.expires(*expires_at)) return change.error();
    }
    if (old) old->last_access = op.now;
    visit(old ? std::optional(old->value()) : std::nullopt);
    changes ? change.apply() : change.depend_on_old();
    return {};
}

Result<std::uint64_t> Store::append_string(Op& op, std::string_view key, std::string_view tail) {
    if (is_reserved_key(key)) return Errc::wrong_type;
    StringChange change(*impl_, op, key);
    const StringRecord* old = change.old();
    const std::string_view head = old ? old->value() : std::string_view();
    if (head.size() + tail.size() > impl_->settings.value_bytes_max.load(std::memory_order_relaxed)) return Errc::value_too_large;
    if (tail.empty() && old) {
        change.depend_on_old();
        return head.size();
    }
    std::string value;
    value.reserve(head.size() + tail.size());
    value.append(head).append(tail);
    if (!change.puts(value, old ? old->expires_at : 0)) return change.error();
    change.apply();
    return value.size();
}

Result<std::uint64_t> Store::set_range(Op& op, std::string_view key, std::uint64_t offset, std::string_view piece) {
    if (is_reserved_key(key)) return Errc::wrong_type;
    StringChange change(*impl_, op, key);
    const StringRecord* old = change.old();
    const std::string_view before = old ? old->value() : std::string_view();
    if (piece.empty()) {
        change.depend_on_old();
        return before.size();
    }
    const std::size_t value_max = impl_->settings.value_bytes_max.load(std::memory_order_relaxed);
    if (offset > value_max || offset + piece.size() > value_max) return Errc::value_too_large;
    std::string value(before);
    value.resize(std::max<std::size_t>(value.size(), offset + piece.size()));
    std::memcpy(value.data() + offset, piece.data(), piece.size());
    if (!change.puts(value, old ? old->expires_at : 0)) return change.error();
    change.apply();
    return value.size();
}

}  // namespace storage
