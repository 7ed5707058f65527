// SPDX-License-Identifier: MIT
// A store and its log on a memory disk, without threads: a process that lives, takes snapshots, cleans up after them and dies,
// each I/O step with its number. The oracle is the digest of the store after every LSN.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "storage/ensure.hpp"
#include "storage/journal.hpp"
#include "storage/recovery.hpp"
#include "storage/snapshot_attempt.hpp"
#include "storage/snapshot_upkeep.hpp"
#include "storage/spare_pool.hpp"
#include "storage/store.hpp"
#include "storage/sync_meter.hpp"
#include "storage/wal.hpp"
#include "tests/support/log_fixture.hpp"
#include "tests/support/memory_disk.hpp"
#include "tests/support/store_fixture.hpp"

namespace test {

// So much later at each look that a turn of a snapshot is one slice, and something can happen between any two of them.
class HastyClock final : public storage::Clock {
public:
    storage::UnixMs unix_ms() override { return wall_ms; }
    std::uint64_t monotonic_ns() override { return monotonic += 1'000'000'000; }
    std::atomic<storage::UnixMs> wall_ms = 0;
    std::atomic<std::uint64_t> monotonic = 0;
};

class StoreProcess {
public:
    explicit StoreProcess(std::uint64_t seed = 1);

    // ---- life ----
    bool start(std::uint32_t shards = 16);  // recovers; false: refused (see refusal), or the power went
    void kill() { process_.reset(); }       // what was written stays with the kernel
    bool stop();                            // clean
    bool running() const { return process_ != nullptr; }

    // ---- work; false: the power went ----
    bool commit();  // writes what was appended
    bool sync();    // makes it durable
    bool snapshot(storage::SnapshotWriter::Compress compress = {}, const std::function<void()>& between_turns = {});
    bool incremental(const std::function<void()>& between_turns = {});  // upon the newest one; full where there is none
    bool clean_up(const storage::RetentionRule& rule = {2, 0, 0});

    // Runs `f(op)` with credit for anything a test does, and remembers the digest that belongs to the last LSN.
    template <class F>
    auto run(F&& f) {
        storage::Credit credit;
        storage::Op op;
        op.now = clock.wall_ms;
        op.credit = &credit;
        ENSURE(journal().admit(credit, 1U << 20) == storage::Admission::granted);
        auto result = f(op);
        journal().release(credit);
        remember();
        return result;
    }
    void random_step(SeededRandom& dice);  // one of everything that a store can do

    storage::Store& store() { return *process_->store; }
    storage::Journal& journal() { return process_->journal; }
    storage::FileSystem& files() { return *process_->fs; }
    std::uint64_t digest();
    const storage::TokenSecret& token_secret() const { return process_->start.token_secret; }
    std::uint64_t epoch() const { return process_->start.epoch; }

    MemoryDisk disk;
    ManualClock clock;
    SeededRandom random;
    storage::Settings settings;
    std::map<std::uint64_t, std::uint64_t> digests;  // by LSN: all that the store may look like
    std::uint64_t durable = 0;                       // acknowledged
    std::string refusal;                             // of the last start or snapshot that did not work
    std::vector<std::string> notices;
    storage::RecoveryReport report;
    std::optional<storage::snapshot::Footer> last_snapshot;
    storage::snapshot::Chain chain;
    std::uint64_t segment_bytes = 8192;
    storage::Encryption encryption;  // from the next start on
    std::uint64_t turns = 0;         // of the last snapshot

private:
    class Spares final : public storage::SpareSource {
    public:
        Spares(storage::FileSystem& fs, std::uint64_t bytes) : pool(fs, bytes, bytes) {}
        std::optional<storage::Spare> take() override;
        storage::SparePool pool;
    };
    struct Process {
        Process(StoreProcess& of, std::unique_ptr<storage::FileSystem> mounted, std::uint32_t shards);
        void begin(StoreProcess& of, const storage::WalStart& from);
        std::unique_ptr<storage::FileSystem> fs;
        storage::Journal journal;
        std::unique_ptr<storage::Store> store;
        storage::SyncMeter meter;
        storage::WalStart start;
        std::unique_ptr<Spares> spares;
        std::unique_ptr<storage::Wal> wal;
    };
    void remember() { digests[storage::value(journal().appended())] = digest(); }
    void session_step(SeededRandom& dice);
    void string_step(SeededRandom& dice);

    bool attempt(const storage::snapshot::Header& header, storage::SnapshotWriter::Compress compress,
                 const std::function<void()>& between_turns);
    storage::snapshot::Header header();

    std::unique_ptr<Process> process_;
    bool lost_ = false;
    std::vector<std::string> tokens_;
    std::vector<storage::SessionId> ids_;
};

}  // namespace test
