// SPDX-License-Identifier: MIT
#include "storage/snapshot_upkeep.hpp"

#include <algorithm>
#include <utility>

#include "storage/data_directory.hpp"
#include "storage/snapshot_format.hpp"

namespace storage {

namespace {

constexpr std::uint64_t free_step_bytes = 16U << 20;

}  // namespace

Result<std::vector<KeptSnapshot>> list_snapshots(FileSystem& fs) {
    const auto listing = list_data(fs);
    if (!listing) return listing.error();
    std::vector<KeptSnapshot> found;
    for (const Listing::Snapshot& listed : listing->snapshots) {
        auto file = fs.open_read(listed.name);
        if (!file) return file.error();
        const auto bytes = (*file)->size();
        if (!bytes) return bytes.error();
        HeaderBlock block{};
        const auto got = pread_full(**file, block, 0);
        if (!got) return got.error();
        const auto decoded = snapshot::decode_header(std::span(block).first(*got));
        if (decoded.header)
            found.push_back({listed.name, listed.last, decoded.header->created_at, *bytes, decoded.header->base_last});
    }
    return found;
}

Result<LogSize> look_at_log_files(FileSystem& fs) {
    const auto listing = list_data(fs);
    if (!listing) return listing.error();
    const auto& segments = listing->segments;
    const auto files = measure(fs, segments);
    if (!files) return files.error();
    const bool one_would_go = segments.size() > 1 && !listing->snapshots.empty() &&
                              value(segments[1].first) <= value(listing->snapshots.back().last) + 1;
    return LogSize{files->bytes, one_would_go};
}

Result<std::uint64_t> remove_in_steps(FileSystem& fs, const std::string& name) {
    const std::string doomed = doomed_name(name);
    auto file = fs.open_write(name);
    if (!file) return file.error();
    const auto size = (*file)->size();
    if (!size) return size.error();
    if (auto done = fs.rename(name, doomed); !done) return done.error();
    if (auto done = fs.sync_directory(""); !done) return done.error();
    for (std::uint64_t left = *size; left > free_step_bytes;) {
        left -= free_step_bytes;
        if (auto done = (*file)->truncate(left); !done) return done.error();
    }
    if (auto done = fs.unlink(doomed); !done) return done.error();
    return *size;
}

Result<Removed> remove_superfluous(FileSystem& fs, const std::vector<KeptSnapshot>& all, const RetentionRule& rule, UnixMs now,
                                   const std::function<void(std::uint64_t bytes)>& segment_removed) {
    Removed removed;
    for (const KeptSnapshot& old : snapshots_to_remove(all, rule, now)) {
        if (auto done = remove_in_steps(fs, old.name); !done) return done.error();
        ++removed.snapshots;
    }
    const Lsn covered = log_needed_after(all);
    if (value(covered) == 0) return removed;
    const auto listing = list_data(fs);
    if (!listing) return listing.error();
    const auto& segments = listing->segments;
    for (std::size_t i = 0; i + 1 < segments.size() && value(segments[i + 1].first) <= value(covered) + 1; ++i) {
        const auto bytes = remove_in_steps(fs, segments[i].name);
        if (!bytes) return bytes.error();
        segment_removed(*bytes);
        ++removed.segments;
    }
    return removed;
}

}  // namespace storage
