// SPDX-License-Identifier: MIT
// A small language for tests of the log: a memory disk, and a process on it that lives, writes, syncs and dies. The write
// side is driven without threads, so that every I/O step has its number; records are short texts and the list of them is
// the oracle.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/clock.hpp"
#include "storage/journal.hpp"
#include "storage/key_ring.hpp"
#include "storage/recovery.hpp"
#include "storage/replay.hpp"
#include "storage/spare_pool.hpp"
#include "storage/sync_meter.hpp"
#include "storage/wal.hpp"
#include "tests/support/memory_disk.hpp"
#include "tests/support/store_fixture.hpp"

namespace test {

// Time that a test moves; any thread may read it.
class ManualClock final : public storage::Clock {
public:
    storage::UnixMs unix_ms() override { return wall_ms; }
    std::uint64_t monotonic_ns() override { return monotonic; }
    std::atomic<storage::UnixMs> wall_ms = 1'760'000'000'000;
    std::atomic<std::uint64_t> monotonic = 1;
};

// Keeps what is replayed, and complains when LSNs are not dense.
class RecordList final : public storage::ReplaySink {
public:
    bool replay(unsigned worker, storage::Lsn lsn, std::span<const std::byte> record) override;
    std::vector<std::string> records;
    std::string refuse;  // a record that "does not decode"
};

std::string random_record(SeededRandom& random, std::size_t bytes_max);

// Keys of these ids, in this order; a key of one id is always the same.
std::vector<storage::Key> keys_of(const std::vector<std::string>& ids);
storage::Encryption sealed_with(const std::vector<std::string>& ids,
                                storage::CipherKind cipher = storage::CipherKind::aes_256_gcm);

class LogFixture {
public:
    explicit LogFixture(std::uint64_t seed = 1);

    // ---- one process ----
    bool start();  // recovers; false: refused, see refusal, or the power went
    // True unless the power went. Each call is one batch, which is one frame where it fits.
    bool write(std::string_view record) { return write_batch({std::string(record)}); }
    bool write_batch(const std::vector<std::string>& records);
    bool sync();
    bool mark();
    bool stop();                       // clean
    void kill() { process_.reset(); }  // kill -9: what was written stays with the kernel
    void power_cycle(std::uint64_t seed);
    bool running() const { return process_ != nullptr; }

    // What the log holds, read by a recovery on a copy of nothing: starts, takes the records, kills.
    std::optional<std::vector<std::string>> read_all();

    // ---- the log's files ----
    std::vector<std::string> segments() const;  // in order
    std::string last_segment() const { return segments().back(); }
    void cut_bytes(const std::string& name, std::size_t bytes);  // off the end
    void flip(const std::string& name, std::size_t offset, unsigned bit);
    // Offsets of the frames of a segment, the place behind the last one included.
    std::vector<std::uint64_t> frame_offsets(const std::string& name) const;

    std::vector<std::string> appended;  // all that was written, in LSN order; after a start, what was recovered
    std::uint64_t durable = 0;          // how many of them were acknowledged as durable
    std::string refusal;
    std::vector<std::string> notices;
    storage::RecoveryReport report;
    storage::Encryption encryption;  // of the next start
    std::uint64_t segment_bytes_first = 8192, segment_bytes = 8192;

    MemoryDisk disk;
    ManualClock clock;
    SeededRandom random;

private:
    // Prepares a segment whenever one is wanted, on the same thread.
    class Spares final : public storage::SpareSource {
    public:
        Spares(storage::FileSystem& fs, std::uint64_t first, std::uint64_t most) : pool(fs, first, most) {}
        std::optional<storage::Spare> take() override;
        storage::SparePool pool;
    };
    struct Process {
        Process(LogFixture& of, std::unique_ptr<storage::FileSystem> mounted, const storage::WalStart& start);
        std::unique_ptr<storage::FileSystem> fs;
        storage::Journal journal;
        storage::SyncMeter meter;
        Spares spares;
        storage::Wal wal;
    };
    bool acknowledge();

    std::unique_ptr<Process> process_;
};

}  // namespace test
