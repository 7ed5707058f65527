// SPDX-License-Identifier: MIT
#include "storage/key_uses.hpp"

#include <cerrno>
#include <utility>

#include "storage/data_directory.hpp"
#include "storage/snapshot_format.hpp"
#include "storage/wal_format.hpp"

namespace storage {

namespace {

bool is_gone(const boost::system::error_code& error) {
    return error == boost::system::error_code(ENOENT, boost::system::system_category());
}

std::vector<std::string> data_files(const Listing& listing) {
    std::vector<std::string> names;
    for (const Listing::Segment& segment : listing.segments) names.push_back(segment.name);
    for (const Listing::Snapshot& snapshot : listing.snapshots) names.push_back(snapshot.name);
    return names;
}

std::optional<SealName> seal_of(const std::string& name, std::span<const std::byte> block) {
    if (parse_snapshot_name(name)) {
        const auto decoded = snapshot::decode_header(block);
        return decoded.header ? std::optional(decoded.header->seal) : std::nullopt;
    }
    const auto decoded = wal::decode_header(block);
    return decoded.header ? std::optional(decoded.header->seal) : std::nullopt;
}

Refusal cannot_read(const std::string& name, const std::string& why) {
    return {"cannot read the header of " + name + ": " + why};
}

}  // namespace

KeyRing::Uses KeyUses::now() {
    std::lock_guard lock(mutex_);
    const auto listing = list_data(fs_);
    if (!listing) return Refusal{"cannot list the data directory: " + listing.error().message()};
    std::map<std::string, Known> found;
    std::vector<KeyUse> uses;
    for (const std::string& name : data_files(*listing)) {
        const auto identity = fs_.identity_of(name);
        if (!identity && is_gone(identity.error())) continue;  // compacted away since the listing
        if (!identity) return cannot_read(name, identity.error().message());
        const auto before = known_.find(name);
        if (before != known_.end() && before->second.identity == *identity) {
            found.insert(*before);
        } else {
            bool there = true;
            auto key_id = key_id_of(name, there);
            if (!key_id) return key_id.error();
            if (!there) continue;
            found[name] = {*identity, std::move(*key_id)};
        }
        uses.push_back({name, found[name].key_id});
    }
    known_ = std::move(found);
    return uses;
}

boost::system::result<std::string, Refusal> KeyUses::key_id_of(const std::string& name, bool& there) {
    const auto file = fs_.open_read(name);
    there = file || !is_gone(file.error());
    if (!there) return {boost::system::in_place_value, std::string()};
    if (!file) return cannot_read(name, file.error().message());
    HeaderBlock block{};
    const auto got = pread_full(**file, block, 0);
    if (!got) return cannot_read(name, got.error().message());
    const auto seal = seal_of(name, std::span(block).first(*got));
    if (!seal) return cannot_read(name, "it is damaged");
    return {boost::system::in_place_value, seal->key_id};
}

}  // namespace storage
