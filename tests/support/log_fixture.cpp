// SPDX-License-Identifier: MIT
#include "tests/support/log_fixture.hpp"

#include "storage/data_directory.hpp"
#include "storage/ensure.hpp"
#include "storage/wal_reader.hpp"

namespace test {

using storage::Lsn;

bool RecordList::replay(unsigned, Lsn lsn, std::span<const std::byte> record) {
    ENSURE(storage::value(lsn) == records.size() + 1);
    std::string text(reinterpret_cast<const char*>(record.data()), record.size());
    if (!refuse.empty() && text == refuse) return false;
    records.push_back(std::move(text));
    return true;
}

std::string random_record(SeededRandom& random, std::size_t bytes_max) {
    std::string record(1 + random.below(bytes_max), ' ');
    for (char& c : record) c = static_cast<char>('a' + random.below(26));
    return record;
}

std::vector<storage::Key> keys_of(const std::vector<std::string>& ids) {
    std::vector<storage::Key> keys;
    for (const std::string& id : ids) {
        keys.push_back({id, {}});
        for (std::size_t i = 0; i < storage::key_bytes; ++i)
            keys.back().secret.bytes[i] = static_cast<unsigned char>(id[i % id.size()]) ^ static_cast<unsigned char>(i);
    }
    return keys;
}

storage::Encryption sealed_with(const std::vector<std::string>& ids, storage::CipherKind cipher) {
    return {std::make_shared<storage::KeyRing>(keys_of(ids), cipher), false};
}

std::optional<storage::Spare> LogFixture::Spares::take() {
    if (pool.count() == 0 && !pool.prepare()) return std::nullopt;
    return pool.take();
}

LogFixture::Process::Process(LogFixture& of, std::unique_ptr<storage::FileSystem> mounted, const storage::WalStart& start)
    : fs(std::move(mounted)),
      journal({.pending_bytes_max = 1U << 20, .record_bytes_max = 1U << 20, .last = start.last, .removal_reserve_bytes = 0}),
      meter(of.clock),
      spares(*fs, of.segment_bytes_first, of.segment_bytes),
      wal(*fs, spares, of.random, meter, start) {
    journal.add_room(1ULL << 40);
    journal.set_record_fit(1U << 20);
}

LogFixture::LogFixture(std::uint64_t seed) : random(seed) {}

bool LogFixture::start() {
    process_.reset();
    refusal.clear();
    auto fs = disk.mount();
    RecordList list;
    storage::RecoveryProgress progress;
    const auto recovered = storage::recover_log(*fs,
                                                {.directory_name = "data",
                                                 .now = clock.wall_ms,
                                                 .notice = [this](const std::string& line) { notices.push_back(line); },
                                                 .encryption = encryption},
                                                list, random, progress);
    if (!recovered) {
        refusal = recovered.error().text;
        return false;
    }
    report = recovered->report;
    appended = std::move(list.records);
    process_ = std::make_unique<Process>(*this, std::move(fs), recovered->start);
    return true;
}

bool LogFixture::write_batch(const std::vector<std::string>& records) {
    ENSURE(process_);
    storage::Journal& journal = process_->journal;
    for (const std::string& record : records) {
        storage::Credit credit;
        ENSURE(journal.admit(credit, record.size()) == storage::Admission::granted);
        const Lsn lsn = journal.append(credit, std::as_bytes(std::span(record)));
        ENSURE(storage::value(lsn) == appended.size() + 1);
        appended.push_back(record);
        journal.release(credit);
    }
    storage::Batch batch;
    ENSURE(journal.take(batch));
    const auto used = process_->wal.write(batch, journal.durable(), clock.wall_ms);
    if (!used) {
        refusal = used.error().text;
        return false;
    }
    ENSURE(*used <= batch.charged_room);
    journal.set_written(batch.last);
    journal.set_durable(process_->wal.sealed());
    return acknowledge();
}

bool LogFixture::acknowledge() {
    durable = storage::value(process_->journal.durable());
    return true;
}

bool LogFixture::sync() {
    if (const auto done = process_->wal.sync(); !done) {
        refusal = done.error().text;
        return false;
    }
    process_->journal.set_durable(process_->wal.written());
    return acknowledge();
}

bool LogFixture::mark() {
    if (!sync()) return false;
    const auto done = process_->wal.mark(clock.wall_ms);
    if (!done) refusal = done.error().text;
    return done.has_value();
}

bool LogFixture::stop() {
    const bool done = mark();
    process_.reset();
    return done;
}

void LogFixture::power_cycle(std::uint64_t seed) {
    process_.reset();
    disk.power_on(seed);
}

std::optional<std::vector<std::string>> LogFixture::read_all() {
    if (!start()) return std::nullopt;
    kill();
    return appended;
}

std::vector<std::string> LogFixture::segments() const {
    std::vector<std::string> found;
    for (const std::string& name : disk.names())
        if (storage::parse_segment_name(name)) found.push_back(name);
    return found;
}

void LogFixture::cut_bytes(const std::string& name, std::size_t bytes) {
    auto content = disk.bytes(name);
    content.erase(content.end() - static_cast<std::ptrdiff_t>(std::min(bytes, content.size())), content.end());
    disk.set_bytes(name, std::move(content));
}

void LogFixture::flip(const std::string& name, std::size_t offset, unsigned bit) {
    auto content = disk.bytes(name);
    content.at(offset) ^= static_cast<std::byte>(1U << bit);
    disk.set_bytes(name, std::move(content));
}

std::vector<std::uint64_t> LogFixture::frame_offsets(const std::string& name) const {
    const auto content = disk.bytes(name);
    const auto decoded = storage::wal::decode_header(content);
    ENSURE(decoded.header.has_value());
    std::vector<std::uint64_t> offsets;
    std::uint64_t at = storage::wal::header_block_bytes;
    for (;;) {
        offsets.push_back(at);
        if (at + storage::wal::frame_header_bytes > content.size()) return offsets;
        const auto header = storage::wal::decode_frame(
            std::span(content).subspan(static_cast<std::size_t>(at)).first<storage::wal::frame_header_bytes>(),
            decoded.header->seed(), decoded.header->seal.sealed());
        if (!header) return offsets;
        at += storage::wal::frame_bytes(header->payload_bytes);
    }
}

}  // namespace test
