// SPDX-License-Identifier: MIT
// Frames one segment: frames gather in memory and go out in large writes, in order, into blocks that are written already.
// One thread. No syncing here: wal.hpp decides when.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "storage/file_system.hpp"
#include "storage/header_digest.hpp"
#include "storage/wal_format.hpp"

namespace storage::wal {

class SegmentWriter {
public:
    // The header block is on the disk already; frames begin behind it. `cipher` is the one that the header names, or null.
    SegmentWriter(std::shared_ptr<File> file, std::string name, const SegmentHeader& header, std::uint64_t file_bytes,
                  std::shared_ptr<const FileCipher> cipher = nullptr);

    // Bytes left for frames, the end frame's place not counted.
    std::uint64_t room() const { return file_bytes_ - end_frame_bytes_max - end_; }
    bool sealed() const { return cipher_ != nullptr; }
    // What a data frame of such a payload, and a mark, take of it.
    std::uint64_t data_bytes(std::size_t payload_bytes) const { return frame_bytes(data_payload_bytes(payload_bytes, sealed())); }
    std::uint64_t mark_bytes() const { return mark_frame_bytes(sealed()); }

    // `payload` is entries, each `u32 length, bytes`. Precondition: data_bytes(payload.size()) <= room().
    void add_data(std::span<const std::byte> payload, std::uint32_t entries, Lsn first, Lsn durable, UnixMs now);
    void add_mark(Lsn last, UnixMs now);  // needs mark_bytes() of room()
    void add_end(Lsn last, UnixMs now);   // always fits, once; nothing after it
    std::size_t staged_bytes() const { return staged_.size(); }
    Result<void> write_staged();

    const std::shared_ptr<File>& file() const { return file_; }
    const std::string& name() const { return name_; }
    std::uint64_t end() const { return end_; }  // where the next frame goes; after add_end the segment's length

private:
    std::span<const std::byte, frame_header_bytes> add(const FrameHeader& header, std::span<const std::byte> payload);

    std::shared_ptr<File> file_;
    std::string name_;
    std::uint64_t seed_;
    std::uint64_t file_bytes_;
    std::shared_ptr<const FileCipher> cipher_;
    std::uint64_t end_ = header_block_bytes;
    HeaderDigest digest_;
    std::vector<std::byte> staged_;  // frames not yet written; they end at end_
};

// The end frame, for `offset`, of a segment that this process did not write: recovery ends it in place of its writer.
std::vector<std::byte> encode_end(Lsn last, UnixMs now, std::uint64_t seed, const HeaderDigest::Value& digest,
                                  std::uint64_t offset, const FileCipher* cipher);

}  // namespace storage::wal
