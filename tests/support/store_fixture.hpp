// SPDX-License-Identifier: MIT
// A store with a log that is a vector: unit tests own its time and randomness, and can replay what it logged into another one.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "storage/journal.hpp"
#include "storage/random.hpp"
#include "storage/store.hpp"

namespace test {

class SeededRandom final : public storage::RandomSource {
public:
    explicit SeededRandom(std::uint64_t seed = 1) : state_(seed * 2 + 1) {}
    void fill(std::span<unsigned char> to) override {
        for (auto& byte : to) byte = static_cast<unsigned char>(next() >> 32);
    }
    std::uint64_t next() {  // xorshift64*
        state_ ^= state_ >> 12;
        state_ ^= state_ << 25;
        state_ ^= state_ >> 27;
        return state_ * 0x2545f4914f6cdd1dULL;
    }
    std::uint64_t below(std::uint64_t n) { return next() % n; }

private:
    std::uint64_t state_;
};

inline std::string id_text(const storage::SessionId& id) {
    const auto text = id.text();
    return {text.data(), text.size()};
}

inline constexpr storage::UnixMs start_ms = 1'760'000'000'000;

class StoreFixture {
public:
    explicit StoreFixture(std::uint32_t shards = 16, std::uint64_t seed = 1)
        : random(seed), store({shards, seed, start_ms}, journal, random, settings) {
        journal.add_room(1ULL << 40);
        journal.set_record_fit(64U << 20);
    }

    // Runs `f(op)` with credit for anything a test does.
    template <class F>
    auto run(F&& f, std::size_t credit_bytes = 1U << 20) {
        storage::Credit credit;
        if (credit_bytes != 0 && journal.admit(credit, credit_bytes) != storage::Admission::granted) std::abort();
        op = storage::Op{};
        op.db = db;
        op.now = now;
        op.credit = credit_bytes != 0 ? &credit : nullptr;
        struct GiveBack {
            StoreFixture& of;
            storage::Credit& credit;
            ~GiveBack() {
                of.journal.release(credit);
                of.collect();
            }
        } give_back{*this, credit};
        return f(op);
    }

    // Everything logged so far, in order.
    const std::vector<std::pair<storage::Lsn, std::string>>& log() {
        collect();
        return log_;
    }

    void replay_into(storage::Store& other, storage::ShardIndex shards) {
        for (const auto& [lsn, record] : log())
            if (!other.replay(lsn, std::as_bytes(std::span(record)), 0, shards)) std::abort();
        other.finish_replay(now, 0, shards);
    }

    std::size_t expire_all() {
        std::size_t n = 0;
        for (std::uint32_t s = 0; s < store.shard_count(); ++s)
            n += run([&](storage::Op& o) { return store.expire_some(o, static_cast<storage::ShardIndex>(s), 100000); });
        return n;
    }

    std::string create(std::string_view user, std::int64_t ttl_ms = 3600'000) {  // its token
        storage::NewSession wanted;
        wanted.user = user;
        wanted.expires_at = ttl_ms == 0 ? 0 : now + ttl_ms;
        const auto made = run([&](storage::Op& o) { return store.create(o, wanted); });
        if (!made) return made.error().message();
        last_id = made->id;
        return {made->token.data(), made->token.size()};
    }
    storage::Result<storage::CreatedSession> bring(std::string_view user, std::optional<std::string_view> token,
                                                   std::optional<storage::SessionId> id = {}) {
        storage::NewSession wanted;
        wanted.user = user;
        wanted.token = token;
        wanted.id = id;
        wanted.expires_at = now + 3600'000;
        return run([&](storage::Op& o) { return store.create(o, wanted); });
    }
    bool opens(std::string_view token) {
        return run([&](storage::Op& o) { return store.get_by_token(o, token, {}, [](const storage::SessionView&) {}); }, 0);
    }

    storage::Journal journal{storage::Journal::Options{}};
    SeededRandom random;
    storage::Settings settings;
    storage::Store store;
    storage::UnixMs now = start_ms;
    storage::DbIndex db = 0;
    storage::Op op;  // of the last run: depends_on and the like
    storage::SessionId last_id;

private:
    void collect() {
        storage::Batch batch;
        while (journal.take(batch)) {
            std::uint64_t lsn = storage::value(batch.first);
            for (auto rest = batch.bytes; !rest.empty();) {
                std::uint32_t size = 0;
                std::memcpy(&size, rest.data(), sizeof size);
                log_.emplace_back(storage::Lsn{lsn++}, std::string(reinterpret_cast<const char*>(rest.data() + 4), size));
                rest = rest.subspan(4 + size);
            }
            journal.set_written(batch.last);
            journal.set_durable(batch.last);
            journal.add_room(batch.charged_room);
        }
    }

    std::vector<std::pair<storage::Lsn, std::string>> log_;
};

}  // namespace test
