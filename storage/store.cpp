// SPDX-License-Identifier: MIT
// The store's frame: shards, finding records through indexes and hints, logging, figures.
#include "storage/store.hpp"

#include <algorithm>
#include <bit>

#include "storage/ensure.hpp"
#include "storage/store_impl.hpp"

namespace storage {
namespace {

std::uint64_t mix(std::uint64_t& state) {  // splitmix64, to draw several seeds from one
    state += 0x9e3779b97f4a7c15ULL;
    std::uint64_t z = state;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
    return z ^ z >> 31;
}

}  // namespace

Store::Store(Options options, Journal& journal, RandomSource& random, Settings& settings)
    : impl_(std::make_unique<Impl>(options, journal, random, settings)) {}

Store::~Store() = default;

Store::Impl::Impl(Options options, Journal& journal_to, RandomSource& random_from, Settings& settings_of)
    : shards(options.shards),
      shard_shift(static_cast<unsigned>(std::countr_zero(slot_count) - std::countr_zero(options.shards))),
      journal(journal_to),
      random(random_from),
      settings(settings_of),
      start_tick(TimingWheel::current_tick(options.now)),
      random_state(options.hash_seed ^ 0x5bf03635dca2d2ebULL) {
    ENSURE(std::has_single_bit(options.shards) && options.shards >= 16 && options.shards <= slot_count);
    std::uint64_t state = options.hash_seed;
    seeds = {mix(state), mix(state), mix(state), mix(state)};
}

Space& Store::Impl::make_space(ShardIndex shard, DbIndex db) {
    auto& space = shards[shard].spaces[db];
    if (!space) space = std::make_unique<Space>(shard, db, shard_shift, seeds, start_tick, shards[shard].memory_bytes);
    return *space;
}

namespace {

// The record that is wanted: at home, or where a hint leads. A live session goes before what is remembered of a dead one.
template <class Hints, class Matches>
Found follow(Store::Impl& store, Op& op, Space& home, Place at_home, Hints&& hints, ShardLock& lock, Matches&& matches) {
    Found found;
    if (at_home != no_place) found = {&home, at_home};
    if (found.session()) return found;
    for (const Hint& hint : hints()) {
        if (!lock.holds(hint.shard)) {
            lock.want(hint.shard);
            continue;
        }
        Space* space = store.space(hint.shard, op.db);
        const Record* record = space ? space->at(hint.place) : nullptr;
        if (!record || space->generation(hint.place) != hint.generation) {  // forgotten, and this shard is not told yet
            store.depend_on_absence(op, hint.shard);
            continue;
        }
        if (!matches(*record)) continue;
        const Found there{space, hint.place};
        if (there.session()) return there;
        if (!found) found = there;
    }
    return found;
}

}  // namespace

Found Store::Impl::find_id(Op& op, const SessionId& id, ShardLock& lock) {
    Space* home = space(shard_of(id), op.db);
    if (!home) return {};
    const auto hints = [&] { return home->id_hints(id); };
    return follow(*this, op, *home, home->find_id(id), hints, lock, [&](const Record& r) {
        if (r.kind == RecordKind::session) return static_cast<const SessionRecord&>(r).id == id;
        return r.kind == RecordKind::dead && r.has(DeadRecord::has_id) && static_cast<const DeadRecord&>(r).id == id;
    });
}

Found Store::Impl::find_token(Op& op, const TokenHash& hash, ShardIndex shard, ShardLock& lock) {
    Space* home = space(shard, op.db);
    if (!home) return {};
    const auto hints = [&] { return home->token_hints(hash); };
    return follow(*this, op, *home, home->find_token(hash), hints, lock, [&](const Record& r) {
        if (r.kind == RecordKind::session) {
            const auto& s = static_cast<const SessionRecord&>(r);
            return s.token == hash || (s.has_previous_token() && s.previous_token() == hash);
        }
        if (r.kind != RecordKind::dead) return false;
        const auto& d = static_cast<const DeadRecord&>(r);
        return d.token == hash || (d.has(DeadRecord::has_previous) && d.previous == hash);
    });
}

Found Store::Impl::find_string(const Op& op, std::string_view key, ShardIndex shard) {
    Space* home = space(shard, op.db);
    if (!home) return {};
    const Place place = home->find_string(key);
    return place == no_place ? Found{} : Found{home, place};
}

std::optional<Errc> Store::Impl::check(Op& op, const RecordWriter& record) const {
    const std::size_t bytes = record.bytes().size();
    if (bytes > journal.record_bytes_max()) return Errc::record_too_large;
    if (op.credit && op.credit->bytes >= bytes) return std::nullopt;
    op.credit_wanted = bytes;
    return Errc::need_credit;
}

Lsn Store::Impl::append(Op& op, const RecordWriter& record) { return journal.append(*op.credit, record.bytes()); }

RecordWriter& Store::Impl::writer() {
    thread_local RecordWriter writer;
    writer.clear();
    return writer;
}

Aftermath::~Aftermath() {
    for (const StaleHint& hint : stale) {
        ShardLock lock(store_.shards, hint.in);
        if (Space* space = store_.space(hint.in, db_)) space->drop_hint(hint);
    }
}

std::uint32_t Store::shard_count() const { return static_cast<std::uint32_t>(impl_->shards.size()); }

Store::Figures Store::figures() const {
    Figures f;
    for (Shard& shard : impl_->shards) {
        f.lock_acquisitions += shard.mutex.acquisitions();
        f.lock_contended += shard.mutex.contended();
        ShardLock lock(impl_->shards, static_cast<ShardIndex>(&shard - impl_->shards.data()));
        for (const auto& space : shard.spaces) {
            if (!space) continue;
            const auto& c = space->counts();
            f.sessions += c.sessions;
            f.keys += c.sessions + c.strings;
            f.users += c.users;
            f.dead_records += c.dead;
            f.record_bytes += c.record_bytes;
            f.wheel_bytes += space->wheel_bytes();
            f.index_bytes += space->index_bytes() + space->wheel_bytes();
        }
    }
    const auto& n = impl_->counters;
    const auto get = [](const std::atomic<std::uint64_t>& v) { return v.load(std::memory_order_relaxed); };
    f.created = get(n.created);
    f.revoked = get(n.revoked);
    f.expired = get(n.expired);
    f.evicted = get(n.evicted);
    f.quota_hits = get(n.quota_hits);
    f.touches = get(n.touches);
    f.touches_logged = get(n.touches_logged);
    f.expiry_lag_ms_max = get(n.expiry_lag_ms_max);
    f.memory_bytes = f.record_bytes + f.index_bytes;
    return f;
}

Store::DbFigures Store::db_figures(DbIndex db, UnixMs now) const {
    DbFigures f;
    double ttl_sum = 0;
    std::uint64_t sampled = 0;
    for (std::size_t s = 0; s < impl_->shards.size(); ++s) {
        ShardLock lock(impl_->shards, static_cast<ShardIndex>(s));
        const Space* space = impl_->space(static_cast<ShardIndex>(s), db);
        if (!space) continue;
        f.keys += space->counts().sessions + space->counts().strings;
        f.expires += space->counts().expiring;
        constexpr Place sample = 16;
        for (Place p = 0; p < std::min(space->places_end(), sample); ++p) {
            const Record* r = const_cast<Space*>(space)->at(p);
            if (!r || r->kind == RecordKind::dead || r->expiry() <= now) continue;
            ttl_sum += static_cast<double>(r->expiry() - now);
            ++sampled;
        }
    }
    if (sampled != 0) f.avg_ttl_ms = static_cast<std::uint64_t>(ttl_sum / static_cast<double>(sampled));
    return f;
}

}  // namespace storage
