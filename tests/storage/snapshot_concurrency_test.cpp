// SPDX-License-Identifier: MIT
// Threads that write while snapshots are taken one after the other, their turns on yet other threads. Each file alone must be
// what the log makes up to its last LSN: the same records, the same answers to every token, the same lists.
#include <array>
#include <condition_variable>
#include <mutex>
#include <thread>

#include <catch2/catch.hpp>

#include "storage/data_directory.hpp"
#include "storage/log.hpp"
#include "storage/snapshot_attempt.hpp"
#include "storage/snapshot_load.hpp"
#include "tests/support/run_options.hpp"
#include "tests/support/store_process.hpp"
#include "tests/support/turn_threads.hpp"

using namespace storage;
using test::id_text;
using test::SeededRandom;

namespace {

constexpr std::uint32_t shards = 16;
constexpr int users = 8, writers = 3, snapshots = 3;

class BusyServer {
public:
    explicit BusyServer(std::uint64_t seed) : random_(seed) {
        settings_.touch_resolution_ms = 0;
        settings_.session_max_per_user = 1000;
        LogOptions options;
        options.appendfsync = Fsync::no;
        options.segment_bytes_first = options.segment_bytes = 256 << 10;
        options.removal_reserve_bytes = 64 << 10;
        options.notice = [](const std::string&) {};
        log_ = Log::open(disk.mount(), options, clock_, now_, random_).value();
        store_ = std::make_unique<Store>(Store::Options{shards, seed, test::start_ms}, log_->journal(), random_, settings_);
        REQUIRE(log_->recover(*store_).has_value());
        log_->start();
    }

    void write(SeededRandom dice, std::vector<std::string>& tokens) {
        std::vector<SessionId> ids;
        while (!done_.load()) {
            {
                std::unique_lock lock(mutex_);
                moved_.wait(lock, [this] { return done_.load() || steps_.load() < allowed_; });
                ++steps_;
            }
            moved_.notify_all();
            step(dice, tokens, ids);
        }
    }

    // Between any two turns something is written, but not too much.
    void take_snapshot() {
        snapshot::Header header;
        header.directory_id = log_->run_start().directory_id;
        header.epoch = log_->run_start().epoch;
        random_.fill(header.salt);
        header.begun_at = log_->journal().appended();
        const auto turn = [&](std::function<void()> copy) {
            turns_.post([this, copy = std::move(copy)] {
                copy();
                allow(8);
            });
        };
        SnapshotAttempt attempt({log_->files(),
                                 log_->journal(),
                                 [this] { log_->request_sync(); },
                                 Encryption{},
                                 {},
                                 *store_,
                                 hasty_,
                                 turn,
                                 [] { return false; }},
                                header, {});
        const auto footer = attempt.run(test::start_ms);
        INFO((footer ? std::string() : footer.error().text));
        REQUIRE(footer.has_value());
        last.push_back(footer->last);
    }

    void allow(std::uint64_t steps) {
        std::unique_lock lock(mutex_);
        allowed_ += steps;
        moved_.notify_all();
        moved_.wait(lock, [this] { return done_.load() || steps_.load() >= allowed_ - 2; });
    }
    void end_writers() {
        const std::lock_guard lock(mutex_);
        done_ = true;
        moved_.notify_all();
    }
    void stop() { log_->stop(); }

    test::MemoryDisk disk;
    std::vector<Lsn> last;

private:
    // One thread at a time asks for random bytes in the tests; here several do.
    class LockedRandom final : public RandomSource {
    public:
        explicit LockedRandom(std::uint64_t seed) : random_(seed) {}
        void fill(std::span<unsigned char> to) override {
            const std::lock_guard lock(mutex_);
            random_.fill(to);
        }

    private:
        std::mutex mutex_;
        SeededRandom random_;
    };

    template <class F>
    void run(F&& f) {
        Credit credit;
        Admission answer = Admission::wait;
        while ((answer = log_->journal().admit(credit, 16 << 10)) == Admission::wait) std::this_thread::yield();
        if (answer == Admission::granted) {
            Op op;
            op.now = test::start_ms + static_cast<UnixMs>(steps_.load());
            op.credit = &credit;
            f(op);
        }
        log_->journal().release(credit);
    }

    void create(Op& op, SeededRandom& dice, std::vector<std::string>& tokens, std::vector<SessionId>& ids) {
        const std::string user = "user" + std::to_string(dice.below(users));
        const std::string token = "brought-" + std::to_string(dice.below(300));
        NewSession wanted;
        wanted.user = user;
        wanted.expires_at = op.now + 3600'000;
        if (dice.below(3) == 0) wanted.token = token;
        if (dice.below(4) == 0 && !ids.empty()) wanted.id = ids[dice.below(ids.size())];  // perhaps of one that was removed
        const auto made = store_->create(op, wanted);
        if (!made) return;
        ids.push_back(made->id);
        tokens.push_back(wanted.token ? token : std::string(made->token.data(), made->token.size()));
    }

    void step(SeededRandom& dice, std::vector<std::string>& tokens, std::vector<SessionId>& ids) {
        const std::uint64_t what = ids.empty() ? 0 : dice.below(100);
        const std::string user = "user" + std::to_string(dice.below(users));
        const std::string key = "key" + std::to_string(dice.below(30));
        run([&](Op& op) {
            if (what < 40) {
                create(op, dice, tokens, ids);
            } else if (what < 55) {
                const auto rotated = store_->rotate(op, tokens[dice.below(tokens.size())], 300'000);
                if (rotated) tokens.emplace_back(rotated->token.data(), rotated->token.size());
            } else if (what < 65) {
                const std::array<SessionId, 1> id{ids[dice.below(ids.size())]};
                (void)store_->remove_sessions(op, id);
            } else if (what < 69) {
                (void)store_->remove_user(op, user, {});
            } else if (what < 85) {
                (void)store_->set_string(op, key, user, {}, [](auto) {});
            } else if (what < 90) {
                const std::array<std::string_view, 1> keys{key};
                (void)store_->remove_keys(op, keys);
            } else if (what < 99) {
                (void)store_->touch(op, ids[dice.below(ids.size())], {true, "10.0.0.1", key});
            } else if (dice.below(4) == 0) {
                (void)store_->flush(op, {});
            }
        });
    }

    LockedRandom random_;
    test::ManualClock clock_;
    test::HastyClock hasty_;
    SteadyNow now_{clock_};
    Settings settings_;
    std::unique_ptr<Log> log_;
    std::unique_ptr<Store> store_;
    std::atomic<bool> done_{false};
    std::atomic<std::uint64_t> steps_{0};
    std::mutex mutex_;
    std::condition_variable moved_;
    std::uint64_t allowed_ = 0;  // guarded by mutex_
    test::TurnThreads turns_;
};

std::vector<std::string> log_of(test::MemoryDisk& disk) {
    test::RecordList list;
    SeededRandom random;
    RecoveryProgress progress;
    REQUIRE(recover_log(*disk.mount(), {}, list, random, progress).has_value());
    return list.records;
}

struct Seen {
    std::uint64_t digest = 0, users = 0, dead = 0;
    std::vector<int> answers;        // to each token
    std::vector<std::string> lists;  // of each user, in order
};

Seen look(test::StoreFixture& at, const std::vector<std::string>& tokens) {
    Seen seen;
    at.now = test::start_ms + 100'000;
    at.store.finish_replay(at.now, 0, shards);
    seen.digest = at.store.digest(at.now);
    seen.users = at.store.figures().users;
    seen.dead = at.store.figures().dead_records;
    const auto ignore = [](const SessionView&) {};
    for (const std::string& token : tokens)
        seen.answers.push_back(at.run([&](Op& op) { return at.store.validate(op, token, {}, ignore).error().value(); }));
    for (int user = 0; user < users; ++user)
        at.run([&](Op& op) {
            at.store.list_user(op, "user" + std::to_string(user), 0, 1000,
                               [&](const SessionView& v) { seen.lists.push_back(id_text(v.id)); });
            return true;
        });
    return seen;
}

class Ending {
public:
    explicit Ending(std::function<void()> call) : call_(std::move(call)) {}
    ~Ending() { call_(); }
    Ending(const Ending&) = delete;
    Ending& operator=(const Ending&) = delete;

private:
    std::function<void()> call_;
};

void check(BusyServer& server, const std::vector<std::string>& records, const std::vector<std::string>& tokens) {
    for (const Lsn last : server.last) {
        INFO("snapshot at LSN " << value(last) << " of " << records.size());
        test::StoreFixture loaded(shards), replayed(shards);
        std::atomic<std::uint64_t> read{0};
        REQUIRE(load_snapshot(*server.disk.mount(), snapshot_name(last), {}, loaded.store, 3, read).has_value());
        for (std::uint64_t i = 0; i < value(last); ++i)
            if (!replayed.store.replay(Lsn{i + 1}, std::as_bytes(std::span(records[i])), 0, shards)) FAIL("LSN " << i + 1);
        const Seen expected = look(replayed, tokens), seen = look(loaded, tokens);
        CHECK(seen.digest == expected.digest);
        CHECK(seen.users == expected.users);
        CHECK(seen.dead == expected.dead);
        CHECK((seen.answers == expected.answers));  // too long to be printed
        CHECK((seen.lists == expected.lists));
    }
}

}  // namespace

TEST_CASE("Snapshot: with several threads that write, each file alone is what the log makes up to its last LSN", "[snapshot]") {
    for (std::uint64_t seed = 1; seed <= test::snapshot_seeds(); ++seed) {
        INFO("seed " << seed);
        BusyServer server(seed);
        std::array<std::vector<std::string>, writers> tokens;
        {
            std::vector<std::thread> threads;
            const Ending joined([&] {  // also when something is required in vain
                server.end_writers();
                for (std::thread& thread : threads) thread.join();
            });
            for (std::size_t i = 0; i < writers; ++i)
                threads.emplace_back([&, i] { server.write(SeededRandom(seed * 100 + i), tokens[i]); });
            server.allow(300);
            for (int i = 0; i < snapshots; ++i) server.take_snapshot();
        }
        server.stop();
        std::vector<std::string> all;
        for (const auto& some : tokens) all.insert(all.end(), some.begin(), some.end());
        check(server, log_of(server.disk), all);
    }
}
