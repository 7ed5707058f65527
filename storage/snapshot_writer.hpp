// SPDX-License-Identifier: MIT
// Writes one snapshot file, block by block, under a name that recovery ignores, and gives it its own when it is whole and on
// the disk. One thread. After an error the object is spent: abandon() takes away what there is.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "storage/file_system.hpp"
#include "storage/key_ring.hpp"
#include "storage/sha256.hpp"
#include "storage/snapshot_format.hpp"
#include "storage/token_secret.hpp"

namespace storage {

// How a new file begins: with the first key's seal if there are keys, and the directory's token secret.
struct SealedHeader {
    snapshot::Header header;
    std::shared_ptr<const FileCipher> cipher;  // null: plain
};
SealedHeader seal_new_file(snapshot::Header header, const Encryption& encryption, const TokenSecret& token_secret);

class SnapshotWriter {
public:
    struct Compress {
        snapshot::Compression how = snapshot::Compression::none;
        int level = 1;
    };

    // `cipher` is the one that header.seal names; null: plain.
    SnapshotWriter(FileSystem& fs, const snapshot::Header& header, std::shared_ptr<const FileCipher> cipher, Compress compress);
    SnapshotWriter(FileSystem& fs, SealedHeader begin, Compress compress)
        : SnapshotWriter(fs, begin.header, std::move(begin.cipher), compress) {}
    ~SnapshotWriter();  // abandons what was not published
    SnapshotWriter(const SnapshotWriter&) = delete;
    SnapshotWriter& operator=(const SnapshotWriter&) = delete;

    Result<void> begin();
    // `block` says kind, entries, slots and first LSN; the rest is filled in. An empty payload is no block.
    Result<void> add(snapshot::BlockHeader block, std::string_view payload);
    // The footer, with blocks, bytes and digest filled in; then all of it to the disk.
    Result<snapshot::Footer> finish(snapshot::Footer footer);
    // Its name, once the log is durable up to the footer's last LSN. A directory whose sync failed is not what memory thinks.
    Result<void> publish(Lsn last);
    void abandon();

    std::uint64_t bytes() const { return end_; }
    std::uint64_t raw_bytes() const { return raw_bytes_; }

private:
    std::string_view compressed(std::string_view payload, snapshot::BlockHeader& block);
    Result<void> write(const snapshot::BlockHeader& block, std::string_view stored);

    FileSystem& fs_;
    snapshot::Header header_;
    std::shared_ptr<const FileCipher> cipher_;
    Compress compress_;
    std::unique_ptr<File> file_;
    std::vector<std::byte> staged_;
    std::string compressed_;
    Sha256 digest_;  // over the digests of the parts
    std::uint64_t end_ = 0, synced_ = 0;
    std::uint64_t raw_bytes_ = 0;
    std::uint64_t blocks_ = 0;
    bool named_ = false;
};

}  // namespace storage
