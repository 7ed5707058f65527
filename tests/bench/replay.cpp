// SPDX-License-Identifier: MIT
// One kind of request, again and again, from bytes to replies: the executor over the store, without sockets, threads or disk, so
// that an instruction counter gives the same figure each time. Only measured_turn() counts; valgrind is told so by its name.
//
//   bench_replay KIND COUNT
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tests/support/command_runner.hpp"

// One turn, as a connection takes it. Not inlined and not renamed: --toggle-collect names it.
extern "C" [[gnu::noinline, gnu::used]] std::size_t measured_turn(server::Executor& executor, server::Dialogue& dialogue,
                                                                  const char* bytes, std::size_t size);
std::size_t measured_turn(server::Executor& executor, server::Dialogue& dialogue, const char* bytes, std::size_t size) {
    return executor.run(dialogue, {bytes, size}).consumed;
}

namespace {

constexpr std::size_t pipeline = 16, sessions = 5'000;
const std::string data(100, 'd');

using Words = std::vector<std::string>;

class Replay {
public:
    explicit Replay(std::size_t count) : count_(count) {
        for (std::size_t i = 0; i < sessions; ++i) {
            const auto made = server_("SESS.CREATE", "user:" + std::to_string(i), "TTL", "86400", "DATA", "1", "data", data);
            tokens_.push_back(made.at("token").text);
            server_("SET", "key:" + std::to_string(i), data);
        }
    }
    Replay(const Replay&) = delete;
    Replay& operator=(const Replay&) = delete;

    // False: not every reply was a good one.
    bool run(const std::function<Words(Replay&, std::size_t)>& request) {
        for (std::size_t done = 0; done < count_; done += pipeline) {
            std::string bytes;
            for (std::size_t i = 0; i < pipeline; ++i) bytes += support::request(request(*this, next()));
            const std::size_t consumed = measured_turn(server_.executor(), server_.dialogue(), bytes.data(), bytes.size());
            const std::string_view replies = server_.dialogue().output.view();
            if (consumed != bytes.size() || replies.starts_with('-') || replies.find("\n-") != std::string_view::npos)
                return false;
            server_.dialogue().output.clear();
            server_.write_log();
        }
        return true;
    }

    const std::string& token(std::size_t i) const { return tokens_[i]; }

private:
    std::size_t next() { return at_ = (at_ + 2503) % sessions; }  // all of them, not side by side

    support::CommandRunner server_;
    std::vector<std::string> tokens_;
    std::size_t count_, at_ = 1;
};

std::string numbered(const char* prefix, std::size_t i) { return prefix + std::to_string(i); }

const std::map<std::string, std::function<Words(Replay&, std::size_t)>> kinds = {
    {"getbytoken",
     [](Replay& of, std::size_t i) {
         return Words{"SESS.GETBYTOKEN", of.token(i)};
     }},
    {"validate",
     [](Replay& of, std::size_t i) {
         return Words{"SESS.VALIDATE", of.token(i)};
     }},
    {"create",
     [](Replay&, std::size_t i) {
         return Words{"SESS.CREATE", numbered("user:", i), "TTL",  "86400", "IP",   "10.0.0.1",
                      "UA",          "Mozilla/5.0",        "DATA", "1",     "data", data};
     }},
    {"get",
     [](Replay&, std::size_t i) {
         return Words{"GET", numbered("key:", i)};
     }},
    {"set",
     [](Replay&, std::size_t i) {
         return Words{"SET", numbered("key:", i), data, "EX", "3600"};
     }},
};

}  // namespace

int main(int argc, char** argv) {
    const auto kind = argc == 3 ? kinds.find(argv[1]) : kinds.end();
    const std::size_t count = argc == 3 ? std::strtoull(argv[2], nullptr, 10) : 0;
    if (kind == kinds.end() || count == 0 || count % pipeline != 0) {
        std::fputs("usage: bench_replay getbytoken|validate|create|get|set COUNT (a multiple of 16)\n", stderr);
        return 2;
    }
    if (Replay(count).run(kind->second)) return 0;
    std::fputs("bench_replay: a reply was an error\n", stderr);
    return 1;
}
