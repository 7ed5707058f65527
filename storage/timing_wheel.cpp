// SPDX-License-Identifier: MIT
#include "storage/timing_wheel.hpp"

#include <algorithm>

namespace storage {
namespace {

constexpr std::uint32_t leap_ticks = 1024;     // further than this it is cheaper to look at every entry than at every tick
constexpr UnixMs base_ms = 1'577'836'800'000;  // 2020: 32 bits of ticks reach 2089

}  // namespace

std::uint32_t TimingWheel::tick_of(UnixMs due) {
    const UnixMs ticks = (due - base_ms + tick_ms - 1) / tick_ms;
    return static_cast<std::uint32_t>(std::clamp<UnixMs>(ticks, 1, UINT32_MAX));
}

std::uint32_t TimingWheel::current_tick(UnixMs now) {
    return static_cast<std::uint32_t>(std::clamp<UnixMs>((now - base_ms) / tick_ms, 1, UINT32_MAX));
}

void TimingWheel::add(Place place, std::uint32_t tick) {
    ++size_;
    put(place, tick);
}

// A quarter more, not twice as much: sessions of one lifetime stand in one slot, which is then 4 bytes of each of them.
void TimingWheel::put(Place place, std::uint32_t tick) {
    Slot& slot = slot_of(tick);
    if (slot.size() == slot.capacity()) slot.reserve(slot.size() + slot.size() / 4 + 4);
    slot.push_back(place);
}

// The highest bit in which the tick differs from now says at which level the wheel meets it.
std::size_t TimingWheel::level_of(std::uint32_t tick) const {
    return (31U - static_cast<unsigned>(__builtin_clz(tick ^ now_))) / bits;
}

TimingWheel::Slot& TimingWheel::slot_of(std::uint32_t tick) {
    if (tick <= now_) return work_;
    const std::size_t of_tick = level_of(tick), level = std::min(of_tick, levels - 1);
    const std::uint32_t at = of_tick == level ? tick >> (bits * level) : (now_ >> (bits * level)) + slots - 1;
    return slots_[level][at & (slots - 1)];
}

void TimingWheel::take(Slot& slot) {
    if (work_.empty()) return work_.swap(slot);
    work_.insert(work_.end(), slot.begin(), slot.end());
    Slot().swap(slot);  // `= {}` would keep its memory
}

bool TimingWheel::next_due(std::uint32_t tick, std::size_t& steps, QueuedAt queued_at, Place& due) {
    for (;;) {
        if (work_.empty() && work_.capacity() > 64) Slot().swap(work_);
        while (!work_.empty()) {
            if (steps == 0) return false;
            --steps;
            const Place place = work_.back();
            work_.pop_back();
            const std::uint32_t at = queued_at(place);
            if (at > now_ && at < work_end_) {
                put(place, at);
                continue;
            }
            --size_;
            if (at == 0 || at > now_) continue;
            due = place;
            return true;
        }
        if (now_ >= tick) return false;
        if (size_ == 0) {
            now_ = tick;
            return false;
        }
        if (tick - now_ > leap_ticks) {
            leap(tick);
            continue;
        }
        ++now_;
        std::size_t level = 0;
        while (level < levels - 1 && ((now_ >> (bits * level)) & (slots - 1)) == 0) ++level;
        for (std::size_t l = 0; l <= level; ++l) take(slots_[l][(now_ >> (bits * l)) & (slots - 1)]);
        work_end_ = level < levels - 1 ? std::uint64_t{now_} + (std::uint64_t{1} << (bits * level)) : no_end;
    }
}

void TimingWheel::leap(std::uint32_t tick) {
    for (auto& level : slots_)
        for (auto& slot : level) take(slot);
    now_ = tick;
    work_end_ = no_end;
}

template <class Keep>
void TimingWheel::keep_once(Slot& slot, Keep&& keep) {
    const std::size_t before = slot.size();
    std::sort(slot.begin(), slot.end());
    slot.erase(std::unique(slot.begin(), slot.end()), slot.end());
    std::erase_if(slot, [&](Place place) { return !keep(place); });
    slot.shrink_to_fit();
    size_ -= before - slot.size();
}

void TimingWheel::trim(QueuedAt queued_at) {
    for (std::size_t level = 0; level < levels; ++level)
        for (Slot& slot : slots_[level])
            keep_once(slot, [&](Place place) {
                const std::uint32_t at = queued_at(place);
                if (at <= now_) return false;
                // Those that wait in the last level were put where it ended then.
                return level < levels - 1 ? &slot_of(at) == &slot : level_of(at) >= level;
            });
    keep_once(work_, [&](Place place) {
        const std::uint32_t at = queued_at(place);
        return at != 0 && (at <= now_ || at < work_end_);
    });
}

std::size_t TimingWheel::bytes() const {
    std::size_t entries = work_.capacity();
    for (const auto& level : slots_)
        for (const auto& slot : level) entries += slot.capacity();
    return entries * sizeof(Place);
}

}  // namespace storage
