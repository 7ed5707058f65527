// SPDX-License-Identifier: MIT
// Reads one segment frame by frame and says how it ended. It judges nothing: whether a bad frame is the trace of a crash or
// damage is recovery's to decide, from what all segments name durable. Memory grows with bytes that are there, never with
// lengths that a file announces. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "storage/file_system.hpp"
#include "storage/header_digest.hpp"
#include "storage/wal_format.hpp"

namespace storage::wal {

enum class ReadEnd : std::uint8_t {
    none,     // not there yet: a frame was read
    clean,    // the file ends here, or nothing but zeros follows
    torn,     // no sound frame where one should be
    corrupt,  // a sound frame that cannot stand here: LSNs not dense, entries that do not add up, an end that does not match
    sealed,   // an end frame
};

struct Frame {
    FrameHeader header;
    std::span<const std::byte> payload;  // opened; valid until the next call
    std::uint64_t offset = 0;
};

// Of a sealed segment without its key only what stands on the disk can be checked: frame headers and checksums. Entries stay
// sealed then, and are for nobody.
enum class Payloads : std::uint8_t { opened, as_stored };

class SegmentReader {
public:
    // `cipher` is the one that the header names, or null. A frame that it does not open is not sound.
    SegmentReader(File& file, std::uint64_t file_bytes, const SegmentHeader& header,
                  std::shared_ptr<const FileCipher> cipher = nullptr, Payloads payloads = Payloads::opened);

    // A data frame and ReadEnd::none, or how the segment ends (again on further calls). Marks are read over.
    Result<ReadEnd> next(Frame& frame);

    // After torn or corrupt: goes on with the next frame that is sound by itself; none: there is one. Its LSNs are its own to
    // say, and an end frame behind it is not held against the headers before. For who looks at damage; recovery never does this.
    // Frames do not overlap, so payloads that were tried are the file's length together at most; a file with more of them is
    // forged to cost time, and ends there.
    Result<ReadEnd> resume();

    std::uint64_t offset() const { return offset_; }  // behind the last sound frame
    Lsn last_lsn() const { return last_; }            // the last record that was read, or the one before the segment
    Lsn durable() const { return durable_; }          // the highest LSN that any frame named durable
    UnixMs now_max() const { return now_max_; }
    HeaderDigest::Value digest() const { return digest_.so_far(); }

    // Past a bad place: looks on, 8 bytes at a time, for headers of this segment and raises durable() by what they name.
    Result<void> look_on(std::uint64_t from);
    // Where the last byte that is not zero stands, plus one; `from` if there is none from there on.
    Result<std::uint64_t> end_of_bytes(std::uint64_t from);

private:
    Result<std::uint64_t> fetch(std::uint64_t bytes);  // into the window; fewer only where the file ends
    std::span<const std::byte> window() const;         // what of the file is in memory from offset_ on
    Result<ReadEnd> end_here();                        // no sound frame at offset_
    ReadEnd finish(ReadEnd end) { return ended_ = end; }
    bool open(Frame& frame);
    bool dense(const Frame& frame) const;
    Result<std::optional<std::uint64_t>> find_frame(std::uint64_t from);              // the first that is stored whole
    Result<std::uint64_t> stored_whole(std::uint64_t at, const FrameHeader& header);  // bytes of the frame; 0: it is not sound
    bool sealed() const { return cipher_ != nullptr || as_stored_; }

    File& file_;
    std::uint64_t file_bytes_;
    std::uint64_t seed_;
    std::shared_ptr<const FileCipher> cipher_;
    bool as_stored_;                 // sealed, and not opened
    bool resumed_ = false;           // headers are missing from the digest
    std::uint64_t tried_bytes_ = 0;  // of payloads, by resume()
    std::uint64_t offset_ = header_block_bytes;
    Lsn last_;
    Lsn durable_;
    UnixMs now_max_ = 0;
    ReadEnd ended_ = ReadEnd::none;
    HeaderDigest digest_;
    std::vector<std::byte> buffer_;  // file bytes [buffer_at_, buffer_at_ + buffer_.size())
    std::uint64_t buffer_at_ = header_block_bytes;
};

}  // namespace storage::wal
