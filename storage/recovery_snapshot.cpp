// SPDX-License-Identifier: MIT
#include "storage/recovery_snapshot.hpp"

#include <optional>
#include <vector>

#include "storage/data_directory.hpp"
#include "storage/snapshot_load.hpp"

namespace storage {

namespace {

SnapshotInUse in_use(const LoadedSnapshot& loaded) {
    return {.name = loaded.name,
            .last = loaded.last(),
            .epoch = loaded.header.epoch,
            .directory_id = loaded.header.directory_id,
            .token_secret = loaded.token_secret,
            .now = loaded.footer.now,
            .records = loaded.footer.records(),
            .bytes = loaded.chain.full_bytes + loaded.chain.incremental_bytes,
            .chain = loaded.chain};
}

// What is no damage: an older snapshot would only hide it.
std::optional<Verdict> refused_at_once(SnapshotFault::Kind kind) {
    switch (kind) {
        case SnapshotFault::Kind::newer: return Verdict::refuse_newer;
        case SnapshotFault::Kind::no_key: return Verdict::refuse_key;
        case SnapshotFault::Kind::plain: return Verdict::refuse_plain;
        case SnapshotFault::Kind::damaged:
        case SnapshotFault::Kind::unreadable: break;
    }
    return std::nullopt;
}

}  // namespace

LogResult<void> recover_snapshot(FileSystem& fs, RecoveryOptions& options, Store& store, unsigned threads,
                                 RecoveryProgress& progress) {
    const auto listing = list_data(fs);
    if (!listing) return disk_refusal("cannot list", options.directory_name, listing.error());
    std::vector<Listing::Snapshot> newest_first(listing->snapshots.rbegin(), listing->snapshots.rend());
    for (const Listing::Snapshot& candidate : newest_first) {
        const std::uint64_t read_before = progress.bytes_read.load(std::memory_order_relaxed);
        const auto loaded = load_snapshot(fs, candidate.name, options.encryption, store, threads, progress.bytes_read);
        if (loaded) {
            options.snapshot = in_use(*loaded);
            progress.bytes_total.fetch_add(options.snapshot.bytes, std::memory_order_relaxed);
            progress.records.store(options.snapshot.records, std::memory_order_relaxed);
            return {};
        }
        store.clear();
        progress.bytes_read.store(read_before, std::memory_order_relaxed);
        const SnapshotFault& fault = loaded.error();
        if (fault.kind == SnapshotFault::Kind::unreadable) return Refusal{options.directory_name + ": " + fault.text};
        if (const auto verdict = refused_at_once(fault.kind)) return refusal(*verdict, options.directory_name, fault.text);
        if (options.snapshot_problem.empty()) options.snapshot_problem = fault.text;
        options.damaged_snapshots.push_back(candidate.name);
    }
    return {};
}

}  // namespace storage
