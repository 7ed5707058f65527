// SPDX-License-Identifier: MIT
#include "storage/wal_segment_writer.hpp"

#include <algorithm>
#include <utility>

#include "storage/ensure.hpp"

namespace storage::wal {

namespace {

constexpr std::size_t staging_kept_bytes = 2U << 20;

}  // namespace

SegmentWriter::SegmentWriter(std::shared_ptr<File> file, std::string name, const SegmentHeader& header, std::uint64_t file_bytes)
    : file_(std::move(file)), name_(std::move(name)), seed_(header.seed()), file_bytes_(file_bytes) {
    ENSURE(file_bytes_ >= header_block_bytes + end_frame_bytes);
}

void SegmentWriter::add(FrameHeader header, std::span<const std::byte> payload) {
    header.payload_bytes = static_cast<std::uint32_t>(payload.size());
    header.payload_checksum = checksum(payload, seed_);
    const std::size_t at = staged_.size();
    const std::uint64_t bytes = frame_bytes(payload.size());
    staged_.resize(at + bytes);  // the padding is zeros
    const std::span<std::byte, frame_header_bytes> encoded(staged_.data() + at, frame_header_bytes);
    encode(header, seed_, encoded);
    std::copy(payload.begin(), payload.end(), staged_.begin() + static_cast<std::ptrdiff_t>(at + frame_header_bytes));
    digest_.add(encoded);
    end_ += bytes;
}

void SegmentWriter::add_data(std::span<const std::byte> payload, std::uint32_t entries, Lsn first, Lsn durable, UnixMs now) {
    ENSURE(frame_bytes(payload.size()) <= room());
    add({.kind = FrameKind::data, .entry_count = entries, .first_lsn = first, .durable_lsn = durable, .now = now}, payload);
}

void SegmentWriter::add_mark(Lsn last, UnixMs now) {
    ENSURE(mark_frame_bytes <= room());
    add({.kind = FrameKind::mark, .first_lsn = next(last), .durable_lsn = last, .now = now}, {});
}

void SegmentWriter::add_end(Lsn last, UnixMs now) {
    ENSURE(end_ + end_frame_bytes <= file_bytes_);
    const auto frame = encode_end(last, now, seed_, digest_.so_far());
    staged_.insert(staged_.end(), frame.begin(), frame.end());
    end_ += frame.size();
}

Result<void> SegmentWriter::write_staged() {
    if (staged_.empty()) return {};
    auto done = pwrite_all(*file_, staged_, end_ - staged_.size());
    if (!done) return done;
    if (staged_.capacity() > staging_kept_bytes) {
        std::vector<std::byte>().swap(staged_);
    } else {
        staged_.clear();
    }
    return {};
}

std::array<std::byte, end_frame_bytes> encode_end(Lsn last, UnixMs now, std::uint64_t seed, const HeaderDigest::Value& digest) {
    std::array<std::byte, end_frame_bytes> frame{};
    encode({.kind = FrameKind::end,
            .payload_bytes = end_payload_bytes,
            .first_lsn = next(last),
            .durable_lsn = last,
            .now = now,
            .payload_checksum = checksum(digest, seed)},
           seed, std::span(frame).first<frame_header_bytes>());
    std::copy(digest.begin(), digest.end(), frame.begin() + frame_header_bytes);
    return frame;
}

}  // namespace storage::wal
