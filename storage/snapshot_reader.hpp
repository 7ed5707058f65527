// SPDX-License-Identifier: MIT
// Opens a snapshot file and hands out its blocks, checked and decompressed, to one or several threads. Judges nothing beyond
// the file itself. Memory grows with bytes that are there, never with lengths that a file announces: a block's place must be
// within the file before room is made for it.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "storage/file_system.hpp"
#include "storage/log_options.hpp"
#include "storage/sha256.hpp"
#include "storage/snapshot_format.hpp"
#include "storage/token_secret.hpp"

namespace storage {

struct SnapshotFault {
    enum class Kind : std::uint8_t {
        damaged,     // bytes that no writer left so
        newer,       // a sound header of a version that this program does not know
        unreadable,  // the disk says no
        no_key,      // sealed, and no key that there is opens it
        plain,       // not sealed, although there are keys
    } kind = Kind::damaged;
    std::string text;          // one line: file, byte, what
    std::uint64_t offset = 0;  // that byte
};
[[noreturn]] inline void throw_exception_from_error(const SnapshotFault& fault, const boost::source_location& where) {
    boost::throw_exception(std::runtime_error(fault.text), where);
}
template <class T>
using SnapshotResult = boost::system::result<T, SnapshotFault>;

class SnapshotReader {
public:
    // Reads header and footer, with the keys that there are; with `name` of the form that snapshots have, the footer's LSN must
    // be the name's.
    static SnapshotResult<std::unique_ptr<SnapshotReader>> open(FileSystem& fs, const std::string& name,
                                                                const Encryption& encryption);

    const snapshot::Header& header() const { return header_; }
    const snapshot::Footer& footer() const { return footer_; }
    std::uint64_t file_bytes() const { return file_bytes_; }
    TokenSecret token_secret() const { return token_secret_from(header_.token_secret, cipher_.get()); }

    // Where the next block to be handed out begins, and what it is; nothing when only the footer is left. Any thread.
    struct Block {
        snapshot::BlockHeader header;
        std::uint64_t offset = 0;
    };
    SnapshotResult<std::optional<Block>> next();
    // The same, if it is of this kind; nothing, and the block stays the next one, if it is not.
    SnapshotResult<std::optional<Block>> next_of(snapshot::BlockKind kind);

    // The payload of a block, checked and decompressed, in one of the buffers. Any thread, with buffers of its own.
    struct Buffers {
        std::string stored, raw;
        Sha256::Value digest{};  // the block's part of the file's, if payload() was asked for it
        bool want_digest = false;
    };
    SnapshotResult<std::string_view> payload(const Block& block, Buffers& buffers) const;
    Sha256::Value header_digest() const { return Sha256::of(header_block_); }

    SnapshotFault damaged(std::uint64_t offset, const std::string& what) const;

private:
    SnapshotReader(std::unique_ptr<File> file, std::string name) : file_(std::move(file)), name_(std::move(name)) {}

    std::optional<SnapshotFault> read_header(const Encryption& encryption);
    std::optional<SnapshotFault> check_seal(const Encryption& encryption);
    std::optional<SnapshotFault> read_footer();
    SnapshotResult<snapshot::BlockHeader> block_at(std::uint64_t offset) const;
    SnapshotResult<std::optional<Block>> take_next(std::optional<snapshot::BlockKind> kind);
    SnapshotResult<std::string_view> decompress(const Block& block, std::string_view stored, std::string& raw) const;
    SnapshotFault unreadable(std::uint64_t offset, const boost::system::error_code& error) const;

    std::unique_ptr<File> file_;
    std::string name_;
    std::uint64_t file_bytes_ = 0;
    HeaderBlock header_block_{};
    snapshot::Header header_;
    std::shared_ptr<const FileCipher> cipher_;  // null: plain
    snapshot::Footer footer_;
    std::mutex mutex_;
    // guarded by mutex_
    std::uint64_t next_offset_ = header_block_bytes;
    std::uint64_t next_number_ = 0;
    snapshot::BlockKind last_kind_ = snapshot::BlockKind::removals;
};

}  // namespace storage
