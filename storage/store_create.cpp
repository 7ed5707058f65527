// SPDX-License-Identifier: MIT
// SESS.CREATE: ids and tokens are made or taken, the quota is kept, and one log record says it all.
#include <algorithm>
#include <cstring>

#include "storage/ensure.hpp"
#include "storage/store_impl.hpp"

namespace storage {
namespace {

constexpr std::uint64_t high_bits = (1ULL << 60) - 1;  // the 12 characters of a ULID between its time and its last four

// A ULID that is in the user's slot and greater than the last one made here in this millisecond.
SessionId make_id(Space& space, UnixMs now, Slot slot, RandomSource& random) {
    static constexpr std::string_view alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
    if (now > space.last_id_ms) {
        std::array<unsigned char, 8> dice{};
        random.fill(dice);
        std::memcpy(&space.last_id_high, dice.data(), dice.size());
        space.last_id_high &= high_bits >> 1;  // room to count up
        space.last_id_ms = now;
    } else {
        space.last_id_high = (space.last_id_high + 1) & high_bits;
    }
    std::array<char, SessionId::text_size> text{};
    std::memcpy(text.data(), "tmss-", 5);
    auto ms = static_cast<std::uint64_t>(space.last_id_ms) & ((1ULL << 48) - 1);
    for (std::size_t i = 15; i-- > 5; ms >>= 5) text[i] = alphabet[ms & 31U];
    std::uint64_t high = space.last_id_high;
    for (std::size_t i = 27; i-- > 15; high >>= 5) text[i] = alphabet[high & 31U];
    SlotSteering::crockford().steer(text, slot, random);
    const auto id = SessionId::parse({text.data(), text.size()});
    ENSURE(id.has_value());
    return *id;
}

void pack(std::string& to, std::span<const DataField> fields) {
    to.clear();
    for (const auto& [name, value] : fields) PackedData::add(to, name, value);
}

// All of the new session but its id and token.
void describe(PutSession& put, const Op& op, const NewSession& wanted, std::string_view packed) {
    put.user = wanted.user;
    put.db = op.db;
    put.created_at = put.last_active = op.now;
    put.expires_at = wanted.expires_at;
    put.idle_ms = wanted.idle_ms;
    put.version = 1;
    put.device = wanted.device;
    put.created_by = wanted.created_by;
    put.ip = wanted.ip;
    put.ua = wanted.ua;
    put.data = PackedData(packed);
}

// What must go so that one more session fits: nothing, the oldest live ones, or an error.
boost::system::error_code keep_quota(Store::Impl& store, Op& op, Space& space, std::string_view user,
                                     std::vector<Found>& evicted) {
    const std::uint32_t max = store.settings.session_max_per_user.load(std::memory_order_relaxed);
    const Place first = space.first_of_user(user);
    if (first == no_place || space.session(first)->user_count() < max) return {};
    std::vector<Found> live;  // newest first
    for (Place p = first; p != no_place; p = space.session(p)->user_next)
        if (space.session(p)->live(op.now)) live.push_back({&space, p});
    if (live.size() < max) return {};
    store.counters.quota_hits.fetch_add(1, std::memory_order_relaxed);
    if (store.settings.session_quota_policy.load(std::memory_order_relaxed) == QuotaPolicy::reject) {
        Store::Impl::depend(op, space.last_lsn);
        return Errc::over_quota;
    }
    std::stable_sort(live.begin(), live.end(),
                     [](const Found& a, const Found& b) { return a.session()->created_at() > b.session()->created_at(); });
    evicted.assign(live.begin() + static_cast<std::ptrdiff_t>(max) - 1, live.end());
    return {};
}

// The hash of the token that was brought or is made here, before any lock is taken.
TokenHash claimed_or_made(const Store::Impl& store, const NewSession& wanted, Slot user_slot, CreatedSession& made) {
    if (wanted.token) return store.hash_token(*wanted.token);
    made.token = make_token(user_slot, store.random);
    made.token_made = true;
    return store.hash_token(made.token);
}

// A brought token: taken while a session has it or it is remembered. What is remembered no longer is forgotten here, so that
// the index has one place a token.
boost::system::error_code claim_token(Op& op, const Found& found, std::vector<StaleHint>& stale) {
    if (!found) return {};
    const DeadRecord* dead = found.dead();
    if (!dead || dead->remembered(op.now)) {
        Store::Impl::depend(op, found.space->at(found.place)->gate_lsn());
        return Errc::token_taken;
    }
    found.space->forget(found.place, stale);
    return {};
}

}  // namespace

Result<CreatedSession> Store::create(Op& op, const NewSession& wanted) {
    Impl& s = *impl_;
    const Slot user_slot = slot_of(wanted.user);
    const ShardIndex home = s.shard_of_slot(user_slot);
    ShardLock::Set set{home};
    const Slot token_slot = wanted.token ? slot_of(*wanted.token) : users_slot;
    const ShardIndex token_shard = wanted.token ? s.shard_of_slot(token_slot) : home;
    if (wanted.id) set.push_back(s.shard_of(*wanted.id));
    if (wanted.token) set.push_back(token_shard);

    __builtin_prefetch(&s.shards[home], 1);
    thread_local std::string packed;
    pack(packed, wanted.data);
    PutSession put;
    describe(put, op, wanted, packed);
    s.ahead(home, op.db, [&](Space& space) { space.prefetch_state(put); });
    CreatedSession made;
    put.token = claimed_or_made(s, wanted, user_slot, made);
    s.ahead(home, op.db, [&](Space& space) { space.prefetch_places(put); });

    Aftermath after(s, op.db);
    ShardLock lock(s.shards, std::move(set));
    Found same_id, same_token;
    do {
        if (wanted.id) same_id = s.find_id(op, *wanted.id, lock);
        if (wanted.token) same_token = s.find_token(op, put.token, token_shard, lock);
    } while (lock.widen());

    if (const SessionRecord* r = same_id.session(); r && r->live(op.now)) {
        Impl::depend(op, r->lsn);
        return Errc::id_taken;
    }
    if (const auto error = claim_token(op, same_token, after.stale)) return error;
    Space& space = s.make_space(home, op.db);
    put.id = made.id = wanted.id ? *wanted.id : make_id(space, op.now, user_slot, s.random);
    space.prefetch_rest(put);
    std::vector<Found> evicted;
    if (const auto error = keep_quota(s, op, space, wanted.user, evicted)) return error;
    while (!wanted.id && space.find_id(made.id) != no_place) put.id = made.id = make_id(space, op.now, user_slot, s.random);
    put.token_slot = token_slot;
    made.expires_at = put.expires_at;
    made.version = put.version;

    RecordWriter& record = Impl::writer();
    std::vector<RemoveSession> removals;
    if (const SessionRecord* over = same_id.session())
        removals.push_back(Impl::removal(*over, op.db, RemovalReason::expired, op.now));
    for (const Found& e : evicted) removals.push_back(Impl::removal(*e.session(), op.db, RemovalReason::quota, op.now));
    for (const auto& r : removals) record.add(r);
    record.add(put);
    if (const auto error = s.check(op, record)) return *error;
    const Lsn lsn = s.append(op, record);
    Impl::depend(op, lsn);
    if (same_id.session()) same_id.space->apply(removals.front(), lsn);
    for (std::size_t i = 0; i < evicted.size(); ++i) space.apply(removals[removals.size() - evicted.size() + i], lsn);
    for (const auto& r : removals) s.count_removal(r.reason);
    const Place place = space.apply(put, lsn);
    if (wanted.id || wanted.token) {
        const Hint here{0, place, space.generation(place), home};
        if (wanted.id && s.shard_of(*wanted.id) != home)
            s.make_space(s.shard_of(*wanted.id), op.db).put_id_hint(*wanted.id, here);
        if (wanted.token && token_shard != home) s.make_space(token_shard, op.db).put_token_hint(put.token, here);
    }
    if (!removals.empty()) s.limit_dead(space, after.stale);
    s.counters.created.fetch_add(1, std::memory_order_relaxed);
    return made;
}

}  // namespace storage
