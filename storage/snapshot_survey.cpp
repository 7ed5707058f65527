// SPDX-License-Identifier: MIT
#include "storage/snapshot_survey.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "storage/snapshot_load.hpp"
#include "storage/wal_format.hpp"

namespace storage {

namespace {

// The blocks as they stand in the file: headers, numbers, checksums. Needs no key.
class StoredBlocks {
public:
    StoredBlocks(File& file, SnapshotFacts& facts, RecoveryProgress& progress)
        : file_(file), facts_(facts), progress_(progress), seed_(facts.header->seed()), sealed_(facts.header->seal.sealed()) {}

    Result<void> check() {
        if (facts_.bytes < header_block_bytes + snapshot::footer_block_bytes) return bad(facts_.bytes, "the file ends too early");
        const std::uint64_t footer = facts_.bytes - snapshot::footer_block_bytes;
        for (std::uint64_t at = header_block_bytes; !facts_.fault && at <= footer;) {
            const auto bytes = check_block(at, footer);
            if (!bytes) return bytes.error();
            if (*bytes == 0) return {};
            progress_.bytes_read.fetch_add(*bytes, std::memory_order_relaxed);
            at += *bytes;
        }
        return {};
    }

private:
    Result<void> bad(std::uint64_t offset, const std::string& what) {
        facts_.fault =
            SnapshotFault{SnapshotFault::Kind::damaged, facts_.name + " at byte " + std::to_string(offset) + ": " + what, offset};
        return {};
    }
    Result<std::uint64_t> bad_block(std::uint64_t offset, const std::string& what) {
        if (auto done = bad(offset, what); !done) return done.error();
        return std::uint64_t{0};
    }

    // Its bytes; 0: there is a fault.
    Result<std::uint64_t> check_block(std::uint64_t at, std::uint64_t footer) {
        std::array<std::byte, snapshot::block_header_bytes> encoded{};
        const auto got = pread_full(file_, encoded, at);
        if (!got) return got.error();
        const auto header = snapshot::decode_block(encoded, seed_, sealed_);
        if (!header) return bad_block(at, "the block's header cannot be read");
        const bool last = at == footer;
        const bool belongs = header->number == facts_.blocks && header->kind >= last_kind_ &&
                             (header->kind == snapshot::BlockKind::footer) == last;
        if (!belongs) return bad_block(at, "a block that does not belong here");
        const std::uint64_t bytes = snapshot::block_bytes(header->stored_bytes);
        if (bytes > (last ? snapshot::footer_block_bytes : footer - at))
            return bad_block(at, "the block is longer than the file");
        stored_.resize(header->stored_bytes);
        const auto read = pread_full(file_, stored_, at + snapshot::block_header_bytes);
        if (!read) return read.error();
        if (*read != stored_.size() || wal::checksum(stored_, seed_) != header->payload_checksum)
            return bad_block(at, "the block's checksum is wrong");
        last_kind_ = header->kind;
        if (last) return snapshot::footer_block_bytes;
        ++facts_.blocks;
        facts_.compressed = facts_.compressed || header->compression != snapshot::Compression::none;
        return bytes;
    }

    File& file_;
    SnapshotFacts& facts_;
    RecoveryProgress& progress_;
    const std::uint64_t seed_;
    const bool sealed_;
    snapshot::BlockKind last_kind_ = snapshot::BlockKind::removals;
    std::vector<std::byte> stored_;
};

class SnapshotSurveyor {
public:
    SnapshotSurveyor(FileSystem& fs, const Encryption& encryption, Depth depth, RecoveryProgress& progress)
        : fs_(fs), encryption_(encryption), depth_(depth), progress_(progress) {}

    LogResult<SnapshotFacts> survey(const Listing::Snapshot& listed) {
        SnapshotFacts facts;
        facts.name = listed.name;
        facts.named = listed.last;
        const auto file = fs_.open_read(listed.name);
        if (!file) return disk_refusal("cannot open", listed.name, file.error());
        if (auto done = look_at(**file, facts); !done) return disk_refusal("cannot read", listed.name, done.error());
        if (facts.fault && facts.fault->kind == SnapshotFault::Kind::unreadable) return Refusal{facts.fault->text};
        return facts;
    }

private:
    Result<void> look_at(File& file, SnapshotFacts& facts) {
        const auto bytes = file.size();
        if (!bytes) return bytes.error();
        facts.bytes = *bytes;
        HeaderBlock block{};
        const auto got = pread_full(file, block, 0);
        if (!got) return got.error();
        facts.header = snapshot::decode_header(std::span(block).first(*got)).header;
        open(facts);
        if (facts.header && depth_ == Depth::stored && (!facts.fault || facts.fault->kind == SnapshotFault::Kind::no_key)) {
            const std::optional<SnapshotFault> no_key = std::exchange(facts.fault, std::nullopt);
            file.advise(Advice::will_read_all);
            if (auto done = StoredBlocks(file, facts, progress_).check(); !done) return done;
            if (!facts.fault) facts.fault = no_key;
        }
        if (facts.header && depth_ == Depth::records && !facts.fault) verify(facts);
        return {};
    }

    void open(SnapshotFacts& facts) {
        const auto reader = SnapshotReader::open(fs_, facts.name, encryption_);
        if (!reader) {
            facts.fault = reader.error();
            return;
        }
        facts.footer = (*reader)->footer();
        facts.token_secret = (*reader)->token_secret();
    }

    void verify(SnapshotFacts& facts) {
        const auto sound = verify_snapshot(fs_, facts.name, encryption_, {.bytes_read = &progress_.bytes_read});
        if (!sound)
            facts.fault = sound.error();
        else
            facts.blocks = sound->footer.blocks;
    }

    FileSystem& fs_;
    const Encryption& encryption_;
    const Depth depth_;
    RecoveryProgress& progress_;
};

// As snapshot_load.cpp opens a chain. `all` is ascending, so the base has been judged. Why it does not serve, or nothing.
std::string chain_fault(const std::vector<SnapshotFacts>& all, const SnapshotFacts& facts, std::uint32_t& files) {
    files = 1;
    if (!facts.header || !facts.footer || facts.header->full()) return {};
    if (facts.header->base_last >= facts.footer->last) return "it builds upon nothing";
    const std::string base_name = snapshot_name(facts.header->base_last);
    const auto base = std::find_if(all.begin(), all.end(), [&](const SnapshotFacts& each) { return each.name == base_name; });
    if (base == all.end()) return "it builds upon " + base_name + ", which is missing";
    if (!base->usable()) return "it builds upon " + base_name + ", which cannot be used";
    if (base->footer->digest != facts.header->base_digest || base->header->directory_id != facts.header->directory_id)
        return "it builds upon another " + base_name;
    files = base->chain_files + 1;
    return files > snapshot_chain_max ? "it builds upon too many" : "";
}

}  // namespace

LogResult<std::vector<SnapshotFacts>> survey_snapshots(FileSystem& fs, const std::vector<Listing::Snapshot>& listed,
                                                       const Encryption& encryption, Depth depth, RecoveryProgress& progress) {
    std::vector<SnapshotFacts> all;
    SnapshotSurveyor surveyor(fs, encryption, depth, progress);
    for (const Listing::Snapshot& each : listed) {
        auto facts = surveyor.survey(each);
        if (!facts) return facts.error();
        facts->chain_fault = chain_fault(all, *facts, facts->chain_files);
        all.push_back(std::move(*facts));
    }
    return all;
}

}  // namespace storage
