// SPDX-License-Identifier: MIT
// Space: places, indexes and hints. What effects do to them is in space_apply.cpp.
#include "storage/space.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstring>

#include "storage/ensure.hpp"

namespace storage {
namespace {

constexpr std::size_t cache_line_bytes = 64;
constexpr std::size_t prefetched_lines = 5;  // a session with some data

std::uint32_t fold(std::uint64_t hash) { return static_cast<std::uint32_t>(hash ^ hash >> 32); }

}  // namespace

Space::Space(ShardIndex shard, DbIndex db, unsigned shard_shift, const Seeds& seeds, std::uint32_t start_tick,
             std::atomic<std::uint64_t>& memory_bytes)
    : seeds_(seeds),
      memory_bytes_(memory_bytes),
      shard_(shard),
      db_(db),
      shard_shift_(static_cast<std::uint8_t>(shard_shift)),
      wheel_(start_tick) {
    static_assert(sizeof(HashIndex<>) == 24 && sizeof(Space) <= 10240);  // the latter is a size class of the allocator
    ENSURE(reinterpret_cast<const char*>(&wheel_) + TimingWheel::head_bytes - reinterpret_cast<const char*>(this) <=
           static_cast<std::ptrdiff_t>(changed_lines * cache_line_bytes));
}

Space::~Space() {
    for (Place place = 0; place < places_end_; ++place)
        if (Record* record = at(place)) slab_.free(record, size_of(*record));  // large ones are malloc's
}

std::uint32_t Space::hash_of(const SessionId& id) const {
    return fold(XXH3_64bits_withSeed(id.bytes.data(), id.bytes.size(), seeds_.id));
}

std::uint32_t Space::hash_of(const TokenHash& token) const {
    // Already uniform; times a secret odd number, so that nobody can search tokens whose hashes collide here.
    std::uint64_t first = 0;
    std::memcpy(&first, token.data(), sizeof first);
    return static_cast<std::uint32_t>((first * (seeds_.token | 1U)) >> 32);
}

std::uint32_t Space::hash_of_user(std::string_view user) const {
    return fold(XXH3_64bits_withSeed(user.data(), user.size(), seeds_.user));
}

std::uint32_t Space::hash_of_key(std::string_view key) const {
    return fold(XXH3_64bits_withSeed(key.data(), key.size(), seeds_.key));
}

ShardIndex Space::shard_of(const SessionId& id) const {
    const auto text = id.text();
    return shard_of(slot_of({text.data(), text.size()}));
}

Place Space::find_id(const SessionId& id) {
    const IndexEntry* found = ids_.find(hash_of(id), [&](const IndexEntry& e) {
        const Record* r = &taken(e.place);
        return (r->kind == RecordKind::session ? static_cast<const SessionRecord*>(r)->id
                                               : static_cast<const DeadRecord*>(r)->id) == id;
    });
    return found ? found->place : no_place;
}

void Space::prefetch_state(const PutSession& e) {
    const auto* begin = reinterpret_cast<const char*>(this);
    for (std::size_t line = 0; line < changed_lines; ++line) __builtin_prefetch(begin + line * cache_line_bytes, 1);
    slab_.prefetch_class(SessionRecord::size_of(e));
}

void Space::prefetch_places(const PutSession& e) {
    users_.prefetch(hash_of_user(e.user));
    tokens_.prefetch(hash_of(e.token));
    slab_.prefetch(SessionRecord::size_of(e));
    if (free_places_.empty() && places_end_ % block_places != 0)
        __builtin_prefetch(&(*blocks_end_)[places_end_ % block_places], 1);
    if (const UnixMs due = SessionRecord::due_of(e); due != 0) wheel_.prefetch_slot(TimingWheel::tick_of(due));
}

void Space::prefetch_rest(const PutSession& e) {
    ids_.prefetch(hash_of(e.id));
    if (const UnixMs due = SessionRecord::due_of(e); due != 0) wheel_.prefetch_end(TimingWheel::tick_of(due));
}

std::uint32_t Space::hash_of(const Probe& probe) const {
    return probe.of == Probe::Of::key ? hash_of_key(probe.text) : hash_of(probe.token);
}

HashIndex<>& Space::index_of(const Probe& probe) { return probe.of == Probe::Of::key ? strings_ : tokens_; }

void Space::prefetch_entry(Probe& probe) {
    probe.hash = hash_of(probe);
    index_of(probe).prefetch(probe.hash);
    if (probe.of == Probe::Of::brought_token) token_hints_.prefetch(probe.hash);
}

void Space::read_entry(Probe& probe) {
    const auto any = [](const auto&) { return true; };
    if (const IndexEntry* here = index_of(probe).find(probe.hash, any)) {
        probe.place = here->place;
    } else if (const Hint* hint = probe.of == Probe::Of::brought_token ? token_hints_.find(probe.hash, any) : nullptr) {
        probe.place = hint->place;
        probe.at = hint->shard;
    }
}

void Space::prefetch_place(const Probe& probe) {
    if (probe.place < places_end_) __builtin_prefetch(&slot(probe.place));
}

void Space::prefetch_record(const Probe& probe) {
    const auto* record = reinterpret_cast<const char*>(at(probe.place));
    if (record == nullptr) return;
    for (std::size_t line = 0; line < prefetched_lines; ++line) __builtin_prefetch(record + line * cache_line_bytes);
}

Place Space::find_token(const TokenHash& token) {
    const IndexEntry* found = tokens_.find(hash_of(token), [&](const IndexEntry& e) {
        const Record* r = &taken(e.place);
        if (r->kind == RecordKind::session) {
            const auto* s = static_cast<const SessionRecord*>(r);
            return s->token == token || (s->has_previous_token() && s->previous_token() == token);
        }
        const auto* d = static_cast<const DeadRecord*>(r);
        return d->token == token || (d->has(DeadRecord::has_previous) && d->previous == token);
    });
    return found ? found->place : no_place;
}

Place Space::find_string(std::string_view key) {
    const IndexEntry* found = strings_.find(
        hash_of_key(key), [&](const IndexEntry& e) { return static_cast<const StringRecord&>(taken(e.place)).key() == key; });
    return found ? found->place : no_place;
}

Place Space::first_of_user(std::string_view user) {
    const IndexEntry* found =
        users_.find(hash_of_user(user), [&](const IndexEntry& e) { return taken_by_session(e.place).user() == user; });
    return found ? found->place : no_place;
}

SessionRecord* Space::session(Place place) {
    Record* r = at(place);
    return r && r->kind == RecordKind::session ? static_cast<SessionRecord*>(r) : nullptr;
}

StringRecord* Space::string(Place place) {
    Record* r = at(place);
    return r && r->kind == RecordKind::string ? static_cast<StringRecord*>(r) : nullptr;
}

DeadRecord* Space::dead(Place place) {
    Record* r = at(place);
    return r && r->kind == RecordKind::dead ? static_cast<DeadRecord*>(r) : nullptr;
}

namespace {

Space::Hints all_of(HashIndex<Hint>& hints, std::uint32_t hash) {
    Space::Hints found;
    hints.find(hash, [&](const Hint& h) {
        found.push_back(h);
        return false;
    });
    return found;
}

}  // namespace

void Space::put_hint(HashIndex<Hint>& hints, const Hint& target) {
    Hint* same = hints.find(target.hash, [&](const Hint& h) { return h.shard == target.shard && h.place == target.place; });
    if (same)
        same->generation = target.generation;
    else
        insert(hints, target);
}

Space::Hints Space::id_hints(const SessionId& id) { return all_of(id_hints_, hash_of(id)); }
Space::Hints Space::token_hints(const TokenHash& token) { return all_of(token_hints_, hash_of(token)); }

void Space::put_id_hint(const SessionId& id, Hint target) {
    target.hash = hash_of(id);
    put_hint(id_hints_, target);
}

void Space::put_token_hint(const TokenHash& token, Hint target) {
    target.hash = hash_of(token);
    put_hint(token_hints_, target);
}

void Space::move_token_hint(const TokenHash& token, const Hint& from, Hint to) {
    Hint* old = token_hints_.find(hash_of(token), [&](const Hint& h) {
        return h.shard == from.shard && h.place == from.place && h.generation == from.generation;
    });
    if (old) token_hints_.erase(old);
    put_token_hint(token, to);
}

void Space::drop_hint(const StaleHint& stale) {
    auto& hints = stale.of_id ? id_hints_ : token_hints_;
    Hint* found = hints.find(stale.hash, [&](const Hint& h) {
        return h.shard == stale.target.shard && h.place == stale.target.place && h.generation == stale.target.generation;
    });
    if (found) hints.erase(found);
    note_removal(stale.removed);
}

void Space::add_block() {
    blocks_end_ = blocks_.emplace_back(std::make_unique<Block>()).get();
    charge(sizeof(Block));
}

Place Space::take_place(Record* record) {
    const PlaceWord word(record, next_generation_++);
    Place place = places_end_;
    if (!free_places_.empty()) {
        place = free_places_.back();
        free_places_.pop_back();
        slot(place) = word;
    } else {
        if (place % block_places == 0) add_block();
        ++places_end_;
        (*blocks_end_)[place % block_places] = word;
    }
    return place;
}

void Space::free_place(Place place) {
    slot(place).put(nullptr);
    const std::size_t before = free_places_.capacity();
    free_places_.push_back(place);
    charge(static_cast<std::int64_t>((free_places_.capacity() - before) * sizeof(Place)));
}

std::size_t Space::size_of(const Record& record) {
    switch (record.kind) {
        case RecordKind::session: return static_cast<const SessionRecord&>(record).size_bytes();
        case RecordKind::string: return static_cast<const StringRecord&>(record).size_bytes();
        case RecordKind::dead: return static_cast<const DeadRecord&>(record).size_bytes();
    }
    ENSURE(!"a record is of one of three kinds");
    return 0;
}

Place Space::oldest_dead() {
    while (!dead_order_.empty()) {
        const auto [place, generation] = dead_order_.front();
        if (dead(place) && this->generation(place) == generation) return place;
        dead_order_.pop_front();
    }
    return no_place;
}

bool Space::next_due(std::uint32_t tick, std::size_t& steps, Place& due) {
    if (!wheel_.next_due(
            tick, steps, [this](Place place) { return queued_at(place); }, due))
        return false;
    taken(due).tick = 0;
    return true;
}

void Space::trim_wheel() {
    const std::uint64_t records = counts_.sessions + counts_.strings + counts_.dead;
    if (wheel_.size() <= records * 2 + 64) return;
    wheel_.trim([this](Place place) { return queued_at(place); });
}

std::size_t Space::index_bytes() const {
    return ids_.bytes() + tokens_.bytes() + users_.bytes() + strings_.bytes() + id_hints_.bytes() + token_hints_.bytes() +
           blocks_.size() * sizeof(Block) + free_places_.capacity() * sizeof(Place);
}

}  // namespace storage
