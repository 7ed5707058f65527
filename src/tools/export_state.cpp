// SPDX-License-Identifier: MIT
#include "src/tools/export_state.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "src/tools/record_names.hpp"
#include "storage/journal.hpp"
#include "storage/settings.hpp"

namespace server {

namespace {

using storage::SnapshotEntry;

std::uint64_t random_number(storage::RandomSource& random) {
    std::array<unsigned char, sizeof(std::uint64_t)> bytes{};
    random.fill(bytes);
    std::uint64_t number = 0;
    std::memcpy(&number, bytes.data(), bytes.size());
    return number;
}

void count(const SnapshotEntry& entry, StateFigures& figures) {
    if (std::holds_alternative<storage::PutSession>(entry.effect)) ++figures.sessions;
    if (std::holds_alternative<storage::PutString>(entry.effect)) ++figures.strings;
    if (std::holds_alternative<storage::PutDead>(entry.effect)) ++figures.dead;
}

std::uint64_t records_of(const storage::Store& store) {
    const storage::Store::Figures figures = store.figures();
    return figures.keys + figures.dead_records;
}

// Which records of the directory the export has.
bool wanted(const SnapshotEntry& entry, const StateOptions& options) {
    return (!options.db || entry.db == *options.db) && !storage::is_over(entry, options.now);
}

void find_owners(storage::Store& store, const StateOptions& options, NameOwners& owners) {
    if (store.figures().dead_records == 0) return;
    storage::each_record(store, [&](const SnapshotEntry& entry) {
        if (wanted(entry, options)) owners.see_dead(entry);
        return true;
    });
    storage::each_record(store, [&](const SnapshotEntry& entry) {
        if (wanted(entry, options)) owners.see_live(entry);
        return true;
    });
}

}  // namespace

LogResult<StateFigures> export_state(storage::FileSystem& fs, const StateOptions& options, storage::RandomSource& random,
                                     storage::RecoveryProgress& progress, ExportWriter& to) {
    storage::Journal unused{storage::Journal::Options{}};
    storage::Settings settings;
    storage::Store store({.hash_seed = random_number(random), .now = options.now}, unused, random, settings);
    storage::RecoveryOptions recovery;
    recovery.directory_name = options.directory_name;
    recovery.encryption = options.encryption;
    recovery.notice = options.notice;
    const auto state = storage::read_state(fs, recovery, store, progress);
    if (!state) return state.error();
    if (state->empty) return storage::Refusal{options.directory_name + " holds no data: there is nothing to export"};

    // As if each record had the same part of what was read: about right for a person who waits.
    const std::uint64_t read = progress.bytes_read.load(), records = std::max<std::uint64_t>(1, records_of(store));
    progress.bytes_total.fetch_add(read);
    std::uint64_t seen = 0;
    to.header({state->directory_id, state->token_secret, state->last, state->now, options.db});
    StateFigures figures;
    storage::Result<void> written;
    NameOwners owners(random_number(random));
    find_owners(store, options, owners);
    storage::each_record(store, [&](SnapshotEntry entry) {
        progress.bytes_read.store(read + static_cast<std::uint64_t>(static_cast<double>(read) * static_cast<double>(++seen) /
                                                                    static_cast<double>(records)),
                                  std::memory_order_relaxed);
        if (options.db && entry.db != *options.db) return true;
        if (storage::is_over(entry, options.now)) {
            ++figures.over;
            return true;
        }
        if (!owners.settle(entry)) return true;
        count(entry, figures);
        written = to.record(entry);
        return written.has_value();
    });
    if (written) written = to.end();
    if (!written) return storage::disk_refusal("cannot write", "the export", written.error());
    return figures;
}

LogResult<ImportedState> import_state(storage::FileSystem& fs, const StateOptions& options, storage::RandomSource& random,
                                      ExportReader& from) {
    const auto header = from.header_at(options.now);
    if (!header) return header.error();
    const storage::UnixMs now = std::max(options.now, header->now);  // the server's clock will not be behind that
    storage::StateWriter writer(fs,
                                {.directory_name = options.directory_name,
                                 .encryption = options.encryption,
                                 .token_secret = header->token_secret,
                                 .last = std::max(header->last, storage::Lsn{1}),
                                 .now = header->now,
                                 .created_at = options.now},
                                random);
    if (auto done = writer.begin(); !done) return done.error();
    ImportedState imported;
    RecordNames names(random_number(random));
    for (;;) {
        const auto next = from.next();
        if (!next) return next.error();
        if (*next == nullptr) break;
        const SnapshotEntry& entry = **next;
        if (storage::is_over(entry, now)) {
            ++imported.figures.over;
            continue;
        }
        if (const auto wrong = names.add(entry)) return from.fault(*wrong);
        count(entry, imported.figures);
        if (auto done = writer.add(entry); !done) return done.error();
    }
    auto file = writer.publish();
    if (!file) return file.error();
    imported.file = std::move(*file);
    return imported;
}

}  // namespace server
