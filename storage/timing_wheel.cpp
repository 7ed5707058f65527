// SPDX-License-Identifier: MIT
#include "storage/timing_wheel.hpp"

#include <algorithm>
#include <utility>

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

void TimingWheel::add(Entry entry) {
    ++size_;
    place(entry);
}

// A quarter more, not twice as much: sessions of one lifetime stand in one slot, which is then 8 bytes of each of them.
void TimingWheel::place(Entry entry) {
    std::vector<Entry>& slot = slot_of(entry.tick);
    if (slot.size() == slot.capacity()) slot.reserve(slot.size() + slot.size() / 4 + 4);
    slot.push_back(entry);
}

std::vector<TimingWheel::Entry>& TimingWheel::slot_of(std::uint32_t tick) {
    if (tick <= now_) return work_;
    // The highest bit in which the entry's tick differs from now says at which level the wheel meets it.
    const unsigned differs = 31U - static_cast<unsigned>(__builtin_clz(tick ^ now_));
    const std::size_t level = std::min<std::size_t>(differs / bits, levels - 1);
    const std::uint32_t at =
        level < levels - 1 || differs / bits == level ? tick >> (bits * level) : (now_ >> (bits * level)) + slots - 1;
    return slots_[level][at & (slots - 1)];
}

bool TimingWheel::next_due(std::uint32_t tick, std::size_t& steps, Entry& due) {
    for (;;) {
        if (work_.empty() && work_.capacity() > 64) std::vector<Entry>().swap(work_);
        while (!work_.empty()) {
            if (steps == 0) return false;
            --steps;
            const Entry entry = work_.back();
            work_.pop_back();
            if (entry.tick > now_) {
                place(entry);
                continue;
            }
            --size_;
            due = entry;
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
        for (std::size_t l = 0; l <= level; ++l) {
            auto& slot = slots_[l][(now_ >> (bits * l)) & (slots - 1)];
            if (work_.empty())
                work_.swap(slot);
            else {
                work_.insert(work_.end(), slot.begin(), slot.end());
                std::vector<Entry>().swap(slot);  // `= {}` would keep its memory
            }
        }
    }
}

void TimingWheel::leap(std::uint32_t tick) {
    for (auto& level : slots_)
        for (auto& slot : level) {
            work_.insert(work_.end(), slot.begin(), slot.end());
            std::vector<Entry>().swap(slot);
        }
    now_ = tick;
}

std::size_t TimingWheel::bytes() const {
    std::size_t entries = work_.capacity();
    for (const auto& level : slots_)
        for (const auto& slot : level) entries += slot.capacity();
    return entries * sizeof(Entry);
}

}  // namespace storage
