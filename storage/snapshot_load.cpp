// SPDX-License-Identifier: MIT
#include "storage/snapshot_load.hpp"

#include <algorithm>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "storage/block_spread.hpp"
#include "storage/data_directory.hpp"
#include "storage/snapshot_records.hpp"
#include "storage/store_replay.hpp"
#include "storage/wal_format.hpp"

namespace storage {

namespace {

using snapshot::BlockKind;

constexpr std::uint64_t bytes_of_record = 8;  // well compressed

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }

// The records of the file's own log: all of (S0, S1], in order and without a hole.
class DenseLog {
public:
    explicit DenseLog(Lsn begun_at) : last_(begun_at) {}

    bool takes(const snapshot::BlockHeader& block) {
        if (block.first_lsn != next(last_)) return false;
        last_ = Lsn{value(last_) + block.entries};
        return true;
    }
    bool reaches(Lsn last) const { return last_ == last; }
    std::string hole() const { return "LSN " + std::to_string(value(last_) + 1) + " is missing"; }

private:
    Lsn last_;
};

std::uint32_t count_entries(std::string_view payload) {
    wal::Entries entries(bytes_of(payload));
    std::span<const std::byte> record;
    std::uint32_t count = 0;
    while (entries.next(record)) ++count;
    return count;
}

class Loader {
public:
    Loader(SnapshotReader& reader, Store& store, unsigned threads, std::atomic<std::uint64_t>& bytes_read)
        : reader_(reader),
          store_(store),
          threads_(threads),
          bytes_read_(bytes_read),
          records_([&reader] { return reader.next_of(BlockKind::records); }, threads) {}

    std::optional<SnapshotFault> run() {
        // What the footer announces makes no more room than the file's own size would.
        const auto& footer = reader_.footer();
        const auto most = [&](std::uint64_t records) { return std::min(records, reader_.file_bytes() / bytes_of_record); };
        if (reader_.header().full()) store_.expect_records(most(footer.sessions), most(footer.strings), most(footer.dead));
        remove_from_base();
        std::vector<std::thread> workers;
        for (unsigned i = 1; i < threads_; ++i) workers.emplace_back([this, i] { load_records(i); });
        load_records(0);
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

    using Taken = std::optional<std::pair<SnapshotReader::Block, std::string_view>>;

    // The next block of this kind and its payload; nothing at the end or after a fault.
    Taken take(BlockKind kind, SnapshotReader::Buffers& buffers) {
        return take(buffers, [&] { return reader_.next_of(kind); });
    }

    template <class Next>
    Taken take(SnapshotReader::Buffers& buffers, Next&& next) {
        if (failed_.load(std::memory_order_relaxed)) return std::nullopt;
        const auto block = next();
        if (!block) return fail(block.error()), std::nullopt;
        if (!*block) return std::nullopt;
        const auto payload = reader_.payload(**block, buffers);
        if (!payload) return fail(payload.error()), std::nullopt;
        bytes_read_.fetch_add(snapshot::block_bytes((*block)->header.stored_bytes), std::memory_order_relaxed);
        return std::pair(**block, *payload);
    }

    // What the base still has and the log took out since, in the order of the log.
    void remove_from_base() {
        StoreReplay sink(store_, threads_);
        ReplayPool pool(sink);
        SnapshotReader::Buffers buffers;
        while (const auto taken = take(BlockKind::removals, buffers)) {
            snapshot::Removals removals(taken->second);
            Lsn lsn{};
            std::uint32_t count = 0;
            for (std::string_view entry; removals.next(lsn, entry); ++count) pool.add(lsn, bytes_of(entry));
            if (removals.broken() || count != taken->first.header.entries)
                return fail(reader_.damaged(taken->first.offset, "a removal does not decode"));
        }
        if (const auto refused = pool.finish())
            fail(reader_.damaged(0, "LSN " + std::to_string(value(*refused)) + " does not decode"));
    }

    void load_records(unsigned thread) {
        SnapshotReader::Buffers buffers;
        while (const auto taken = take(buffers, [&] { return records_.next(thread); }))
            if (!store_.load_records(taken->second, taken->first.header.entries, reader_.header().begun_at))
                return fail(reader_.damaged(taken->first.offset, "a record does not decode"));
    }

    // What changed while the records were copied, in the order of the log.
    void load_log() {
        StoreReplay sink(store_, threads_);
        ReplayPool pool(sink);
        SnapshotReader::Buffers buffers;
        DenseLog dense(reader_.header().begun_at);
        while (const auto taken = take(BlockKind::log, buffers)) {
            const auto& [block, payload] = *taken;
            if (!dense.takes(block.header))
                fail(reader_.damaged(block.offset, dense.hole()));
            else if (count_entries(payload) != block.header.entries)
                fail(reader_.damaged(block.offset, "a record does not decode"));
            else
                pool.add(block.header.first_lsn, bytes_of(payload));
        }
        const auto refused = pool.finish();
        if (fault_) return;
        const auto rest = reader_.next();
        if (refused) return fail(reader_.damaged(0, "LSN " + std::to_string(value(*refused)) + " does not decode"));
        if (!rest) return fail(rest.error());
        if (*rest) return fail(reader_.damaged((*rest)->offset, "a block of a kind that is not used"));
        if (!dense.reaches(reader_.footer().last)) fail(reader_.damaged(0, dense.hole()));
    }

    SnapshotReader& reader_;
    Store& store_;
    unsigned threads_;
    std::atomic<std::uint64_t>& bytes_read_;
    BlockSpread records_;
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

bool removals_decode(std::string_view payload, std::uint32_t wanted) {
    snapshot::Removals removals(payload);
    Lsn lsn{};
    std::uint32_t count = 0;
    for (std::string_view entry; removals.next(lsn, entry); ++count)
        if (!log_decodes(entry, 1)) return false;
    return !removals.broken() && count == wanted;
}

bool decodes(const snapshot::BlockHeader& block, std::string_view payload, std::uint64_t& records) {
    switch (block.kind) {
        case BlockKind::removals: return removals_decode(payload, block.entries);
        case BlockKind::records: return records_decode(payload, block.entries, records);
        case BlockKind::log: return log_decodes(payload, block.entries);
        case BlockKind::footer: break;
    }
    return false;
}

LoadedSnapshot described(const SnapshotReader& reader, const std::string& name) {
    return {name, reader.header(), reader.footer(), reader.file_bytes(), reader.token_secret(), {}};
}

}  // namespace

namespace {

struct ChainFile {
    std::string name;
    std::unique_ptr<SnapshotReader> reader;
};

// The snapshot and all that it builds upon, the full one last.
SnapshotResult<std::vector<ChainFile>> open_chain(FileSystem& fs, const std::string& name, const Encryption& encryption) {
    std::vector<ChainFile> chain;
    for (std::string next = name;;) {
        auto reader = SnapshotReader::open(fs, next, encryption);
        if (!reader && !chain.empty() && reader.error().kind == SnapshotFault::Kind::unreadable)
            return SnapshotFault{
                SnapshotFault::Kind::damaged,
                chain.back().name + " is incremental, no backup by itself, and builds upon " + next + ": " + reader.error().text};
        if (!reader) return reader.error();
        if (!chain.empty()) {
            const snapshot::Header& above = chain.back().reader->header();
            if (above.base_digest != (*reader)->footer().digest || above.directory_id != (*reader)->header().directory_id)
                return chain.back().reader->damaged(0, "it builds upon another " + next);
        }
        chain.push_back({next, std::move(*reader)});
        const snapshot::Header& header = chain.back().reader->header();
        if (header.full()) return chain;
        if (chain.size() == snapshot_chain_max || value(header.base_last) >= value(chain.back().reader->footer().last))
            return chain.back().reader->damaged(0, "it builds upon nothing");
        next = snapshot_name(header.base_last);
    }
}

}  // namespace

SnapshotResult<LoadedSnapshot> load_snapshot(FileSystem& fs, const std::string& name, const Encryption& encryption, Store& store,
                                             unsigned threads, std::atomic<std::uint64_t>& bytes_read) {
    auto chain = open_chain(fs, name, encryption);
    if (!chain) return chain.error();
    for (auto link = chain->rbegin(); link != chain->rend(); ++link)
        if (auto fault = Loader(*link->reader, store, threads, bytes_read).run()) return *fault;
    LoadedSnapshot loaded = described(*chain->front().reader, name);
    loaded.chain = {loaded.last(), loaded.footer.digest, static_cast<std::uint32_t>(chain->size()), 0, 0};
    for (const ChainFile& link : *chain)
        (link.reader->header().full() ? loaded.chain.full_bytes : loaded.chain.incremental_bytes) += link.reader->file_bytes();
    return loaded;
}

SnapshotResult<LoadedSnapshot> verify_snapshot(FileSystem& fs, const std::string& name, const Encryption& encryption,
                                               const SnapshotCheck& check) {
    auto opened = SnapshotReader::open(fs, name, encryption);
    if (!opened) return opened.error();
    SnapshotReader& reader = **opened;
    SnapshotReader::Buffers buffers;
    buffers.want_digest = true;
    Sha256 digest;
    digest.add(reader.header_digest());
    std::uint64_t records = 0;
    DenseLog dense(reader.header().begun_at);
    const auto stop = [&] { return check.stop && check.stop(); };
    while (!stop()) {
        const auto block = reader.next();
        if (!block) return block.error();
        if (!*block) {
            if (digest.so_far() != reader.footer().digest) return reader.damaged(0, "the digest is wrong");
            if (records != reader.footer().records()) return reader.damaged(0, "the number of records is wrong");
            if (!dense.reaches(reader.footer().last)) return reader.damaged(0, dense.hole());
            break;
        }
        const auto payload = reader.payload(**block, buffers);
        if (!payload) return payload.error();
        if (stop()) break;
        digest.add(buffers.digest);
        const auto& header = (*block)->header;
        if (check.bytes_read != nullptr)
            check.bytes_read->fetch_add(snapshot::block_bytes(header.stored_bytes), std::memory_order_relaxed);
        if (!decodes(header, *payload, records)) return reader.damaged((*block)->offset, "a record does not decode");
        if (header.kind == BlockKind::log && !dense.takes(header)) return reader.damaged((*block)->offset, dense.hole());
    }
    return described(reader, name);
}

}  // namespace storage
