// SPDX-License-Identifier: MIT
// Seeded histories: the store against a plain model, and against itself after replaying what it logged. Then many threads.
#include <catch2/catch.hpp>

#include <array>
#include <map>
#include <set>
#include <thread>

#include "storage/session_list.hpp"
#include "storage/store.hpp"
#include "tests/support/store_fixture.hpp"

using namespace storage;
using test::id_text;
using test::StoreFixture;

namespace {

struct Model {
    struct Session {
        std::string user, token;
        UnixMs expires_at = 0;
    };
    std::map<std::string, Session> sessions;  // by id text
    std::map<std::string, std::string> strings;
};

class History {
public:
    explicit History(std::uint64_t seed) : f(16, seed), random_(seed + 100) { f.settings.session_max_per_user = 1000; }

    void step() {
        drop_expired();
        switch (random_.below(12)) {
            case 0:
            case 1:
            case 2: create(); break;
            case 3: remove_one(); break;
            case 4: rotate(); break;
            case 5: renew(); break;
            case 6: remove_user(); break;
            case 7:
            case 8: set_string(); break;
            case 9: remove_string(); break;
            case 10: f.now += static_cast<UnixMs>(random_.below(4000)); break;
            case 11:
                if (random_.below(40) == 0)
                    f.expire_all();
                else
                    touch();
                break;
        }
    }

    void check() {
        drop_expired();
        REQUIRE(f.run([&](Op& op) { return f.store.count_sessions(op); }) >= model.sessions.size());
        std::map<std::string, std::size_t> of_user;
        for (const auto& entry : model.sessions) {  // clang 14 cannot capture a structured binding
            const auto& id = entry.first;
            const auto& s = entry.second;
            ++of_user[s.user];
            std::string user;
            const bool there = f.run(
                [&](Op& op) { return f.store.get(op, *SessionId::parse(id), [&](const SessionView& v) { user = v.user; }); });
            REQUIRE(there);
            REQUIRE(user == s.user);
            std::string by_token;
            REQUIRE(f.run([&](Op& op) {
                return f.store.get_by_token(op, s.token, {}, [&](const SessionView& v) { by_token = id_text(v.id); });
            }));
            REQUIRE(by_token == id);
        }
        for (int u = 0; u < users; ++u) {
            const std::string user = "user" + std::to_string(u);
            std::set<std::string> listed;
            f.run([&](Op& op) {
                f.store.list_user(op, user, 0, 100000, [&](const SessionView& v) { listed.insert(id_text(v.id)); });
                return 0;
            });
            REQUIRE(listed.size() == of_user[user]);
            REQUIRE(f.run([&](Op& op) { return f.store.count_user(op, user); }) == of_user[user]);
        }
        std::set<std::string> scanned;
        for (std::uint64_t cursor = 0;;) {
            cursor = f.run([&](Op& op) {
                return f.store.scan(op, cursor, {{}, 7}, [&](std::string_view key) { REQUIRE(scanned.emplace(key).second); });
            });
            if (cursor == 0) break;
        }
        REQUIRE(scanned.size() == model.sessions.size() + model.strings.size());
        for (const auto& entry : model.strings) {
            const auto& key = entry.first;
            const auto& value = entry.second;
            std::optional<std::string> got;
            f.run([&](Op& op) {
                return f.store.get_string(op, key, [&](std::optional<std::string_view> v) {
                    if (v) got = *v;
                });
            });
            REQUIRE(got == value);
        }
        SessionLister lister(f.store, 0, {}, SessionOrder::created_at, true, 0, 10);
        f.run([&](Op& op) {
            while (!lister.step(op)) {
            }
            return 0;
        });
        REQUIRE(lister.total() == model.sessions.size());
    }

    void check_replay() {
        test::SeededRandom random(9);
        Journal journal{Journal::Options{}};
        Store other({32, 99, test::start_ms}, journal, random, f.settings);  // other shards, other hashes: the same content
        f.replay_into(other, 32);
        REQUIRE(other.digest(f.now) == f.store.digest(f.now));
        for (const auto& [id, s] : model.sessions) {
            Op op;
            op.now = f.now;
            REQUIRE(other.get(op, *SessionId::parse(id), [](const SessionView&) {}));
            REQUIRE(other.get_by_token(op, s.token, {}, [](const SessionView&) {}));
        }
        for (const auto& token : ended) {
            Op op;
            op.now = f.now;
            REQUIRE_FALSE(other.get_by_token(op, token, {}, [](const SessionView&) {}));
        }
    }

    StoreFixture f;
    Model model;
    std::vector<std::string> ended;  // tokens that must open nothing

private:
    static constexpr int users = 7;

    std::string some_user() { return "user" + std::to_string(random_.below(users)); }

    void drop_expired() {
        std::erase_if(model.sessions, [&](const auto& entry) {
            const auto& s = entry.second;
            const bool over = s.expires_at != 0 && s.expires_at <= f.now;
            if (over) ended.push_back(s.token);
            return over;
        });
    }
    auto some_session() {
        auto it = model.sessions.begin();
        if (it != model.sessions.end()) std::advance(it, static_cast<std::ptrdiff_t>(random_.below(model.sessions.size())));
        return it;
    }

    void create() {
        const std::string user = some_user();
        NewSession wanted;
        wanted.user = user;
        const std::int64_t ttl = random_.below(4) == 0 ? 0 : static_cast<std::int64_t>(500 + random_.below(60000));
        wanted.expires_at = ttl == 0 ? 0 : f.now + ttl;
        const std::string brought = "brought-token-" + std::to_string(random_.next());
        if (random_.below(2) == 0) wanted.token = brought;
        if (random_.below(3) == 0) {
            SessionId id;
            random_.fill(id.bytes);
            wanted.id = id;
        }
        const auto made = f.run([&](Op& op) { return f.store.create(op, wanted); });
        REQUIRE(made.has_value());
        model.sessions[id_text(made->id)] = {user, made->token_made ? std::string(made->token.data(), 48) : brought,
                                             wanted.expires_at};
    }
    void remove_one() {
        const auto it = some_session();
        if (it == model.sessions.end()) return;
        const SessionId id = *SessionId::parse(it->first);
        REQUIRE(f.run([&](Op& op) { return f.store.remove_sessions(op, {&id, 1}); }).value() == 1);
        ended.push_back(it->second.token);
        model.sessions.erase(it);
    }
    void rotate() {
        const auto it = some_session();
        if (it == model.sessions.end()) return;
        const auto r = f.run([&](Op& op) { return f.store.rotate(op, it->second.token, 0); });
        REQUIRE(r.has_value());
        ended.push_back(it->second.token);
        it->second.token.assign(r->token.data(), r->token.size());
    }
    void renew() {
        const auto it = some_session();
        if (it == model.sessions.end()) return;
        const UnixMs at = f.now + 1000 + static_cast<UnixMs>(random_.below(100000));
        REQUIRE(f.run([&](Op& op) { return f.store.renew(op, *SessionId::parse(it->first), at, std::nullopt); }).has_value());
        it->second.expires_at = at;
    }
    void touch() {
        const auto it = some_session();
        if (it == model.sessions.end()) return;
        const std::string ip = "10.0.0." + std::to_string(random_.below(200));
        REQUIRE(f.run([&](Op& op) { return f.store.touch(op, *SessionId::parse(it->first), Touch{true, ip, {}}); }).has_value());
    }
    void remove_user() {
        if (random_.below(6) != 0) return;
        const std::string user = some_user();
        std::size_t expected = 0;
        std::erase_if(model.sessions, [&](const auto& entry) {
            if (entry.second.user != user) return false;
            ++expected;
            ended.push_back(entry.second.token);
            return true;
        });
        REQUIRE(f.run([&](Op& op) { return f.store.remove_user(op, user, std::nullopt); }).value() == expected);
    }
    void set_string() {
        const std::string key = "key" + std::to_string(random_.below(50));
        const std::string value(random_.below(3000), 'v');
        REQUIRE(f.run([&](Op& op) {
                     return f.store.set_string(op, key, value, {}, [](std::optional<std::string_view>) {});
                 }).has_value());
        model.strings[key] = value;
    }
    void remove_string() {
        const std::string key = "key" + std::to_string(random_.below(50));
        const std::string_view names[] = {key, key};
        REQUIRE(f.run([&](Op& op) { return f.store.remove_keys(op, names); }).value() == model.strings.erase(key));
    }

    test::SeededRandom random_;
};

}  // namespace

TEST_CASE("seeded histories agree with a model, and replaying their log gives the same store") {
    const std::uint64_t seed = GENERATE(1U, 2U, 3U, 4U, 5U, 6U);
    CAPTURE(seed);
    History history(seed);
    for (int round = 0; round < 8; ++round) {
        for (int i = 0; i < 400; ++i) history.step();
        history.check();
    }
    history.check_replay();
}

TEST_CASE("replaying a log twice is replaying it once") {
    History history(77);
    for (int i = 0; i < 1500; ++i) history.step();
    test::SeededRandom random(9);
    Journal journal{Journal::Options{}};
    Store other({16, 5, test::start_ms}, journal, random, history.f.settings);
    for (const auto& [lsn, record] : history.f.log()) {
        REQUIRE(other.replay(lsn, std::as_bytes(std::span(record)), 0, 16));
        REQUIRE(other.replay(lsn, std::as_bytes(std::span(record)), 0, 16));
    }
    other.finish_replay(history.f.now, 0, 16);
    CHECK(other.digest(history.f.now) == history.f.store.digest(history.f.now));
}

TEST_CASE("replay by ranges of shards is replay of all") {
    History history(78);
    for (int i = 0; i < 1500; ++i) history.step();
    history.f.run([&](Op& op) { return history.f.store.flush(op, DbIndex{3}); });
    test::SeededRandom random(9);
    Journal journal{Journal::Options{}};
    Store other({16, 5, test::start_ms}, journal, random, history.f.settings);
    const auto& log = history.f.log();
    const auto work = [&](ShardIndex first, ShardIndex last) {
        for (const auto& [lsn, record] : log)
            if (!other.replay(lsn, std::as_bytes(std::span(record)), first, last)) std::abort();
    };
    std::thread a([&] { work(0, 5); });
    std::thread b([&] { work(5, 16); });
    a.join();
    b.join();
    std::thread c([&] { other.finish_replay(history.f.now, 0, 5); });
    other.finish_replay(history.f.now, 5, 16);
    c.join();
    CHECK(other.digest(history.f.now) == history.f.store.digest(history.f.now));
}

namespace {

constexpr int steps_a_thread = 3000;

// What one of many threads does; they fight for users and for brought tokens.
void disturb(Store& store, Journal& journal, std::uint64_t seed) {
    test::SeededRandom dice(seed);
    std::vector<std::string> mine;
    const auto some_token = [&] { return mine.empty() ? std::string("none-of-mine-yet") : mine[dice.below(mine.size())]; };
    for (int i = 0; i < steps_a_thread; ++i) {
        Credit credit;
        if (journal.admit(credit, 1U << 16) != Admission::granted) std::abort();
        Op op;
        op.now = test::start_ms + i;
        op.credit = &credit;
        const std::string user = "user" + std::to_string(dice.below(3));
        const std::uint64_t what = dice.below(6);
        if (what < 2) {
            NewSession wanted;
            wanted.user = user;
            const std::string token = "brought-token-" + std::to_string(dice.below(400));
            if (dice.below(2) == 0) wanted.token = token;
            const auto made = store.create(op, wanted);
            if (made) mine.push_back(made->token_made ? std::string(made->token.data(), 48) : token);
        } else if (what == 2) {
            (void)store.rotate(op, some_token(), 10);
        } else if (what == 3) {
            const std::array tokens{some_token(), some_token(), "brought-token-" + std::to_string(dice.below(400))};
            std::array<Probe, 3> probes;
            for (std::size_t t = 0; t < tokens.size(); ++t) probes[t] = store.probe_token(tokens[t]);
            store.prefetch(probes, op.db);
            for (const Probe& probe : probes) {
                op.probe = &probe;
                (void)store.get_by_token(op, probe.text, Touch{true, "10.0.0.1", {}}, [](const SessionView&) {});
            }
            op.probe = nullptr;
        } else if (what == 4 && dice.below(20) == 0) {
            (void)store.remove_user(op, user, std::nullopt);
        } else {
            store.list_user(op, user, 0, 100, [](const SessionView&) {});
        }
        (void)store.expire_some(op, static_cast<ShardIndex>(dice.below(16)), 16);
        journal.release(credit);
    }
}

std::size_t check_users(Store& store, Op& op) {
    std::size_t listed = 0;
    for (int u = 0; u < 3; ++u) {
        const std::string user = "user" + std::to_string(u);
        std::vector<SessionId> ids;
        store.list_user(op, user, 0, 1000, [&](const SessionView& v) { ids.push_back(v.id); });
        for (const SessionId& id : ids) CHECK(store.get(op, id, [&](const SessionView& v) { CHECK(v.user == user); }));
        CHECK(ids.size() <= 20);
        CHECK(store.count_user(op, user) == ids.size());
        listed += ids.size();
    }
    return listed;
}

void replay_batches(Journal& journal, Store& into) {
    Batch batch;
    while (journal.take(batch)) {
        std::uint64_t lsn = value(batch.first);
        for (auto rest = batch.bytes; !rest.empty();) {
            std::uint32_t size = 0;
            std::memcpy(&size, rest.data(), sizeof size);
            REQUIRE(into.replay(Lsn{lsn++}, rest.subspan(4, size), 0, 16));
            rest = rest.subspan(4 + size);
        }
    }
}

}  // namespace

TEST_CASE("many threads on few users: indexes agree with records, and the log with both") {
    Journal journal{Journal::Options{}};
    journal.add_room(1ULL << 40);
    journal.set_record_fit(64U << 20);
    Settings settings;
    settings.session_max_per_user = 20;
    settings.session_quota_policy = QuotaPolicy::evict_oldest;
    SystemRandom random;
    Store store({16, 3, test::start_ms}, journal, random, settings);
    std::vector<std::thread> all;
    for (std::uint64_t seed = 1; seed <= 4; ++seed) all.emplace_back([&, seed] { disturb(store, journal, seed); });
    for (auto& t : all) t.join();

    Op op;
    op.now = test::start_ms + steps_a_thread;
    const std::size_t listed = check_users(store, op);
    CHECK(store.count_sessions(op) == listed);

    Journal unused{Journal::Options{}};
    Store again({16, 4, test::start_ms}, unused, random, settings);
    replay_batches(journal, again);
    again.finish_replay(op.now, 0, 16);
    Op other = op;
    CHECK(again.count_sessions(other) == listed);
    CHECK(check_users(again, other) == listed);
}
