// SPDX-License-Identifier: MIT
#include "storage/snapshot_reader.hpp"

#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "storage/data_directory.hpp"
#include "storage/seal_check.hpp"
#include "storage/wal_format.hpp"

namespace storage {

using snapshot::BlockKind;

SnapshotFault SnapshotReader::damaged(std::uint64_t offset, const std::string& what) const {
    return {SnapshotFault::Kind::damaged, name_ + " at byte " + std::to_string(offset) + ": " + what, offset};
}

SnapshotFault SnapshotReader::unreadable(std::uint64_t offset, const boost::system::error_code& error) const {
    return {SnapshotFault::Kind::unreadable,
            "cannot read " + name_ + " at byte " + std::to_string(offset) + ": " + error.message(), offset};
}

SnapshotResult<std::unique_ptr<SnapshotReader>> SnapshotReader::open(FileSystem& fs, const std::string& name,
                                                                     const Encryption& encryption) {
    auto file = fs.open_read(name);
    if (!file) return SnapshotFault{SnapshotFault::Kind::unreadable, "cannot open " + name + ": " + file.error().message()};
    std::unique_ptr<SnapshotReader> reader(new SnapshotReader(std::move(*file), name));
    if (auto fault = reader->read_header(encryption)) return *fault;
    if (auto fault = reader->read_footer()) return *fault;
    const auto named = parse_snapshot_name(name);
    if (named && *named != reader->footer_.last)
        return reader->damaged(0, "it holds the state at LSN " + std::to_string(value(reader->footer_.last)));
    reader->file_->advise(Advice::will_read_all);
    return reader;
}

std::optional<SnapshotFault> SnapshotReader::read_header(const Encryption& encryption) {
    const auto size = file_->size();
    if (!size) return unreadable(0, size.error());
    file_bytes_ = *size;
    const auto got = pread_full(*file_, header_block_, 0);
    if (!got) return unreadable(0, got.error());
    const auto decoded = snapshot::decode_header(std::span(header_block_).first(*got));
    if (!decoded.header && decoded.fault == HeaderFault::newer)
        return SnapshotFault{SnapshotFault::Kind::newer, name_ + " has a format of a newer version"};
    if (!decoded.header) return damaged(0, "the header cannot be read");
    header_ = *decoded.header;
    if (auto fault = check_seal(encryption)) return fault;
    if (file_bytes_ < header_block_bytes + snapshot::footer_block_bytes) return damaged(file_bytes_, "the file ends too early");
    return std::nullopt;
}

std::optional<SnapshotFault> SnapshotReader::check_seal(const Encryption& encryption) {
    using Kind = SnapshotFault::Kind;
    CheckedSeal checked =
        storage::check_seal(encryption, FilePurpose::snapshot, name_, header_.seal, header_.salt, header_block_);
    switch (checked.state) {
        case SealState::readable: cipher_ = std::move(checked.cipher); return std::nullopt;
        case SealState::plain_under_key: return SnapshotFault{Kind::plain, checked.problem};
        case SealState::no_key: return SnapshotFault{Kind::no_key, checked.problem};
        case SealState::newer: return SnapshotFault{Kind::newer, checked.problem};
        case SealState::forged: return SnapshotFault{Kind::damaged, checked.problem};
    }
    return std::nullopt;
}

std::optional<SnapshotFault> SnapshotReader::read_footer() {
    const std::uint64_t offset = file_bytes_ - snapshot::footer_block_bytes;
    const auto block = block_at(offset);
    if (!block) return block.error();
    if (block->kind != BlockKind::footer || snapshot::block_bytes(block->stored_bytes) > snapshot::footer_block_bytes)
        return damaged(offset, "no footer stands here");
    Buffers buffers;
    const auto bytes = payload({*block, offset}, buffers);
    if (!bytes) return bytes.error();
    if (!snapshot::decode_footer(*bytes, footer_) || block->number != footer_.blocks)
        return damaged(offset, "the footer does not decode");
    return std::nullopt;
}

SnapshotResult<snapshot::BlockHeader> SnapshotReader::block_at(std::uint64_t offset) const {
    std::array<std::byte, snapshot::block_header_bytes> bytes;
    const auto got = pread_full(*file_, bytes, offset);
    if (!got) return unreadable(offset, got.error());
    std::optional<snapshot::BlockHeader> header;
    if (*got == bytes.size()) header = snapshot::decode_block(bytes, header_.seed(), cipher_ != nullptr);
    if (!header) return damaged(offset, "the block's header cannot be read");
    return *header;
}

SnapshotResult<std::optional<SnapshotReader::Block>> SnapshotReader::next() { return take_next(std::nullopt); }
SnapshotResult<std::optional<SnapshotReader::Block>> SnapshotReader::next_of(BlockKind kind) { return take_next(kind); }

SnapshotResult<std::optional<SnapshotReader::Block>> SnapshotReader::take_next(std::optional<BlockKind> kind) {
    const std::lock_guard lock(mutex_);
    const std::uint64_t offset = next_offset_, end = file_bytes_ - snapshot::footer_block_bytes;
    if (offset == end) {
        if (next_number_ != footer_.blocks) return damaged(offset, "blocks are missing");
        return std::optional<Block>();
    }
    const auto header = block_at(offset);
    if (!header) return header.error();
    if (header->number != next_number_ || header->kind < last_kind_ || header->kind == BlockKind::footer)
        return damaged(offset, "a block that does not belong here");
    if (snapshot::block_bytes(header->stored_bytes) > end - offset) return damaged(offset, "the block is longer than the file");
    if (kind && header->kind != *kind) return std::optional<Block>();
    next_offset_ += snapshot::block_bytes(header->stored_bytes);
    ++next_number_;
    last_kind_ = header->kind;
    return std::optional<Block>(Block{*header, offset});
}

SnapshotResult<std::string_view> SnapshotReader::payload(const Block& block, Buffers& buffers) const {
    const snapshot::BlockHeader& header = block.header;
    buffers.stored.resize(header.stored_bytes);
    const auto stored = std::as_writable_bytes(std::span(buffers.stored));
    const auto got = pread_full(*file_, stored, block.offset + snapshot::block_header_bytes);
    if (!got) return unreadable(block.offset, got.error());
    if (*got != stored.size() || wal::checksum(stored, header_.seed()) != header.payload_checksum)
        return damaged(block.offset, "the block's checksum is wrong");
    std::array<std::byte, snapshot::block_header_bytes> encoded;
    snapshot::encode(header, header_.seed(), encoded);
    if (buffers.want_digest) {
        Sha256 sha;
        sha.add(encoded);
        if (header_.digest_of_payloads()) sha.add(stored);
        buffers.digest = sha.so_far();
    }
    std::string_view own(buffers.stored);
    if (cipher_) {
        const auto opened = stored.first(stored.size() - FileCipher::tag_bytes);  // decode_block saw that there is one
        if (!cipher_->open(header.number, snapshot::authenticated(encoded), opened, stored.last<FileCipher::tag_bytes>()))
            return damaged(block.offset, "the block is not what was sealed here");
        own = own.substr(0, opened.size());
    }
    return header.compression == snapshot::Compression::none ? own : decompress(block, own, buffers.raw);
}

SnapshotResult<std::string_view> SnapshotReader::decompress(const Block& block, std::string_view stored, std::string& raw) const {
    // What the compressed bytes themselves say must agree before room is made for it.
    const std::size_t wanted = block.header.raw_bytes;
    if (ZSTD_getFrameContentSize(stored.data(), stored.size()) != wanted)
        return damaged(block.offset, "the block does not decompress");
    raw.resize(wanted);
    if (ZSTD_decompress(raw.data(), raw.size(), stored.data(), stored.size()) != wanted)
        return damaged(block.offset, "the block does not decompress");
    return std::string_view(raw);
}

}  // namespace storage
