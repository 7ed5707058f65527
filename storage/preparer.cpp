// SPDX-License-Identifier: MIT
#include "storage/preparer.hpp"

#include <chrono>
#include <utility>

#include "storage/thread_name.hpp"

namespace storage {

namespace {

constexpr std::chrono::seconds retry_every{1};

}  // namespace

Preparer::Preparer(FileSystem& fs, Journal& journal, SparePool& spares, Say lost, Say notice)
    : fs_(fs), journal_(journal), spares_(spares), lost_(std::move(lost)), notice_(std::move(notice)) {
    journal_.on_room_wanted([this] { poke(); });
}

Preparer::~Preparer() { stop(); }

void Preparer::start() {
    journal_.set_record_fit(spares_.room_min());
    while (work_wanted() && work()) {
    }
    thread_ = std::thread([this] { loop(); });
}

void Preparer::stop() {
    {
        std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    poked_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void Preparer::poke() {
    {
        std::lock_guard lock(mutex_);
        poke_ = true;
    }
    poked_.notify_one();
}

void Preparer::watch(const std::string& name, const std::shared_ptr<File>& file) {
    std::lock_guard lock(mutex_);
    watched_name_ = name;
    watched_file_ = file;
}

bool Preparer::failed() const { return !what_failed().empty(); }

std::string Preparer::what_failed() const {
    std::lock_guard lock(mutex_);
    return what_failed_;
}

bool Preparer::work_wanted() const {
    return spares_.count() == 0 || journal_.room_is_low() || journal_.record_fit_wanted() > spares_.room_min();
}

bool Preparer::work() {
    const bool more_room = spares_.count() == 0 || journal_.room_is_low();
    const auto room = more_room ? spares_.prepare() : spares_.raise_room(journal_.record_fit_wanted());
    note(room ? std::string() : room.error().message());
    journal_.set_preparing_failed(!room);
    if (!room) {
        if (!more_room) journal_.forget_record_fit_wanted();  // who asked was told; it is tried again when somebody asks again
        return false;
    }
    journal_.set_record_fit(spares_.room_min());
    journal_.add_room(*room);
    return true;
}

// What changed is said, once: a full disk is met again each second.
void Preparer::note(const std::string& failure) {
    {
        std::lock_guard lock(mutex_);
        if (what_failed_ == failure) return;
        what_failed_ = failure;
    }
    notice_(failure.empty() ? "Log files can be prepared again: writes are taken"
                            : "Cannot prepare log files: " + failure + "; writes are refused when what is prepared is full");
}

void Preparer::loop() {
    name_this_thread("tm-prepare");
    using Steady = std::chrono::steady_clock;
    auto look_at = Steady::now() + retry_every;
    bool resting = false;  // after a failure, until a second has passed
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        lock.unlock();
        const bool worked = !resting && work_wanted();
        if (worked) resting = !work();
        bool in_place = true;
        if (Steady::now() >= look_at) {
            look_at = Steady::now() + retry_every;
            resting = false;
            in_place = all_in_place();
        }
        lock.lock();
        if (!in_place) return;
        if (worked && !resting) continue;
        poked_.wait_until(lock, look_at, [&] { return stopping_ || (poke_ && !resting); });
        poke_ = false;
    }
}

// A log that goes on into files without names would be lost with the process.
bool Preparer::all_in_place() {
    std::string name;
    std::shared_ptr<File> file;
    {
        std::lock_guard lock(mutex_);
        name = watched_name_;
        file = watched_file_;
    }
    if (!fs_.root_intact()) {
        lost_("the data directory has been moved or removed");
        return false;
    }
    if (!file) return true;
    const auto by_name = fs_.identity_of(name), by_handle = file->identity();
    if (by_name && by_handle && *by_name == *by_handle) return true;
    lost_(name + " has been moved or removed");
    return false;
}

}  // namespace storage
