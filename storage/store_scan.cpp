// SPDX-License-Identifier: MIT
// Going over all keys of a database: SCAN, RANDOMKEY, DBSIZE, FLUSH, and the digest that tests compare stores by.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>

#include "storage/store_impl.hpp"

namespace storage {
namespace {

// A cursor is {shard, place}: a record keeps its place while it lives, so a whole scan meets it exactly once. Below 2^47.
constexpr unsigned place_bits = 32;

// The key of a live record, or empty text with false.
bool key_of(Space& space, Place place, UnixMs now, std::array<char, SessionId::text_size>& id_text, std::string_view& key,
            KeyKind& kind) {
    if (const SessionRecord* s = space.session(place)) {
        if (!s->live(now)) return false;
        id_text = s->id.text();
        key = {id_text.data(), id_text.size()};
        kind = KeyKind::session;
        return true;
    }
    const StringRecord* s = space.string(place);
    if (!s || !s->live(now)) return false;
    key = s->key();
    kind = KeyKind::string;
    return true;
}

}  // namespace

std::uint64_t Store::scan(Op& op, std::uint64_t cursor, const ScanOptions& options, FunctionRef<void(std::string_view)> visit) {
    constexpr std::uint64_t places_per_lock = 512;
    constexpr std::uint64_t empty_shard_cost = 1;
    std::uint64_t shard = cursor >> place_bits;
    auto place = static_cast<std::uint64_t>(static_cast<Place>(cursor));
    std::uint64_t budget = std::max<std::uint64_t>(options.count, 1);
    std::array<char, SessionId::text_size> id_text{};
    while (shard < impl_->shards.size()) {
        if (budget == 0) return shard << place_bits | place;
        ShardLock lock(impl_->shards, static_cast<ShardIndex>(shard));
        Space* space = impl_->space(static_cast<ShardIndex>(shard), op.db);
        if (!space || place >= space->places_end()) {
            ++shard;
            place = 0;
            budget -= std::min(budget, empty_shard_cost);
            if (space) Impl::depend(op, space->last_lsn);
            continue;
        }
        Impl::depend(op, space->last_lsn);
        const std::uint64_t end = std::min<std::uint64_t>({space->places_end(), place + budget, place + places_per_lock});
        budget -= end - place;
        for (; place < end; ++place) {
            std::string_view key;
            KeyKind kind{};
            if (!key_of(*space, static_cast<Place>(place), op.now, id_text, key, kind)) continue;
            if (!options.kind || *options.kind == kind) visit(key);
        }
    }
    return 0;
}

std::optional<std::string> Store::random_key(Op& op) {
    std::array<unsigned char, 8> dice{};
    impl_->random.fill(dice);
    const std::size_t shards = impl_->shards.size();
    const std::size_t start = (dice[0] | static_cast<std::size_t>(dice[1]) << 8) % shards;
    const std::size_t start_place = dice[2] | static_cast<std::size_t>(dice[3]) << 8 | static_cast<std::size_t>(dice[4]) << 16;
    std::array<char, SessionId::text_size> id_text{};
    for (std::size_t i = 0; i < shards; ++i) {
        const auto shard = static_cast<ShardIndex>((start + i) % shards);
        ShardLock lock(impl_->shards, shard);
        Space* space = impl_->space(shard, op.db);
        if (!space) continue;
        Impl::depend(op, space->last_lsn);
        const Place end = space->places_end();
        for (Place p = 0; p < end; ++p) {
            std::string_view key;
            KeyKind kind{};
            if (key_of(*space, static_cast<Place>((start_place + p) % end), op.now, id_text, key, kind)) return std::string(key);
        }
    }
    return std::nullopt;
}

std::uint64_t Store::db_size(Op& op) {
    std::uint64_t keys = 0;
    for (std::size_t s = 0; s < impl_->shards.size(); ++s) {
        const auto shard = static_cast<ShardIndex>(s);
        ShardLock lock(impl_->shards, shard);
        const Space* space = impl_->space(shard, op.db);
        if (!space) continue;
        impl_->depend_on_all(op, shard);
        keys += space->counts().sessions + space->counts().strings;
    }
    return keys;
}

Result<void> Store::flush(Op& op, std::optional<DbIndex> db) {
    const Flush effect{!db.has_value(), db.value_or(0)};
    RecordWriter& record = Impl::writer();
    record.add(effect);
    std::vector<std::unique_ptr<Space>> out;
    out.reserve(impl_->shards.size() * (db ? 1 : db_count));
    {
        ShardLock lock(impl_->shards);
        if (const auto error = impl_->check(op, record)) return *error;
        const Lsn lsn = impl_->append(op, record);
        Impl::depend(op, lsn);
        for (std::size_t s = 0; s < impl_->shards.size(); ++s) impl_->flush_shard(static_cast<ShardIndex>(s), effect, lsn, out);
    }
    const std::lock_guard guard(impl_->left_mutex);
    for (auto& space : out) impl_->left.push_back(std::move(space));
    return {};
}

void Store::Impl::flush_shard(ShardIndex shard, const Flush& effect, Lsn lsn, std::vector<std::unique_ptr<Space>>& out) {
    for (std::size_t db = 0; db < db_count; ++db) {
        auto& space = shards[shard].spaces[db];
        if (!space || (!effect.all && db != effect.db)) continue;
        out.push_back(std::move(space));
        out.back()->leave();
        Space& fresh = make_space(shard, static_cast<DbIndex>(db));
        fresh.last_lsn = fresh.removal_lsn = lsn;
        fresh.last_id_ms = out.back()->last_id_ms;
        fresh.last_id_high = out.back()->last_id_high;
        fresh.continue_generations(*out.back());
    }
}

void Store::free_some() {
    constexpr std::size_t spaces_per_call = 8;
    std::vector<std::unique_ptr<Space>> going;
    {
        const std::lock_guard guard(impl_->left_mutex);
        while (going.size() < spaces_per_call && !impl_->left.empty()) {
            going.push_back(std::move(impl_->left.back()));
            impl_->left.pop_back();
        }
    }
}

std::uint64_t Store::digest(UnixMs now) {
    // The sum of each live record's own hash: independent of places and shards.
    std::uint64_t sum = 0;
    for (std::size_t s = 0; s < impl_->shards.size(); ++s) {
        ShardLock lock(impl_->shards, static_cast<ShardIndex>(s));
        for (auto& space : impl_->shards[s].spaces) {
            if (!space) continue;
            for (Place p = 0; p < space->places_end(); ++p) {
                RecordWriter record;
                const SessionRecord* session = space->session(p);
                const StringRecord* string = space->string(p);
                if (session && session->live(now))
                    record.add(session->effect(space->db()));
                else if (string && string->live(now))
                    record.add(PutString{string->key(), space->db(), string->value(), string->expires_at});
                else
                    continue;
                sum += XXH3_64bits(record.bytes().data(), record.bytes().size());
            }
        }
    }
    return sum;
}

}  // namespace storage
