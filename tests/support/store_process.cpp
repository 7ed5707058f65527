// SPDX-License-Identifier: MIT
#include "tests/support/store_process.hpp"

#include "storage/recovery_snapshot.hpp"
#include "storage/store_replay.hpp"

namespace test {

using storage::Op;
using storage::value;

std::optional<storage::Spare> StoreProcess::Spares::take() {
    if (pool.count() == 0 && !pool.prepare()) return std::nullopt;
    return pool.take();
}

StoreProcess::Process::Process(StoreProcess& of, std::unique_ptr<storage::FileSystem> mounted, std::uint32_t shards)
    : fs(std::move(mounted)),
      journal({.pending_bytes_max = 8U << 20, .record_bytes_max = 1U << 20, .last = {}, .removal_reserve_bytes = 0}),
      store(std::make_unique<storage::Store>(storage::Store::Options{shards, of.random.next(), start_ms}, journal, of.random,
                                             of.settings)),
      meter(of.clock) {
    journal.add_room(1ULL << 40);
    journal.set_record_fit(2U << 20);
}

void StoreProcess::Process::begin(StoreProcess& of, const storage::WalStart& from) {
    start = from;
    spares = std::make_unique<Spares>(*fs, of.segment_bytes);
    wal = std::make_unique<storage::Wal>(*fs, *spares, of.random, meter, from);
}

StoreProcess::StoreProcess(std::uint64_t seed) : random(seed) {
    settings.touch_resolution_ms = 0;  // every touch is logged, so that a digest belongs to an LSN
    settings.session_max_per_user = 1000;
    digests[0] = 0;
}

bool StoreProcess::start(std::uint32_t shards) {
    process_.reset();
    refusal.clear();
    auto next = std::make_unique<Process>(*this, disk.mount(), shards);
    storage::RecoveryOptions options;
    options.directory_name = "data";
    options.now = clock.wall_ms;
    options.encryption = encryption;
    options.notice = [this](const std::string& line) { notices.push_back(line); };
    storage::RecoveryProgress progress;
    if (auto done = storage::recover_snapshot(*next->fs, options, *next->store, 2, progress); !done) {
        refusal = done.error().text;
        return false;
    }
    storage::StoreReplay sink(*next->store, 2);
    const auto recovered = storage::recover_log(*next->fs, options, sink, random, progress);
    if (!recovered) {
        refusal = recovered.error().text;
        return false;
    }
    report = recovered->report;
    next->store->key_tokens(recovered->start.token_secret);
    storage::finish_replay(sink, clock.wall_ms);
    next->journal.recovered(report.last);
    next->begin(*this, recovered->start);
    chain = report.snapshot.chain;
    process_ = std::move(next);
    lost_ = false;
    return true;
}

std::uint64_t StoreProcess::digest() { return store().digest(clock.wall_ms); }

bool StoreProcess::commit() {
    storage::Batch batch;
    if (lost_) return false;
    while (journal().take(batch)) {
        const auto used = process_->wal->write(batch, journal().durable(), clock.wall_ms);
        if (!used) {
            lost_ = true;  // the log is spent, as after a write that failed in the server
            return false;
        }
        journal().set_written(batch.last);
        journal().set_durable(process_->wal->sealed());
    }
    durable = value(journal().durable());
    return true;
}

bool StoreProcess::sync() {
    if (!commit() || !process_->wal->sync()) return false;
    journal().set_durable(process_->wal->written());
    durable = value(journal().durable());
    return true;
}

bool StoreProcess::stop() {
    const bool done = sync() && process_->wal->mark(clock.wall_ms).has_value();
    process_.reset();
    return done;
}

storage::snapshot::Header StoreProcess::header() {
    storage::snapshot::Header header;
    header.directory_id = process_->start.directory_id;
    header.epoch = process_->start.epoch;
    header.created_at = clock.wall_ms;
    random.fill(header.salt);
    header.begun_at = journal().appended();
    return header;
}

bool StoreProcess::snapshot(storage::SnapshotWriter::Compress compress, const std::function<void()>& between_turns) {
    return attempt(header(), compress, between_turns);
}

bool StoreProcess::incremental(const std::function<void()>& between_turns) {
    storage::snapshot::Header wanted = header();
    if (chain.last != wanted.begun_at) {
        wanted.base_last = chain.last;
        wanted.base_digest = chain.digest;
    }
    return attempt(wanted, {}, between_turns);
}

bool StoreProcess::attempt(const storage::snapshot::Header& header, storage::SnapshotWriter::Compress compress,
                           const std::function<void()>& between_turns) {
    bool alive = true;
    HastyClock hasty;
    hasty.wall_ms = clock.wall_ms.load();
    turns = 0;
    const auto sync_and_more = [&] {  // what comes now shares a frame of the log with S1
        if (between_turns) between_turns();
        alive = sync() && alive;
    };
    storage::SnapshotAttempt attempt({files(), journal(), sync_and_more, encryption, process_->start.token_secret, store(), hasty,
                                      [&](const std::function<void()>& turn) {
                                          turn();
                                          ++turns;
                                          if (between_turns) between_turns();
                                      },
                                      [&] { return !alive; }},
                                     header, compress);
    const auto footer = attempt.run(clock.wall_ms);
    if (!footer) {
        refusal = footer.error().text;
        return false;
    }
    last_snapshot = *footer;
    chain.last = footer->last;
    chain.digest = footer->digest;
    return true;
}

bool StoreProcess::clean_up(const storage::RetentionRule& rule) {
    auto kept = storage::list_snapshots(files());
    return kept && storage::remove_superfluous(files(), *kept, rule, clock.wall_ms, [](std::uint64_t) {}).has_value();
}

void StoreProcess::random_step(SeededRandom& dice) {
    clock.wall_ms = clock.wall_ms + static_cast<storage::UnixMs>(dice.below(50));
    dice.below(3) == 0 ? string_step(dice) : session_step(dice);
}

void StoreProcess::session_step(SeededRandom& dice) {
    const std::string user = "user" + std::to_string(dice.below(8));
    const auto any = [&](const auto& of) { return of[dice.below(of.size())]; };
    const std::uint64_t what = ids_.empty() ? 0 : dice.below(10);
    if (what < 4) {
        const std::string brought = "brought-token-" + std::to_string(dice.next());
        const storage::DataField field{"name", "value"};
        storage::NewSession wanted;
        wanted.user = user;
        wanted.expires_at = dice.below(4) == 0 ? 0 : clock.wall_ms + 3600'000;
        wanted.idle_ms = dice.below(4) == 0 ? 900'000 : 0;
        wanted.device = dice.below(2) == 0 ? "phone" : "";
        wanted.data = {&field, dice.below(2)};
        if (dice.below(3) == 0) wanted.token = brought;
        run([&](Op& op) {
            const auto made = store().create(op, wanted);
            if (!made) return false;
            ids_.push_back(made->id);
            tokens_.push_back(wanted.token ? brought : std::string(made->token.data(), made->token.size()));
            return true;
        });
    } else if (what == 4) {
        run([&](Op& op) {
            const auto rotated = store().rotate(op, any(tokens_), 300'000);
            if (rotated) tokens_.emplace_back(rotated->token.data(), rotated->token.size());
            return true;
        });
    } else if (what == 5) {
        run([&](Op& op) { return store().touch(op, any(ids_), {true, "10.0.0.1", dice.below(2) == 0 ? "agent" : ""}); });
    } else if (what == 6) {
        run([&](Op& op) { return store().renew(op, any(ids_), clock.wall_ms + 7200'000, {}); });
    } else if (what == 7) {
        const std::array<storage::SessionId, 1> id{any(ids_)};
        run([&](Op& op) { return store().remove_sessions(op, id); });
    } else if (what == 8) {
        run([&](Op& op) { return store().remove_user(op, user, {}); });
    } else if (dice.below(30) == 0) {
        run([&](Op& op) { return store().flush(op, {}).has_value(); });
    }
}

void StoreProcess::string_step(SeededRandom& dice) {
    const std::string key = "key" + std::to_string(dice.below(30));
    const auto ignore = [](std::optional<std::string_view>) {};
    switch (dice.below(4)) {
        case 0: {
            const std::array<std::string_view, 1> keys{key};
            run([&](Op& op) { return store().remove_keys(op, keys); });
            break;
        }
        case 1:
            run([&](Op& op) { return store().expire(op, key, clock.wall_ms + 5000'000, storage::ExpireWhen::always); });
            break;
        default: {
            const std::string text = random_record(dice, 200);
            run([&](Op& op) { return store().set_string(op, key, text, {}, ignore); });
        }
    }
}

}  // namespace test
