// SPDX-License-Identifier: MIT
#include "storage/wal_reader.hpp"

#include <algorithm>
#include <utility>

#include "storage/wal_seal.hpp"

namespace storage::wal {

namespace {

constexpr std::uint64_t read_bytes = 1U << 20;
constexpr std::uint64_t search_bytes_min = 4U << 10, search_bytes_max = 64U << 10;

std::span<const std::byte, frame_header_bytes> header_at(std::span<const std::byte> bytes) {
    return bytes.first<frame_header_bytes>();
}

// Room for one step of a file from `at` on, and no more than the file still has: most ends that are looked at are short.
std::vector<std::byte> room_for(std::uint64_t bytes, std::uint64_t at, std::uint64_t file_bytes) {
    return std::vector<std::byte>(static_cast<std::size_t>(std::min(bytes, file_bytes - std::min(at, file_bytes))));
}

}  // namespace

SegmentReader::SegmentReader(File& file, std::uint64_t file_bytes, const SegmentHeader& header,
                             std::shared_ptr<const FileCipher> cipher, Payloads payloads)
    : file_(file),
      file_bytes_(file_bytes),
      seed_(header.seed()),
      cipher_(std::move(cipher)),
      as_stored_(payloads == Payloads::as_stored && header.seal.sealed() && !cipher_),
      last_(header.predecessor_last),
      durable_(header.predecessor_last) {}

std::span<const std::byte> SegmentReader::window() const {
    return std::span(buffer_).subspan(static_cast<std::size_t>(offset_ - buffer_at_));
}

Result<std::uint64_t> SegmentReader::fetch(std::uint64_t bytes) {
    if (bytes <= window().size()) return bytes;
    if (bytes > file_bytes_ - offset_) return file_bytes_ - offset_;
    const std::span<const std::byte> kept = window();
    const auto kept_bytes = kept.size();
    std::copy(kept.begin(), kept.end(), buffer_.begin());
    buffer_at_ = offset_;
    // Only now is room made, and no more than the file still has.
    const std::uint64_t wanted = std::min(std::max(bytes, read_bytes), file_bytes_ - offset_);
    buffer_.resize(static_cast<std::size_t>(std::max<std::uint64_t>(wanted, kept_bytes)));
    const auto got = pread_full(file_, std::span(buffer_).subspan(kept_bytes), buffer_at_ + kept_bytes);
    if (!got) return got.error();
    buffer_.resize(kept_bytes + *got);
    return std::min<std::uint64_t>(bytes, buffer_.size());
}

// In place: the bytes of the window are read once.
bool SegmentReader::open(Frame& frame) {
    if (!sealed()) return true;
    const auto payload =
        std::span(buffer_).subspan(static_cast<std::size_t>(offset_ - buffer_at_) + frame_header_bytes, frame.payload.size());
    frame.payload = payload.first(own_payload_bytes(frame.header.kind, payload.size(), true));
    if (as_stored_) return true;
    return open_payload(*cipher_, frame.header.kind, offset_, header_at(window()), payload);
}

bool SegmentReader::dense(const Frame& frame) const {
    if (frame.header.first_lsn != storage::next(last_)) return false;
    switch (frame.header.kind) {
        case FrameKind::mark: return true;
        case FrameKind::end: {
            const HeaderDigest::Value digest = digest_.so_far();
            return resumed_ || std::equal(frame.payload.begin(), frame.payload.end(), digest.begin(), digest.end());
        }
        case FrameKind::data: break;
    }
    if (as_stored_) return true;
    Entries entries(frame.payload);
    std::span<const std::byte> record;
    std::uint32_t count = 0;
    while (entries.next(record)) ++count;
    return !entries.broken() && count == frame.header.entry_count;
}

Result<ReadEnd> SegmentReader::next(Frame& frame) {
    while (ended_ == ReadEnd::none) {
        const auto header_there = fetch(frame_header_bytes);
        if (!header_there) return header_there.error();
        if (*header_there < frame_header_bytes) return end_here();
        const auto header = decode_frame(header_at(window()), seed_, sealed());
        if (!header) return end_here();
        durable_ = later(durable_, header->durable_lsn);  // true whatever became of the payload
        const std::uint64_t bytes = frame_bytes(header->payload_bytes);
        const auto whole = fetch(bytes);
        if (!whole) return whole.error();
        if (*whole < bytes) return finish(ReadEnd::torn);
        frame = {*header, window().subspan(frame_header_bytes, header->payload_bytes), offset_};
        if (checksum(frame.payload, seed_) != header->payload_checksum) return finish(ReadEnd::torn);
        if (!open(frame)) return finish(ReadEnd::torn);
        if (!dense(frame)) return finish(ReadEnd::corrupt);
        digest_.add(header_at(window()));
        now_max_ = std::max(now_max_, header->now);
        last_ = frame.header.last_lsn();
        offset_ += bytes;
        if (header->kind == FrameKind::end) return finish(ReadEnd::sealed);
        if (header->kind == FrameKind::data) return ReadEnd::none;
    }
    return ended_;
}

Result<ReadEnd> SegmentReader::end_here() {
    const auto end = end_of_bytes(offset_);
    if (!end) return end.error();
    return finish(*end == offset_ ? ReadEnd::clean : ReadEnd::torn);
}

Result<std::uint64_t> SegmentReader::end_of_bytes(std::uint64_t from) {
    auto piece = room_for(read_bytes, from, file_bytes_);
    std::uint64_t end = from;
    for (std::uint64_t at = from; at < file_bytes_;) {
        const auto got = pread_full(file_, piece, at);
        if (!got) return got.error();
        if (*got == 0) break;
        const auto bytes = std::span(piece).first(*got);
        const auto last = std::find_if(bytes.rbegin(), bytes.rend(), [](std::byte b) { return b != std::byte{0}; });
        if (last != bytes.rend()) end = at + static_cast<std::uint64_t>(bytes.rend() - last);
        at += *got;
    }
    return end;
}

Result<void> SegmentReader::look_on(std::uint64_t from) {
    // A header may begin at the very end of a step.
    auto piece = room_for(read_bytes + frame_header_bytes, aligned(from), file_bytes_);
    for (std::uint64_t at = aligned(from); at < file_bytes_; at += read_bytes) {
        const auto got = pread_full(file_, piece, at);
        if (!got) return got.error();
        const auto bytes = std::span<const std::byte>(piece).first(*got);
        for (std::size_t i = 0; i < read_bytes && i + frame_header_bytes <= bytes.size(); i += frame_alignment) {
            if (bytes[i] != std::byte{'T'}) continue;
            if (const auto header = decode_frame(header_at(bytes.subspan(i)), seed_, sealed()))
                durable_ = later(durable_, header->durable_lsn);
        }
    }
    return {};
}

Result<std::optional<std::uint64_t>> SegmentReader::find_frame(std::uint64_t from) {
    std::vector<std::byte> piece;
    std::uint64_t step = search_bytes_min;
    for (std::uint64_t at = from; at < file_bytes_; at += step, step = std::min(2 * step, search_bytes_max)) {
        piece.resize(static_cast<std::size_t>(step) + frame_header_bytes);  // a header may begin at the very end of a step
        const auto got = pread_full(file_, piece, at);
        if (!got) return got.error();
        const auto bytes = std::span<const std::byte>(piece).first(*got);
        for (std::size_t i = 0; i < step && i + frame_header_bytes <= bytes.size(); i += frame_alignment) {
            if (bytes[i] != std::byte{'T'}) continue;
            const auto header = decode_frame(header_at(bytes.subspan(i)), seed_, sealed());
            if (!header) continue;
            const auto whole = stored_whole(at + i, *header);
            if (!whole) return whole.error();
            if (*whole != 0) return std::optional(at + i);
        }
    }
    return std::optional<std::uint64_t>();
}

Result<std::uint64_t> SegmentReader::stored_whole(std::uint64_t at, const FrameHeader& header) {
    if (frame_bytes(header.payload_bytes) > file_bytes_ - at) return std::uint64_t{0};
    if (header.payload_bytes > file_bytes_ - tried_bytes_) return std::uint64_t{0};
    tried_bytes_ += header.payload_bytes;
    std::vector<std::byte> payload(header.payload_bytes);
    const auto read = pread_full(file_, payload, at + frame_header_bytes);
    if (!read) return read.error();
    if (*read < payload.size() || checksum(payload, seed_) != header.payload_checksum) return std::uint64_t{0};
    last_ = Lsn{value(header.first_lsn) - 1};
    return frame_bytes(header.payload_bytes);
}

Result<ReadEnd> SegmentReader::resume() {
    if (ended_ != ReadEnd::torn && ended_ != ReadEnd::corrupt) return ended_;
    const auto at = find_frame(offset_ + frame_alignment);
    if (!at) return at.error();
    if (!*at) return ended_;
    offset_ = buffer_at_ = **at;
    buffer_.clear();  // an attempt to open a frame there may have changed it
    resumed_ = true;
    return ended_ = ReadEnd::none;
}

}  // namespace storage::wal
