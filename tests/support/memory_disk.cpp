// SPDX-License-Identifier: MIT
#include "tests/support/memory_disk.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "storage/ensure.hpp"

namespace test {

std::string MemoryDisk::directory_of(const std::string& name) {
    const auto slash = name.find('/');
    return slash == std::string::npos ? std::string() : name.substr(0, slash);
}

int MemoryDisk::begin(Call call, bool& is_cut) {
    if (cut_) return EIO;
    ++steps_;
    ++calls_[call];
    is_cut = cut_ = cut_at_ != 0 && steps_ == cut_at_;
    return 0;
}

int MemoryDisk::take_fault(Call call, std::optional<std::size_t>& short_bytes) {
    for (auto fault = faults_.begin(); fault != faults_.end(); ++fault) {
        if (fault->call != call) continue;
        if (fault->after > 0) {
            --fault->after;
            continue;
        }
        const int error = fault->error;
        short_bytes = fault->short_bytes;
        if (fault->once) faults_.erase(fault);
        return error;
    }
    return 0;
}

void MemoryDisk::change(Change change) {
    apply(change, entries_, directories_);
    changes_.push_back(std::move(change));
}

void MemoryDisk::apply(const Change& change, Entries& entries, std::set<std::string>& directories) const {
    switch (change.kind) {
        case Change::Kind::link: entries[change.to] = change.inode; break;
        case Change::Kind::directory: directories.insert(change.to); break;
        case Change::Kind::move:
        case Change::Kind::unlink: {
            const auto found = entries.find(change.from);
            if (found != entries.end() && found->second == change.inode) entries.erase(found);
            if (change.kind == Change::Kind::move) entries[change.to] = change.inode;
            break;
        }
    }
}

// Of the sectors written since the last sync each is on the disk or not; so is the new size.
void MemoryDisk::forget(Inode& inode, std::mt19937_64& random) {
    std::vector<std::byte> kept = inode.durable;
    if (!inode.dirty.empty() && random() % 2 == 0) kept.resize(inode.bytes.size());
    for (const std::size_t sector : inode.dirty) {
        if (random() % 2 == 0) continue;
        const std::size_t begin = sector * sector_bytes;
        const std::size_t end = std::min({begin + sector_bytes, inode.bytes.size(), kept.size()});
        if (begin < end) std::memcpy(kept.data() + begin, inode.bytes.data() + begin, end - begin);
    }
    inode.bytes = inode.durable = std::move(kept);
    inode.dirty.clear();
}

void MemoryDisk::power_on(std::uint64_t seed) {
    std::lock_guard lock(mutex_);
    std::mt19937_64 random(seed);
    for (const Change& change : changes_)
        if (random() % 2 == 0) apply(change, durable_entries_, durable_directories_);
    changes_.clear();
    std::erase_if(durable_entries_, [&](const auto& entry) {
        const std::string directory = directory_of(entry.first);
        return !directory.empty() && !durable_directories_.contains(directory);
    });
    for (auto& [name, inode] : durable_entries_) forget(*inode, random);
    entries_ = durable_entries_;
    directories_ = durable_directories_;
    locked_ = false;
    readers_ = 0;
    cut_ = false;
    cut_at_ = 0;
    ++life_;
}

std::uint64_t MemoryDisk::steps() const {
    std::lock_guard lock(mutex_);
    return steps_;
}

void MemoryDisk::cut_power_at(std::uint64_t step) {
    std::lock_guard lock(mutex_);
    cut_at_ = step;
}

bool MemoryDisk::power_is_cut() const {
    std::lock_guard lock(mutex_);
    return cut_;
}

void MemoryDisk::fail(Fault fault) {
    std::lock_guard lock(mutex_);
    faults_.push_back(fault);
}

void MemoryDisk::clear_faults() {
    std::lock_guard lock(mutex_);
    faults_.clear();
}

void MemoryDisk::lie_about_sync(bool lie) {
    std::lock_guard lock(mutex_);
    lying_ = lie;
}

void MemoryDisk::hold_syncs(bool hold) {
    {
        std::lock_guard lock(mutex_);
        holding_ = hold;
    }
    let_go_.notify_all();
}

std::uint64_t MemoryDisk::syncs_held() const {
    std::lock_guard lock(mutex_);
    return held_;
}

void MemoryDisk::set_capacity(std::optional<std::uint64_t> bytes) {
    std::lock_guard lock(mutex_);
    capacity_ = bytes;
}

std::uint64_t MemoryDisk::calls(Call call) const {
    std::lock_guard lock(mutex_);
    const auto found = calls_.find(call);
    return found == calls_.end() ? 0 : found->second;
}

std::vector<std::string> MemoryDisk::names() const {
    std::lock_guard lock(mutex_);
    std::vector<std::string> names;
    for (const auto& [name, inode] : entries_) names.push_back(name);
    return names;
}

bool MemoryDisk::has(const std::string& name) const {
    std::lock_guard lock(mutex_);
    return entries_.contains(name);
}

std::vector<std::byte> MemoryDisk::bytes(const std::string& name) const {
    std::lock_guard lock(mutex_);
    const auto found = entries_.find(name);
    ENSURE(found != entries_.end());
    return found->second->bytes;
}

std::uint64_t MemoryDisk::bytes_of_all() const {
    std::lock_guard lock(mutex_);
    return used_bytes();
}

std::uint64_t MemoryDisk::used_bytes() const {
    std::uint64_t sum = 0;
    for (const auto& [name, inode] : entries_) sum += inode->bytes.size();
    return sum;
}

void MemoryDisk::set_bytes(const std::string& name, std::vector<std::byte> bytes) {
    std::lock_guard lock(mutex_);
    auto inode = std::make_shared<Inode>();
    inode->number = next_inode_++;
    inode->bytes = inode->durable = std::move(bytes);
    entries_[name] = durable_entries_[name] = inode;
}

void MemoryDisk::remove(const std::string& name) {
    std::lock_guard lock(mutex_);
    entries_.erase(name);
    durable_entries_.erase(name);
}

void MemoryDisk::rename(const std::string& from, const std::string& to) {
    std::lock_guard lock(mutex_);
    for (Entries* entries : {&entries_, &durable_entries_}) {
        const auto found = entries->find(from);
        if (found == entries->end()) continue;
        const auto inode = found->second;
        entries->erase(found);
        (*entries)[to] = inode;
    }
}

std::uint64_t MemoryDisk::fingerprint() const {
    std::lock_guard lock(mutex_);
    std::uint64_t hash = 1469598103934665603U;
    const auto mix = [&](unsigned char byte) { hash = (hash ^ byte) * 1099511628211U; };
    for (const std::string& directory : directories_)
        for (const char c : directory) mix(static_cast<unsigned char>(c));
    for (const auto& [name, inode] : entries_) {
        for (const char c : name) mix(static_cast<unsigned char>(c));
        for (const std::byte b : inode->bytes) mix(std::to_integer<unsigned char>(b));
    }
    return hash;
}

}  // namespace test
