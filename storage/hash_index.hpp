// SPDX-License-Identifier: MIT
// An index of places by hash: open addressing with linear probing, entries of a few bytes, no keys. 32 bits of the hash stand
// beside the place, so a lookup seldom asks the record and growing never does. It grows step by step: the old table is moved
// over a few slots at each insert, so no insert takes longer than another.
//
// Not thread-safe: guarded by the shard's lock. Entry needs `std::uint32_t hash; Place place;`, place == no_place is empty.
#pragma once

#include <bit>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <utility>

#include "storage/ensure.hpp"
#include "storage/populate.hpp"
#include "storage/types.hpp"

namespace storage {

struct IndexEntry {
    std::uint32_t hash = 0;
    Place place = no_place;
};

// 24 bytes, because a server has some hundreds of shards with several indexes each, and each change touches them.
template <class Entry = IndexEntry>
class HashIndex {
public:
    std::size_t size() const { return table_.used() + (leaving_ ? leaving_->table.used() : 0); }
    std::size_t bytes() const { return (table_.capacity() + (leaving_ ? leaving_->table.capacity() : 0)) * sizeof(Entry); }

    // The entry of this hash that `same(entry)` accepts, or nullptr. Valid until the next insert or erase.
    template <class Same>
    Entry* find(std::uint32_t hash, Same&& same) {
        if (Entry* found = table_.find(hash, same)) return found;
        return leaving_ ? leaving_->table.find(hash, same) : nullptr;
    }

    void insert(const Entry& entry) {
        ENSURE(entry.place != no_place);
        make_room();
        table_.put(entry);
    }

    // Precondition: `entry` came from find() just now.
    void erase(Entry* entry) { (table_.owns(entry) ? table_ : leaving_->table).remove(entry); }

    void prefetch(std::uint32_t hash) const { table_.prefetch(hash); }

    void reserve(std::size_t entries) {
        std::size_t capacity = first_capacity;
        while (capacity * 3 / 4 < entries) capacity = larger(capacity);
        if (capacity > table_.capacity() && !leaving_) start_growing(capacity);
    }

private:
    static constexpr std::size_t first_capacity = 16;
    static constexpr std::size_t moved_per_insert = 16;

    class Table {
    public:
        Table() = default;
        explicit Table(std::size_t capacity) : slots_(allocate(capacity)), capacity_(static_cast<std::uint32_t>(capacity)) {}

        std::size_t capacity() const { return capacity_; }
        std::size_t used() const { return used_; }
        bool owns(const Entry* entry) const { return slots_ && entry >= slots_.get() && entry < slots_.get() + capacity_; }
        Entry& slot(std::size_t i) { return slots_[i]; }
        void prefetch(std::uint32_t hash) const {
            if (capacity_ != 0) __builtin_prefetch(&slots_[home(hash)]);
        }

        template <class Same>
        Entry* find(std::uint32_t hash, Same& same) {
            if (capacity_ == 0) return nullptr;
            for (std::size_t i = home(hash);; i = after(i)) {
                Entry& entry = slots_[i];
                if (entry.place == no_place) return nullptr;
                if (entry.hash == hash && same(entry)) return &entry;
            }
        }

        void put(const Entry& entry) {
            std::size_t i = home(entry.hash);
            while (slots_[i].place != no_place) i = after(i);
            slots_[i] = entry;
            ++used_;
        }

        void remove(Entry* entry) {  // closes the gap by moving later ones of the run back, so there are no tombstones
            auto gap = static_cast<std::size_t>(entry - slots_.get());
            for (std::size_t i = after(gap); slots_[i].place != no_place; i = after(i)) {
                if (distance(home(slots_[i].hash), i) >= distance(gap, i)) {
                    slots_[gap] = slots_[i];
                    gap = i;
                }
            }
            slots_[gap] = Entry{};
            --used_;
        }

        // Without closing the gap: for who takes the whole run.
        Entry take(Entry& entry) {
            --used_;
            return std::exchange(entry, Entry{});
        }

        std::size_t first_empty() const {  // there is one: no table is ever full
            std::size_t i = 0;
            while (slots_[i].place != no_place) ++i;
            return i;
        }

        std::size_t after(std::size_t i) const { return i + 1 == capacity_ ? 0 : i + 1; }

    private:
        // The hash as a fraction of the table: capacities need not be powers of two, so tables grow in small steps.
        std::size_t home(std::uint32_t hash) const { return (static_cast<std::uint64_t>(hash) * capacity_) >> 32; }
        std::size_t distance(std::size_t from, std::size_t to) const { return to >= from ? to - from : to + capacity_ - from; }

        struct Free {
            void operator()(Entry* p) const { std::free(p); }
        };
        static std::unique_ptr<Entry[], Free> allocate(std::size_t capacity) {
            ENSURE(capacity <= UINT32_MAX);  // places have 32 bits, too
            auto* p = static_cast<Entry*>(std::malloc(capacity * sizeof(Entry)));
            ENSURE(p != nullptr);
            populate(p, capacity * sizeof(Entry));
            for (std::size_t i = 0; i < capacity; ++i) new (p + i) Entry{};
            return std::unique_ptr<Entry[], Free>(p);
        }

        std::unique_ptr<Entry[], Free> slots_;
        std::uint32_t capacity_ = 0;
        std::uint32_t used_ = 0;
    };

    void make_room() {
        if (leaving_) move_some(moved_per_insert);
        if (!leaving_ && (table_.used() + 1) * 5 > table_.capacity() * 4) start_growing(larger(table_.capacity()));
        // A table that fills up while the old one still empties (only after many erases): finish the move.
        if (leaving_ && (table_.used() + 1) * 10 > table_.capacity() * 9) move_some(leaving_->table.capacity());
    }

    // 16 20 24 28 32 40 48 ...: four steps to each doubling.
    static std::size_t larger(std::size_t capacity) {
        if (capacity == 0) return first_capacity;
        return capacity + std::bit_floor(capacity) / 4;
    }

    void start_growing(std::size_t capacity) {
        if (table_.used() != 0) {
            leaving_ = std::make_unique<Leaving>(Leaving{std::move(table_), 0});
            leaving_->moved = leaving_->table.first_empty();
        }
        table_ = Table(capacity);
    }

    // Runs leave the old table whole, so what is left of it is still found by probing; `moved` stands behind an empty slot.
    void move_some(std::size_t slots) {
        Table& from = leaving_->table;
        for (bool in_run = false; from.used() != 0 && (slots > 0 || in_run); leaving_->moved = from.after(leaving_->moved)) {
            Entry& entry = from.slot(leaving_->moved);
            in_run = entry.place != no_place;
            if (in_run) table_.put(from.take(entry));
            if (slots > 0) --slots;
        }
        if (from.used() == 0) leaving_.reset();
    }

    struct Leaving {
        Table table;
        std::size_t moved;  // up to here
    };

    Table table_;
    std::unique_ptr<Leaving> leaving_;  // what is being emptied into table_
};

}  // namespace storage
