// SPDX-License-Identifier: MIT
// Many clients at once: what must be atomic is, quotas hold, counters do not lose, memory limits refuse or evict.
#include "tests/support/integration.hpp"

#include <atomic>
#include <exception>
#include <functional>
#include <thread>

namespace integration {

namespace {

// Runs each on a thread of its own; the first exception is thrown again here.
void together(const std::vector<std::function<void()>>& tasks) {
    std::vector<std::thread> threads;
    std::vector<std::exception_ptr> failures(tasks.size());
    for (std::size_t i = 0; i < tasks.size(); ++i) {
        threads.emplace_back([&, i] {
            try {
                tasks[i]();
            } catch (...) {
                failures[i] = std::current_exception();
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    for (const std::exception_ptr& failure : failures) {
        if (failure) {
            std::rethrow_exception(failure);
        }
    }
}

}  // namespace

TEST_CASE("MSET is seen whole or not at all", "[concurrency]") {
    ServerProcess server({"--io-threads", "4"});
    std::atomic<bool> done = false;
    std::atomic<int> torn = 0, looked = 0;
    const auto write = [&] {
        Redis redis = server.redis();
        for (int i = 0; i < 3000; ++i) {
            redis("MSET", "one", i, "two", i, "three", i, "four", i);
        }
        done = true;
    };
    const auto read = [&] {
        Redis redis = server.redis();
        while (!done) {
            const Reply seen = redis("MGET", "one", "two", "three", "four");
            ++looked;
            for (const Reply& value : seen.items) {
                torn += value.shown() == seen.items[0].shown() ? 0 : 1;
            }
        }
    };
    together({write, read, read});
    CHECK(looked > 100);
    CHECK(torn == 0);
}

TEST_CASE("counters of many clients lose nothing", "[concurrency]") {
    ServerProcess server({"--io-threads", "4", "--appendfsync", "everysec"});
    const auto count = [&] {
        Redis redis = server.redis();
        for (int i = 0; i < 5000; ++i) {
            redis.append("INCR", "n");
        }
        for (int i = 0; i < 5000; ++i) {
            redis.next();
        }
    };
    together({count, count, count, count});
    CHECK(server.redis().show("GET", "n") == "\"20000\"");
    server.restart_hard();
    CHECK(server.redis().show("GET", "n") == "\"20000\"");
}

TEST_CASE("a quota holds against many clients, and a token is taken once", "[concurrency][session]") {
    ServerProcess server({"--io-threads", "4", "--session-max-per-user", "10"});
    std::atomic<int> made = 0, taken = 0, other = 0;
    const auto create_many = [&] {
        Redis redis = server.redis();
        for (int i = 0; i < 50; ++i) {
            const Reply reply = redis("SESS.CREATE", "alice");
            (reply.has("id") ? made : reply.is_error("TM-SESS-4002") ? taken : other) += 1;
        }
    };
    together({create_many, create_many, create_many, create_many});
    CHECK(made == 10);
    CHECK(taken == 190);
    CHECK(other == 0);
    made = taken = other = 0;
    const auto bring = [&](const std::string& user) {
        Redis redis = server.redis();
        for (int i = 0; i < 10; ++i) {
            const Reply reply = redis("SESS.CREATE", user, "TOKEN", "brought-by-everybody-" + std::to_string(i));
            (reply.has("id") ? made : reply.is_error("TM-TOKN-4090") ? taken : other) += 1;
        }
    };
    together({[&] { bring("bob"); }, [&] { bring("carol"); }, [&] { bring("dave"); }, [&] { bring("erin"); }});
    CHECK(made == 10);
    CHECK(taken == 30);
    CHECK(other == 0);
}

TEST_CASE("log-out everywhere against logins: what is counted is what is found", "[concurrency][session]") {
    ServerProcess server({"--io-threads", "4", "--session-max-per-user", "10000"});
    std::atomic<std::int64_t> made = 0, removed = 0;
    const auto log_in = [&] {
        Redis redis = server.redis();
        for (int i = 0; i < 1000; ++i) {
            made += redis("SESS.CREATE", "alice").has("id") ? 1 : 0;
        }
    };
    const auto log_out = [&] {
        Redis redis = server.redis();
        for (int i = 0; i < 200; ++i) {
            removed += redis("SESS.DELUSER", "alice").integer;
        }
    };
    together({log_in, log_in, log_out, log_out});
    Redis redis = server.redis();
    CHECK(redis("SESS.COUNTUSER", "alice").integer == made - removed);
    CHECK(redis("SESS.COUNT").integer == made - removed);
    CHECK(redis("DBSIZE").integer == made - removed);
}

TEST_CASE("maxmemory: refused with OOM, or the least used goes; removing is always possible", "[memory]") {
    ServerProcess server;
    Redis redis = server.redis();
    REQUIRE(redis("CONFIG", "SET", "maxmemory", "8mb").is_ok());
    const std::string value(10'000, 'v');
    int kept = 0;
    Reply reply = redis("SET", "k0", value);
    while (reply.is_ok() && kept < 5000) {
        reply = redis("SET", "k" + std::to_string(++kept), value);
    }
    CHECK(reply.shown() == "-OOM command not allowed when used memory > 'maxmemory'.");
    CHECK(redis("SESS.CREATE", "alice").is_error("OOM"));
    CHECK(redis("GET", "k0").text == value);
    CHECK(redis.show("DEL", "k0", "k1", "k2") == "(integer) 3");
    REQUIRE(redis("CONFIG", "SET", "maxmemory-policy", "allkeys-lru").is_ok());
    for (int i = 0; i < 2000; ++i) {
        REQUIRE(redis("SET", "more" + std::to_string(i), value).is_ok());
    }
    CHECK(redis("DBSIZE").integer < 2000);
    CHECK(std::stoll("0" + support::info_field(redis, "stats", "evicted_keys")) > 1000);
    const std::int64_t left = redis("DBSIZE").integer;
    server.restart_hard();
    CHECK(server.redis()("DBSIZE").integer == left);  // eviction is in the log
}

}  // namespace integration
