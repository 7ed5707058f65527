// SPDX-License-Identifier: MIT
#include "storage/session_list.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

#include "storage/store_impl.hpp"

namespace storage {
namespace {

constexpr Place places_per_step = 256;

// The view of a live, due or remembered session, or false. `state` says which.
bool view_of(Space& space, Place place, UnixMs now, SessionView& view) {
    if (const SessionRecord* s = space.session(place)) {
        view = s->view();
        if (!s->live(now)) view.state = SessionState::expired;
        return true;
    }
    const DeadRecord* d = space.dead(place);
    if (!d || !d->has(DeadRecord::has_id) || !d->remembered(now)) return false;
    view = d->view();
    return true;
}

}  // namespace

SessionLister::SessionLister(Store& store, DbIndex db, const SessionFilter& filter, SessionOrder order, bool descending,
                             std::uint64_t offset, std::uint64_t count)
    : store_(store),
      db_(db),
      user_(filter.user),
      device_(filter.device),
      created_by_(filter.created_by),
      address_(parse(filter.ip)),
      prefix_bits_(filter.prefix_bits < 0 ? address_.bits : filter.prefix_bits),
      filter_(filter),
      order_(order),
      descending_(descending),
      offset_(offset),
      keep_(static_cast<std::size_t>(offset + count)) {}

SessionLister::Address SessionLister::parse(std::string_view text) {
    Address a;
    std::array<char, INET6_ADDRSTRLEN> copy{};
    if (text.empty() || text.size() >= copy.size()) return a;
    std::memcpy(copy.data(), text.data(), text.size());
    if (inet_pton(AF_INET, copy.data(), a.bytes.data()) == 1)
        a.bits = 32;
    else if (inet_pton(AF_INET6, copy.data(), a.bytes.data()) == 1)
        a.bits = 128;
    return a;
}

bool SessionLister::passes_address(const SessionView& view) const {
    if (address_.bits == 0) return true;
    const Address of = parse(view.last_ip.empty() ? view.ip : view.last_ip);
    if (of.bits != address_.bits) return false;
    const auto bytes = static_cast<std::size_t>(prefix_bits_ / 8);
    if (std::memcmp(of.bytes.data(), address_.bytes.data(), bytes) != 0) return false;
    const int rest = prefix_bits_ % 8;
    return rest == 0 || ((of.bytes[bytes] ^ address_.bytes[bytes]) >> (8 - rest)) == 0;
}

bool SessionLister::passes(const SessionView& v) const {
    using Status = SessionFilter::Status;
    if (filter_.status == Status::active && v.state != SessionState::live) return false;
    if (filter_.status == Status::expired && v.state == SessionState::live) return false;
    if (!user_.empty() && v.user != user_) return false;
    if (!device_.empty() && v.device != device_) return false;
    if (!created_by_.empty() && v.created_by != created_by_) return false;
    if (filter_.created_after != 0 && v.created_at < filter_.created_after) return false;
    if (filter_.created_before != 0 && v.created_at >= filter_.created_before) return false;
    if (filter_.active_after != 0 && v.last_active < filter_.active_after) return false;
    if (filter_.active_before != 0 && v.last_active >= filter_.active_before) return false;
    return passes_address(v);
}

std::int64_t SessionLister::rank_of(const SessionView& v) const {
    switch (order_) {
        case SessionOrder::created_at: return v.created_at;
        case SessionOrder::last_active: return v.last_active;
        case SessionOrder::expires_at: return v.expires_at == 0 ? INT64_MAX : v.expires_at;  // never is last
    }
    return 0;
}

bool SessionLister::before(const Candidate& a, const Candidate& b) const {
    if (a.rank != b.rank) return descending_ ? a.rank > b.rank : a.rank < b.rank;
    return a.id < b.id;
}

void SessionLister::consider(const Candidate& candidate) {
    const auto order = [this](const Candidate& a, const Candidate& b) { return before(a, b); };
    if (heap_.size() == keep_) {
        if (keep_ == 0 || !before(candidate, heap_.front())) return;
        std::pop_heap(heap_.begin(), heap_.end(), order);
        heap_.back() = candidate;
    } else {
        heap_.push_back(candidate);
    }
    std::push_heap(heap_.begin(), heap_.end(), order);
}

bool SessionLister::step(Op& op) {
    auto& impl = store_.impl();
    Place budget = places_per_step;
    while (shard_ < impl.shards.size() && budget > 0) {
        const auto shard = static_cast<ShardIndex>(shard_);
        ShardLock lock(impl.shards, shard);
        Space* space = impl.space(shard, db_);
        if (space) Store::Impl::depend(op, space->last_lsn);
        const Place end = space ? std::min(space->places_end(), place_ + budget) : 0;
        for (; place_ < end; ++place_, --budget) {
            SessionView view;
            if (!view_of(*space, place_, op.now, view) || !passes(view)) continue;
            ++total_;
            consider({rank_of(view), view.id, place_, space->generation(place_), shard});
        }
        if (space && place_ < space->places_end()) continue;
        ++shard_;
        place_ = 0;
        budget -= std::min<Place>(budget, 4);  // an empty shard costs a lock
    }
    return shard_ == impl.shards.size();
}

void SessionLister::page(Op& op, SessionVisitor visit) {
    auto& impl = store_.impl();
    if (offset_ >= heap_.size()) return;
    // Only the page is put in order: sorting all that stands before it would hold up the thread for tens of milliseconds.
    const auto order = [this](const Candidate& a, const Candidate& b) { return before(a, b); };
    const auto first = heap_.begin() + static_cast<std::ptrdiff_t>(offset_);
    std::nth_element(heap_.begin(), first, heap_.end(), order);
    std::sort(first, heap_.end(), order);
    for (std::size_t i = offset_; i < heap_.size(); ++i) {
        const Candidate& c = heap_[i];
        ShardLock lock(impl.shards, c.shard);
        Space* space = impl.space(c.shard, db_);
        const Record* r = space ? space->at(c.place) : nullptr;
        SessionView view;
        if (!r || space->generation(c.place) != c.generation || !view_of(*space, c.place, op.now, view) || !passes(view))
            continue;
        Store::Impl::depend(op, r->lsn);
        visit(view);
    }
}

}  // namespace storage
