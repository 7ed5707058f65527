// SPDX-License-Identifier: MIT
#include "storage/snapshot_writer.hpp"

#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "storage/background_thread.hpp"
#include "storage/data_directory.hpp"
#include "storage/ensure.hpp"
#include "storage/wal_format.hpp"

namespace storage {

namespace {

// So that no sync of the log waits behind a whole snapshot; and the kernel begins the writing of so much in one go on a
// processor that it does not give away meanwhile: 16 MiB took it 5 ms.
constexpr std::uint64_t sync_step_bytes = 4U << 20;

}  // namespace

SealedHeader seal_new_file(snapshot::Header header, const Encryption& encryption, const TokenSecret& token_secret) {
    SealedHeader sealed{std::move(header), nullptr};
    if (encryption.keys) {
        sealed.cipher = encryption.keys->for_new_file(FilePurpose::snapshot, sealed.header.salt);
        sealed.header.seal = sealed.cipher->name();
    }
    sealed.header.token_secret = stored(token_secret, sealed.cipher.get());
    return sealed;
}

SnapshotWriter::SnapshotWriter(FileSystem& fs, const snapshot::Header& header, std::shared_ptr<const FileCipher> cipher,
                               Compress compress)
    : fs_(fs), header_(header), cipher_(std::move(cipher)), compress_(compress) {}

SnapshotWriter::~SnapshotWriter() { abandon(); }

void SnapshotWriter::abandon() {
    if (!file_ || named_) return;
    file_.reset();
    (void)fs_.unlink(snapshot_part_name);  // what stays is removed by the next one, or the next start
}

Result<void> SnapshotWriter::begin() {
    ENSURE(header_.version == snapshot::format_version);
    (void)fs_.unlink(snapshot_part_name);
    auto file = fs_.create(snapshot_part_name);
    if (!file) return file.error();
    file_ = std::move(*file);
    const HeaderBlock block = snapshot::encode(header_, cipher_.get());
    digest_.add(Sha256::of(block));
    end_ = block.size();
    return pwrite_all(*file_, block, 0);
}

std::string_view SnapshotWriter::compressed(std::string_view payload, snapshot::BlockHeader& block) {
    if (compress_.how == snapshot::Compression::none) return payload;
    compressed_.resize(ZSTD_compressBound(payload.size()));
    const std::size_t bytes =
        ZSTD_compress(compressed_.data(), compressed_.size(), payload.data(), payload.size(), compress_.level);
    if (ZSTD_isError(bytes) != 0 || bytes >= payload.size()) return payload;  // not worth it
    block.compression = snapshot::Compression::zstd;
    return std::string_view(compressed_).substr(0, bytes);
}

Result<void> SnapshotWriter::add(snapshot::BlockHeader block, std::string_view payload) {
    if (payload.empty()) return {};
    const std::string_view stored = compressed(payload, block);
    block.raw_bytes = static_cast<std::uint32_t>(payload.size());
    raw_bytes_ += payload.size();
    return write(block, stored);
}

Result<void> SnapshotWriter::write(const snapshot::BlockHeader& from, std::string_view stored) {
    snapshot::BlockHeader block = from;
    block.number = blocks_++;
    const std::size_t stored_bytes = stored.size() + (cipher_ ? FileCipher::tag_bytes : 0);
    block.stored_bytes = static_cast<std::uint32_t>(stored_bytes);
    staged_.resize(snapshot::block_bytes(stored_bytes));
    std::ranges::fill(std::span(staged_).subspan(snapshot::block_header_bytes + stored_bytes), std::byte{0});
    const auto encoded = std::span(staged_).first<snapshot::block_header_bytes>();
    const auto payload = std::span(staged_).subspan(snapshot::block_header_bytes, stored_bytes);
    std::memcpy(payload.data(), stored.data(), stored.size());
    if (cipher_) {
        snapshot::encode(block, header_.seed(), encoded);
        cipher_->seal(block.number, snapshot::authenticated(encoded), payload.first(stored.size()),
                      payload.last<FileCipher::tag_bytes>());
    }
    block.payload_checksum = wal::checksum(payload, header_.seed());
    snapshot::encode(block, header_.seed(), encoded);
    let_others_run();
    if (block.kind != snapshot::BlockKind::footer) digest_.add(Sha256::of(encoded));
    if (auto done = pwrite_all(*file_, staged_, end_); !done) return done;
    end_ += staged_.size();
    let_others_run();
    if (end_ - synced_ < sync_step_bytes) return {};
    synced_ = end_;
    return file_->fdatasync();
}

Result<snapshot::Footer> SnapshotWriter::finish(snapshot::Footer footer) {
    footer.blocks = blocks_;
    footer.raw_bytes = raw_bytes_;
    footer.digest = digest_.so_far();
    const std::string payload = snapshot::encode(footer);
    snapshot::BlockHeader block{.kind = snapshot::BlockKind::footer};
    block.raw_bytes = static_cast<std::uint32_t>(payload.size());
    if (auto done = write(block, payload); !done) return done.error();
    // Its place is the file's last bytes, so that it can be found without reading what is before.
    end_ = end_ - staged_.size() + snapshot::footer_block_bytes;
    auto done =
        write_zeros(*file_, end_ - snapshot::footer_block_bytes + staged_.size(), snapshot::footer_block_bytes - staged_.size());
    if (done) done = file_->fdatasync();
    if (!done) return done.error();
    return footer;
}

Result<void> SnapshotWriter::publish(Lsn last) {
    if (auto done = fs_.rename(snapshot_part_name, snapshot_name(last)); !done) return done;
    named_ = true;
    return fs_.sync_directory("");
}

}  // namespace storage
