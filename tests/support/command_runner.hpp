// SPDX-License-Identifier: MIT
// Commands without sockets, disk or real time: the real executor over the real store, a clock that tests move and random bytes
// from a seed. run("SET", "k", "v") gives the parsed reply; every reply must be exactly one value of strict RESP.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "src/executor.hpp"
#include "src/server_state.hpp"
#include "storage/clock.hpp"
#include "storage/journal.hpp"
#include "storage/random.hpp"
#include "storage/store.hpp"
#include "tests/support/reply.hpp"

namespace support {

// Well-formed, and of nobody.
inline const std::string absent_id = "tmss-01arz3ndektsv4rrffq69g5fav";
inline const std::string unknown_token = "tmtk_0123456789012345678901234567890123456789012";
inline const std::string wrong_type_shown = "-WRONGTYPE Operation against a key holding the wrong kind of value";

class CommandRunner {
public:
    static constexpr storage::UnixMs start_ms = 1'700'000'000'000;

    explicit CommandRunner(std::uint64_t seed = 1);

    template <class... Args>
    Reply operator()(const Args&... args) {
        return call({text(args)...});
    }
    // As Reply::shown() writes it: what tests compare.
    template <class... Args>
    std::string show(const Args&... args) {
        return call({text(args)...}).shown();
    }
    Reply call(const std::vector<std::string>& args);
    // Starts a command and gives it some turns; nullopt: it goes on, and finish() waits for it.
    std::optional<Reply> start(const std::vector<std::string>& args, int turns);
    Reply finish();
    // Any bytes, behind those that were no whole request yet; `seen` gets the output of every turn. False: the connection is
    // over.
    bool feed(std::string_view bytes, const std::function<void(std::string_view)>& seen);
    void hang_up();  // from here on it is a new client, who knows the password

    void advance(std::int64_t ms) { clock_.ms += ms; }
    storage::UnixMs now() const { return clock_.ms; }
    void upkeep();  // what the io threads do at their ticks: takes back what has expired
    void set(std::string_view setting, std::string_view value);  // as CONFIG SET
    void use_resp(int version);
    void select(storage::DbIndex db) { dialogue_->client.set_db(db); }

    server::ServerState& state() { return *state_; }
    server::Counters& counters() { return *counters_; }
    server::Dialogue& dialogue() { return *dialogue_; }
    server::Executor& executor() { return *executor_; }
    void write_log();  // what a committer does, on a perfect disk; after whatever went past the calls above
    storage::Store& store() { return *store_; }
    storage::Lsn appended() const { return journal_.appended(); }
    storage::Lsn depends_on() const { return depends_on_; }  // of the last reply
    std::string bytes() const { return bytes_; }             // of the last reply

private:
    struct ManualClock final : storage::Clock {
        storage::UnixMs unix_ms() override { return ms; }
        std::uint64_t monotonic_ns() override { return static_cast<std::uint64_t>(ms) * 1'000'000; }
        storage::UnixMs ms = start_ms;
    };
    struct SeededRandom final : storage::RandomSource {
        explicit SeededRandom(std::uint64_t seed) : engine(seed) {}
        void fill(std::span<unsigned char> to) override {
            for (unsigned char& byte : to) byte = static_cast<unsigned char>(engine() & 0xffU);
        }
        std::mt19937_64 engine;
    };

    static std::string text(std::string_view words) { return std::string(words); }
    template <class Number>
    requires std::is_integral_v<Number>
    static std::string text(Number number) { return std::to_string(number); }

    server::Stop run_turn();
    bool turn();  // true: all is answered
    Reply take_reply();

    ManualClock clock_;
    SeededRandom random_;
    storage::SteadyNow now_{clock_};
    server::Settings settings_;
    storage::Journal journal_;
    std::unique_ptr<storage::Store> store_;
    std::unique_ptr<server::ServerState> state_;
    server::Counters* counters_ = nullptr;
    std::unique_ptr<server::Executor> executor_;
    std::unique_ptr<server::Dialogue> dialogue_;
    std::string input_, bytes_;
    storage::Lsn depends_on_{};
};

}  // namespace support
