// SPDX-License-Identifier: MIT
#include "storage/snapshot_load.hpp"

#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "storage/snapshot_records.hpp"
#include "storage/store_replay.hpp"
#include "storage/wal_format.hpp"

namespace storage {

namespace {

using snapshot::BlockKind;

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }

class Loader {
public:
    Loader(SnapshotReader& reader, Store& store, unsigned threads, std::atomic<std::uint64_t>& bytes_read)
        : reader_(reader), store_(store), threads_(threads), bytes_read_(bytes_read) {}

    std::optional<SnapshotFault> run() {
        const auto& footer = reader_.footer();
        store_.expect_records(footer.sessions, footer.strings, footer.dead);
        std::vector<std::thread> workers;
        for (unsigned i = 1; i < threads_; ++i) workers.emplace_back([this] { load_records(); });
        load_records();
        for (std::thread& worker : workers) worker.join();
        if (!fault_) load_log();
        return fault_;
    }

private:
    void fail(const SnapshotFault& fault) {
        const std::lock_guard lock(mutex_);
        if (!fault_) fault_ = fault;
        failed_.store(true, std::memory_order_relaxed);
    }

    // The next block of this kind and its payload; nothing at the end or after a fault.
    std::optional<std::pair<SnapshotReader::Block, std::string_view>> take(BlockKind kind, SnapshotReader::Buffers& buffers) {
        if (failed_.load(std::memory_order_relaxed)) return std::nullopt;
        const auto block = reader_.next_of(kind);
        if (!block) return fail(block.error()), std::nullopt;
        if (!*block) return std::nullopt;
        const auto payload = reader_.payload(**block, buffers);
        if (!payload) return fail(payload.error()), std::nullopt;
        bytes_read_.fetch_add(snapshot::block_bytes((*block)->header.stored_bytes), std::memory_order_relaxed);
        return std::pair(**block, *payload);
    }

    void load_records() {
        SnapshotReader::Buffers buffers;
        while (const auto taken = take(BlockKind::records, buffers))
            if (!store_.load_records(taken->second, taken->first.header.entries))
                return fail(reader_.damaged(taken->first.offset, "a record does not decode"));
    }

    // What changed while the records were copied, in the order of the log.
    void load_log() {
        StoreReplay sink(store_, threads_);
        ReplayPool pool(sink);
        SnapshotReader::Buffers buffers;
        while (const auto taken = take(BlockKind::log, buffers)) pool.add(taken->first.header.first_lsn, bytes_of(taken->second));
        const auto refused = pool.finish();
        if (fault_) return;
        const auto rest = reader_.next();
        if (refused) return fail(reader_.damaged(0, "LSN " + std::to_string(value(*refused)) + " does not decode"));
        if (!rest) return fail(rest.error());
        if (*rest) fail(reader_.damaged((*rest)->offset, "a block of a kind that is not used"));
    }

    SnapshotReader& reader_;
    Store& store_;
    unsigned threads_;
    std::atomic<std::uint64_t>& bytes_read_;
    std::atomic<bool> failed_{false};
    std::mutex mutex_;
    std::optional<SnapshotFault> fault_;  // guarded by mutex_ while there are workers
};

bool log_decodes(std::string_view payload, std::uint32_t wanted) {
    wal::Entries entries(bytes_of(payload));
    std::span<const std::byte> record;
    std::uint32_t count = 0;
    for (; entries.next(record); ++count)
        if (!read_record(
                record, [](std::string_view) { return true; }, [](const Effect&) {}))
            return false;
    return !entries.broken() && count == wanted;
}

bool records_decode(std::string_view payload, std::uint32_t wanted, std::uint64_t& seen) {
    SnapshotEntries entries(payload);
    SnapshotEntry entry;
    std::uint32_t count = 0;
    for (; entries.next(entry); ++count) {
    }
    seen += count;
    return !entries.broken() && count == wanted;
}

LoadedSnapshot described(const SnapshotReader& reader, const std::string& name) {
    return {name, reader.header(), reader.footer(), reader.file_bytes()};
}

}  // namespace

SnapshotResult<LoadedSnapshot> load_snapshot(FileSystem& fs, const std::string& name, Store& store, unsigned threads,
                                             std::atomic<std::uint64_t>& bytes_read) {
    auto reader = SnapshotReader::open(fs, name);
    if (!reader) return reader.error();
    if (auto fault = Loader(**reader, store, threads, bytes_read).run()) return *fault;
    return described(**reader, name);
}

SnapshotResult<LoadedSnapshot> verify_snapshot(FileSystem& fs, const std::string& name, const std::function<bool()>& stop) {
    auto opened = SnapshotReader::open(fs, name);
    if (!opened) return opened.error();
    SnapshotReader& reader = **opened;
    SnapshotReader::Buffers buffers;
    Sha256 digest;
    digest.add(reader.header_digest());
    std::uint64_t records = 0;
    while (!stop || !stop()) {
        const auto block = reader.next();
        if (!block) return block.error();
        if (!*block) {
            if (digest.so_far() != reader.footer().digest) return reader.damaged(0, "the digest is wrong");
            if (records != reader.footer().records()) return reader.damaged(0, "the number of records is wrong");
            break;
        }
        const auto payload = reader.payload(**block, buffers);
        if (!payload) return payload.error();
        digest.add(reader.digest(**block, buffers));
        const auto& header = (*block)->header;
        const bool sound = header.kind == BlockKind::records ? records_decode(*payload, header.entries, records)
                                                             : log_decodes(*payload, header.entries);
        if (!sound) return reader.damaged((*block)->offset, "a record does not decode");
    }
    return described(reader, name);
}

}  // namespace storage
