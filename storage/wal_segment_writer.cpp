// SPDX-License-Identifier: MIT
#include "storage/wal_segment_writer.hpp"

#include <algorithm>
#include <utility>

#include "storage/ensure.hpp"
#include "storage/wal_seal.hpp"

namespace storage::wal {

namespace {

constexpr std::size_t staging_kept_bytes = 2U << 20;

// A whole frame into `to`, which has its size and is zeros. The checksum is over what the disk will hold.
void encode_frame(FrameHeader header, std::span<const std::byte> payload, std::uint64_t seed, std::uint64_t offset,
                  const FileCipher* cipher, std::span<std::byte> to) {
    const auto encoded = to.first<frame_header_bytes>();
    const auto stored = to.subspan(frame_header_bytes, header.payload_bytes);
    std::copy(payload.begin(), payload.end(), stored.begin());
    if (cipher != nullptr) {
        encode(header, seed, encoded, true);
        seal_payload(*cipher, header.kind, offset, encoded, stored);
    }
    header.payload_checksum = checksum(stored, seed);
    encode(header, seed, encoded, cipher != nullptr);
}

FrameHeader end_header(Lsn last, UnixMs now, bool sealed) {
    return {.kind = FrameKind::end,
            .payload_bytes = static_cast<std::uint32_t>(end_payload_bytes_of(sealed)),
            .first_lsn = next(last),
            .durable_lsn = last,
            .now = now};
}

}  // namespace

SegmentWriter::SegmentWriter(std::shared_ptr<File> file, std::string name, const SegmentHeader& header, std::uint64_t file_bytes,
                             std::shared_ptr<const FileCipher> cipher)
    : file_(std::move(file)), name_(std::move(name)), seed_(header.seed()), file_bytes_(file_bytes), cipher_(std::move(cipher)) {
    ENSURE(file_bytes_ >= header_block_bytes + end_frame_bytes_max);
    ENSURE(header.seal == (cipher_ ? cipher_->name() : SealName{}));
}

std::span<const std::byte, frame_header_bytes> SegmentWriter::add(const FrameHeader& header, std::span<const std::byte> payload) {
    const std::size_t at = staged_.size();
    const std::uint64_t bytes = frame_bytes(header.payload_bytes);
    staged_.resize(at + bytes);  // the padding is zeros
    const std::span<std::byte> frame = std::span(staged_).subspan(at);
    encode_frame(header, payload, seed_, end_, cipher_.get(), frame);
    end_ += bytes;
    return frame.first<frame_header_bytes>();
}

void SegmentWriter::add_data(std::span<const std::byte> payload, std::uint32_t entries, Lsn first, Lsn durable, UnixMs now) {
    ENSURE(data_bytes(payload.size()) <= room());
    digest_.add(add({.kind = FrameKind::data,
                     .payload_bytes = static_cast<std::uint32_t>(data_payload_bytes(payload.size(), sealed())),
                     .entry_count = entries,
                     .first_lsn = first,
                     .durable_lsn = durable,
                     .now = now},
                    payload));
}

void SegmentWriter::add_mark(Lsn last, UnixMs now) {
    ENSURE(mark_bytes() <= room());
    digest_.add(add({.kind = FrameKind::mark,
                     .payload_bytes = static_cast<std::uint32_t>(mark_payload_bytes(sealed())),
                     .first_lsn = next(last),
                     .durable_lsn = last,
                     .now = now},
                    {}));
}

void SegmentWriter::add_end(Lsn last, UnixMs now) {
    ENSURE(end_ + end_frame_bytes(sealed()) <= file_bytes_);
    add(end_header(last, now, sealed()), digest_.so_far());
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

std::vector<std::byte> encode_end(Lsn last, UnixMs now, std::uint64_t seed, const HeaderDigest::Value& digest,
                                  std::uint64_t offset, const FileCipher* cipher) {
    const bool sealed = cipher != nullptr;
    std::vector<std::byte> frame(end_frame_bytes(sealed));
    encode_frame(end_header(last, now, sealed), digest, seed, offset, cipher, frame);
    return frame;
}

}  // namespace storage::wal
