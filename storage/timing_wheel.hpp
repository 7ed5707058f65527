// SPDX-License-Identifier: MIT
// When records are over: a hierarchical timing wheel (Varghese and Lauck 1987, scheme 7) of appended entries. Nothing is taken
// out when a record changes or goes: an entry counts only if its record still says that it is queued at that tick (lazy
// re-queueing). Five levels of 64 slots of half a second reach 17 years; later ones wait in the last level.
//
// Not thread-safe: guarded by the shard's lock.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "storage/types.hpp"

namespace storage {

class TimingWheel {
public:
    struct Entry {
        Place place;
        std::uint32_t tick;
    };

    static constexpr UnixMs tick_ms = 512;
    static constexpr std::size_t head_bytes = 12;  // at its beginning: what every add() touches, but for the slot
    // The first tick at whose time a deadline has passed. Never 0, which means "not queued".
    static std::uint32_t tick_of(UnixMs due);
    static std::uint32_t current_tick(UnixMs now);

    explicit TimingWheel(std::uint32_t start_tick) : now_(start_tick) {}

    void add(Entry entry);
    // Starts the memory access of an add() that is to come: of its slot, then of the slot's end.
    void prefetch_slot(std::uint32_t tick) { __builtin_prefetch(&slot_of(tick), 1); }
    void prefetch_end(std::uint32_t tick) {
        const std::vector<Entry>& slot = slot_of(tick);
        __builtin_prefetch(slot.data() + slot.size(), 1);
    }

    // Moves the wheel towards `tick` and hands out one entry whose tick has come; false: none is left up to `tick`. Work for
    // entries that only move down a level counts against `steps`, which bounds what one call does; at 0 it returns false.
    bool next_due(std::uint32_t tick, std::size_t& steps, Entry& due);

    std::size_t size() const { return size_; }
    std::size_t bytes() const;

    // Drops every entry that `keep` does not want: when stale ones have become too many.
    template <class Keep>
    void filter(Keep&& keep) {
        const auto drop = [&](std::vector<Entry>& entries) {
            std::size_t kept = 0;
            for (const Entry& e : entries)
                if (keep(e)) entries[kept++] = e;
            size_ -= entries.size() - kept;
            entries.resize(kept);
            entries.shrink_to_fit();
        };
        for (auto& level : slots_)
            for (auto& slot : level) drop(slot);
        drop(work_);
    }

private:
    static constexpr unsigned bits = 6;
    static constexpr std::size_t slots = 1U << bits;
    static constexpr std::size_t levels = 5;

    std::vector<Entry>& slot_of(std::uint32_t tick);  // where an entry of that tick belongs now
    void place(Entry entry);
    void leap(std::uint32_t tick);  // the clock was far ahead: a start, a suspended machine

    std::size_t size_ = 0;
    std::uint32_t now_;
    std::vector<Entry> work_;  // taken off the wheel, not yet looked at
    std::array<std::array<std::vector<Entry>, slots>, levels> slots_;
};

}  // namespace storage
