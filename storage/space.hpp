// SPDX-License-Identifier: MIT
// One database's part of one shard: its records in their places, the indexes over them, the wheel, and apply(), the only code
// that changes them. Live commands and replay use the same apply().
//
// Not thread-safe: guarded by the shard's lock. apply() never fails: what it is given was checked, or comes from the log,
// where an effect that no longer fits (absent record, older LSN) is skipped.
#pragma once

#include <boost/container/small_vector.hpp>

#include <array>
#include <atomic>
#include <deque>
#include <memory>
#include <vector>

#include "storage/effect.hpp"
#include "storage/hash_index.hpp"
#include "storage/place_word.hpp"
#include "storage/probe.hpp"
#include "storage/record.hpp"
#include "storage/slab.hpp"
#include "storage/slot.hpp"
#include "storage/timing_wheel.hpp"
#include "storage/types.hpp"

namespace storage {

// Where an id or token of this shard's slots leads when the record is another shard's: a hint, checked at every use.
struct Hint {
    std::uint32_t hash = 0;
    Place place = no_place;
    std::uint32_t generation = 0;
    ShardIndex shard = 0;
};

// What has to be told to other shards after unlocking: a hint to a record that is gone for good.
struct StaleHint {
    ShardIndex in = 0;  // the shard that holds the hint
    std::uint32_t hash = 0;
    Hint target;
    bool of_id = false;
    Lsn removed{};  // what the absence depends on
};

class alignas(64) Space {
public:
    struct Seeds {
        std::uint64_t id = 0, token = 0, user = 0, key = 0;
    };

    // `seeds` are the store's and `memory_bytes` the shard's; both stay. The latter grows and shrinks with records and indexes.
    Space(ShardIndex shard, DbIndex db, unsigned shard_shift, const Seeds& seeds, std::uint32_t start_tick,
          std::atomic<std::uint64_t>& memory_bytes);
    ~Space();
    Space(const Space&) = delete;
    Space& operator=(const Space&) = delete;

    // ---- finding; no_place: not here. Whether a record is still live is for the caller to ask it ----
    Place find_id(const SessionId& id);
    Place find_token(const TokenHash& token);
    Place find_string(std::string_view key);
    Place first_of_user(std::string_view user);
    Record* at(Place place) { return place < places_end_ ? slot(place).record() : nullptr; }
    std::uint32_t generation(Place place) { return slot(place).generation(); }  // of a place that was taken: differs each time
    SessionRecord* session(Place place);  // nullptr: there is no session (a dead one is none)
    StringRecord* string(Place place);
    DeadRecord* dead(Place place);
    Place places_end() const { return places_end_; }
    // Starts the memory access of an apply() of a new session that is to come, in steps: what every change touches; where it will
    // be found and stand, all but its id; what is left, its id among it.
    void prefetch_state(const PutSession& e);
    void prefetch_places(const PutSession& e);
    void prefetch_rest(const PutSession& e);
    // The steps of a lookup: its entry in the index and in the hints, where these lead, the place there, the record.
    void prefetch_entry(Probe& probe);
    void read_entry(Probe& probe);
    void prefetch_place(const Probe& probe);
    void prefetch_record(const Probe& probe);

    // ---- hints to other shards ----
    // Hints are found by 32 bits of the hash; the record they lead to says whether it is the one. Mostly none or one.
    using Hints = boost::container::small_vector<Hint, 2>;
    Hints id_hints(const SessionId& id);
    Hints token_hints(const TokenHash& token);
    void put_id_hint(const SessionId& id, Hint target);
    void put_token_hint(const TokenHash& token, Hint target);
    void move_token_hint(const TokenHash& token, const Hint& from, Hint to);
    void drop_hint(const StaleHint& stale);

    // ---- the one mutator ----
    Place apply(const PutSession&, Lsn lsn);
    void apply(const TouchSession&, Lsn lsn);
    void apply(const ExpireSession&, Lsn lsn);
    void apply(const RemoveSession&, Lsn lsn);
    Place apply(const PutDeadToken&, Lsn lsn);
    Place apply(const PutString&, Lsn lsn);
    void apply(const ExpireString&, Lsn lsn);
    void apply(const RemoveString&, Lsn lsn);

    // ---- loading a snapshot, before the log behind its records ----
    // `begun_at` is its S0.
    void load(const PutSession&, Lsn lsn, Lsn begun_at);
    void load(const PutString& e, Lsn lsn, Lsn) { apply(e, lsn); }
    void load(const PutDead&, Lsn lsn, Lsn begun_at);
    void reserve(std::uint64_t sessions, std::uint64_t strings, std::uint64_t dead);  // about so many more will come
    void order_dead();  // oldest first again, after records came in any order

    // ---- upkeep that alters no state that a client could see ----
    // Queues the record at its due tick if that is earlier than where it stands.
    void schedule(Place place) { schedule(place, taken(place)); }
    void forget(Place place, std::vector<StaleHint>& stale);  // a dead record whose time is over
    Place oldest_dead();                                      // no_place: none
    // A place whose record's tick has come, which is not queued any more; false: none is left up to `tick`, or no step.
    bool next_due(std::uint32_t tick, std::size_t& steps, Place& due);
    void trim_wheel();
    void continue_generations(const Space& before) { next_generation_ = before.next_generation_; }  // hints to it stay stale
    void moved(SessionRecord& record, UnixMs last_active);  // a touch that the log need not know

    struct Counts {
        std::uint64_t sessions = 0, strings = 0, dead = 0, users = 0, expiring = 0, record_bytes = 0;
    };
    const Counts& counts() const { return counts_; }
    std::size_t index_bytes() const;
    void leave() { charge(-static_cast<std::int64_t>(counts_.record_bytes + index_bytes())); }  // the shard, to be freed later
    std::size_t wheel_bytes() const { return wheel_.bytes(); }
    DbIndex db() const { return db_; }
    ShardIndex shard_of(Slot slot) const { return static_cast<ShardIndex>(slot >> shard_shift_); }
    ShardIndex shard_of(const SessionId& id) const;
    ShardIndex shard_of_token(Slot slot) const { return slot == users_slot ? shard_ : shard_of(slot); }

    // What nearly every change touches stands together from here to the beginning of wheel_, in changed_lines cache lines: a
    // server has hundreds of spaces, and those lines of all of them must fit the second cache.

    // LSNs for the gate: of the last change of any kind, and of the last removal, in this database and shard.
    Lsn last_lsn{};
    Lsn removal_lsn{};
    // The last id made here, for ULIDs that grow within a millisecond.
    UnixMs last_id_ms = 0;
    std::uint64_t last_id_high = 0;

private:
    static constexpr std::size_t changed_lines = 4;
    static constexpr Place block_places = 256;
    using Block = std::array<PlaceWord, block_places>;

    std::uint32_t hash_of(const SessionId& id) const;
    std::uint32_t hash_of(const TokenHash& token) const;
    std::uint32_t hash_of_user(std::string_view user) const;
    std::uint32_t hash_of_key(std::string_view key) const;

    std::uint32_t hash_of(const Probe& probe) const;
    HashIndex<>& index_of(const Probe& probe);

    PlaceWord& slot(Place place) { return (*blocks_[place / block_places])[place % block_places]; }
    Record& taken(Place place) { return *slot(place).record(); }  // precondition: it is
    SessionRecord& taken_by_session(Place place) { return static_cast<SessionRecord&>(taken(place)); }
    void add_block();
    Place take_place(Record* record);
    void free_place(Place place);
    SessionRecord* make(const PutSession&);
    StringRecord* make(const PutString&);
    DeadRecord* make_dead(std::string_view user);
    void release(Record* record);
    std::uint32_t queued_at(Place place) {
        const Record* record = at(place);
        return record ? record->tick : 0;
    }
    void schedule(Place place, Record& record);
    void put_in_place(Place place, Record* record, Lsn lsn);  // the old one's wheel entry goes over; it is released
    static std::size_t size_of(const Record& record);

    void link_user(Place place, SessionRecord& record);
    void unlink_user(Place place, SessionRecord& record);
    void add_token(const TokenHash& token, Slot slot, Place place);
    void remove_token(const TokenHash& token, Slot slot, Place place);
    Place replace_session(Place place, SessionRecord& old, const PutSession& e, Lsn lsn);
    void give_up_id(Place place);
    template <class E>
    bool gives_way(Place known, const E& e, Lsn lsn, Lsn begun_at);  // to this effect: taken out, or never there
    enum class IdClaim : std::uint8_t { taken, left, refused };      // left: to another life of it, which has it now
    template <class E>
    IdClaim claim_id(const E& e, Lsn lsn, Lsn begun_at);
    void take_out(Place known);
    void queue_dead(Place place);
    void link_behind(Place before, Place place, SessionRecord& record, SessionRecord& newest);
    StaleHint stale_hint(Place place, ShardIndex in, std::uint32_t hash, bool of_id);
    void note(Lsn lsn) { last_lsn = later(last_lsn, lsn); }
    void note_removal(Lsn lsn) {
        note(lsn);
        removal_lsn = later(removal_lsn, lsn);
    }
    void count(const Record& record, std::int64_t sign);
    template <class Index, class Entry>
    void insert(Index& index, const Entry& entry) {
        const std::size_t before = index.bytes();
        index.insert(entry);
        if (index.bytes() != before) charge(static_cast<std::int64_t>(index.bytes() - before));
    }
    void put_hint(HashIndex<Hint>& hints, const Hint& target);
    void charge(std::int64_t bytes) {  // one writer at a time: who holds the lock
        memory_bytes_.store(memory_bytes_.load(std::memory_order_relaxed) + static_cast<std::uint64_t>(bytes),
                            std::memory_order_relaxed);
    }

    const Seeds& seeds_;
    HashIndex<> ids_, tokens_, users_, strings_;
    Counts counts_;
    std::atomic<std::uint64_t>& memory_bytes_;
    Place places_end_ = 0;
    std::uint32_t next_generation_ = 1;
    ShardIndex shard_;
    DbIndex db_;
    std::uint8_t shard_shift_;
    Block* blocks_end_ = nullptr;  // the last of blocks_
    std::vector<Place> free_places_;
    TimingWheel wheel_;  // its size and its time are at its beginning
    Slab slab_;

    std::vector<std::unique_ptr<Block>> blocks_;
    HashIndex<Hint> id_hints_, token_hints_;
    struct DeadPlace {
        Place place;
        std::uint32_t generation;
    };
    std::deque<DeadPlace> dead_order_;  // oldest first; stale ones are passed over
};

}  // namespace storage
