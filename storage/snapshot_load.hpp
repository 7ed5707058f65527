// SPDX-License-Identifier: MIT
// A snapshot file into a store, by several threads; and a snapshot file read from end to end without a store.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "storage/file_system.hpp"
#include "storage/snapshot_reader.hpp"
#include "storage/store.hpp"
#include "storage/token_secret.hpp"

namespace storage {

struct LoadedSnapshot {
    std::string name;
    snapshot::Header header;
    snapshot::Footer footer;
    std::uint64_t bytes = 0;
    TokenSecret token_secret{};
    snapshot::Chain chain;  // load_snapshot only: with this one as its last

    Lsn last() const { return footer.last; }
};

inline constexpr std::uint32_t snapshot_chain_max = 64;  // files; a longer one is not from us

// Everything of the file, and before it of all that it builds upon. On a fault the store holds a part of it: clear() it.
// `bytes_read` moves as it goes.
SnapshotResult<LoadedSnapshot> load_snapshot(FileSystem& fs, const std::string& name, const Encryption& encryption, Store& store,
                                             unsigned threads, std::atomic<std::uint64_t>& bytes_read);

struct SnapshotCheck {
    std::function<bool()> stop = {};                   // asked twice a block; true ends it early, without a fault; empty: never
    std::atomic<std::uint64_t>* bytes_read = nullptr;  // moves as it goes; null: nobody looks
};

// Reads all of it: checksums, the digest, that every entry decodes and that the counts are right.
SnapshotResult<LoadedSnapshot> verify_snapshot(FileSystem& fs, const std::string& name, const Encryption& encryption,
                                               const SnapshotCheck& check);

}  // namespace storage
