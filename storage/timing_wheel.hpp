// SPDX-License-Identifier: MIT
// When records are over: a hierarchical timing wheel (Varghese and Lauck 1987, scheme 7) of places. The tick that a place's
// record is queued at stands in the record, and is asked for whenever the wheel meets the place. Nothing is taken out when a
// record changes or goes (lazy re-queueing): an entry that its record's tick has left is passed over when it is met, so a place
// may have several. Five levels of 64 slots of half a second reach 17 years; later ones wait in the last level.
//
// Not thread-safe: guarded by the shard's lock.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "storage/function_ref.hpp"
#include "storage/types.hpp"

namespace storage {

class TimingWheel {
public:
    static constexpr UnixMs tick_ms = 512;
    static constexpr std::size_t head_bytes = 12;  // at its beginning: what every add() touches, but for the slot
    // The first tick at whose time a deadline has passed. Never 0, which means "not queued".
    static std::uint32_t tick_of(UnixMs due);
    static std::uint32_t current_tick(UnixMs now);

    using QueuedAt = FunctionRef<std::uint32_t(Place)>;  // the tick that the place's record is queued at; 0: not, or no record

    explicit TimingWheel(std::uint32_t start_tick) : now_(start_tick) {}

    void add(Place place, std::uint32_t tick);
    // Starts the memory access of an add() that is to come: of its slot, then of the slot's end.
    void prefetch_slot(std::uint32_t tick) { __builtin_prefetch(&slot_of(tick), 1); }
    void prefetch_end(std::uint32_t tick) {
        const Slot& slot = slot_of(tick);
        __builtin_prefetch(slot.data() + slot.size(), 1);
    }

    // Moves the wheel towards `tick` and hands out one place whose record's tick has come, for the caller to queue at another or
    // at none; false: none is left up to `tick`. Work for entries that are passed over or move down a level counts against
    // `steps`, which bounds what one call does; at 0 it returns false.
    bool next_due(std::uint32_t tick, std::size_t& steps, QueuedAt queued_at, Place& due);

    std::size_t size() const { return size_; }  // entries, those to be passed over among them
    std::size_t bytes() const;

    // Drops every entry that would be passed over: when they have become too many.
    void trim(QueuedAt queued_at);

private:
    using Slot = std::vector<Place>;
    static constexpr unsigned bits = 6;
    static constexpr std::size_t slots = 1U << bits;
    static constexpr std::size_t levels = 5;
    static constexpr std::uint64_t no_end = ~std::uint64_t{0};

    std::size_t level_of(std::uint32_t tick) const;  // precondition: the tick is to come
    Slot& slot_of(std::uint32_t tick);               // where an entry of that tick belongs now
    void put(Place place, std::uint32_t tick);
    void leap(std::uint32_t tick);  // the clock was far ahead: a start, a suspended machine
    void take(Slot& slot);
    template <class Keep>
    void keep_once(Slot& slot, Keep&& keep);

    std::size_t size_ = 0;
    std::uint32_t now_;
    Slot work_;  // taken off the wheel, not yet looked at
    std::uint64_t work_end_ =
        no_end;  // the slots that it was taken off end before this tick: what is queued later has another entry
    std::array<std::array<Slot, slots>, levels> slots_;
};

}  // namespace storage
