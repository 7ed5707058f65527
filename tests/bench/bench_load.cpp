// SPDX-License-Identifier: MIT
// The load generator of the benches. What it measured is one line of JSON on stdout. Exit code 1: a reply was an error, or one
// that was due did not come.
//
//   bench_load -p PORT [-c CONNECTIONS] [-P PIPELINE] [-n REQUESTS] [-t SECONDS] [-R RATE] [-r KEYS] [-s FIRST] [-f FILE]
//              [-a PASSWORD] [-3] [-z THETA] [-w SECONDS] WORD...
//
// -a: each connection sends AUTH first. -3: it sends HELLO 3. -z: random keys and lines by Zipf's law with this exponent.
// -w: besides, a line for each window of so many seconds, when it is over.
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/bench/load_run.hpp"

namespace {

struct Arguments {
    bench::Load load;
    bench::RequestTemplate::Choice choice;
    std::vector<std::string_view> words;
};

template <class Number>
Number number(const char* text) {
    const std::string_view all(text);
    Number value{};
    const auto [end, error] = std::from_chars(all.data(), all.data() + all.size(), value);
    if (error != std::errc() || end != all.data() + all.size()) throw std::invalid_argument("not a number: " + std::string(all));
    return value;
}

std::vector<std::string> lines_of(const char* path) {
    std::ifstream file(path);
    if (!file) throw std::invalid_argument("cannot read " + std::string(path));
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(std::move(line));
    return lines;
}

Arguments parse(int argc, char** argv) {
    Arguments all;
    for (int option = 0; (option = ::getopt(argc, argv, "+p:c:P:n:t:R:r:s:f:a:3z:w:")) != -1;) {
        switch (option) {
            case 'p': all.load.port = number<std::uint16_t>(optarg); break;
            case 'c': all.load.connections = number<unsigned>(optarg); break;
            case 'P': all.load.pipeline = number<unsigned>(optarg); break;
            case 'n': all.load.requests = number<std::uint64_t>(optarg); break;
            case 't': all.load.seconds = number<double>(optarg); break;
            case 'R': all.load.rate = number<double>(optarg); break;
            case 'r': all.choice.keys = number<std::uint64_t>(optarg); break;
            case 's': all.choice.first = number<std::uint64_t>(optarg); break;
            case 'f': all.choice.lines = lines_of(optarg); break;
            case 'a': all.load.greeting.password = optarg; break;
            case '3': all.load.greeting.resp3 = true; break;
            case 'z': all.choice.zipf_theta = number<double>(optarg); break;
            case 'w': all.load.window_seconds = number<double>(optarg); break;
            default: throw std::invalid_argument("unknown option");
        }
    }
    all.words.assign(argv + optind, argv + argc);
    if (all.load.port == 0 || all.load.connections == 0 || all.load.pipeline == 0)
        throw std::invalid_argument("port, connections and pipeline are at least 1");
    if (all.load.requests == 0 && all.load.seconds <= 0) throw std::invalid_argument("it needs -n or -t, or it never ends");
    return all;
}

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
    }
    return out + "\"";
}

void print(const bench::LoadFigures& figures) {
    const auto us = [&](double percent) { return static_cast<double>(figures.latency.percentile(percent)) / 1e3; };
    std::printf(
        "{\"due\": %llu, \"answered\": %llu, \"seconds\": %.6f, \"per_second\": %.1f, \"p50_us\": %.1f, \"p99_us\": %.1f, "
        "\"p999_us\": %.1f, "
        "\"max_us\": %.1f, \"own_cpu_seconds\": %.6f, \"errors\": %llu, \"first_error\": %s}\n",
        static_cast<unsigned long long>(figures.due), static_cast<unsigned long long>(figures.answered), figures.seconds,
        static_cast<double>(figures.answered) / figures.seconds, us(50), us(99), us(99.9),
        static_cast<double>(figures.latency.max()) / 1e3, figures.own_cpu_seconds,
        static_cast<unsigned long long>(figures.errors), quoted(figures.first_error).c_str());
    std::fflush(stdout);  // a window is read when it is over
}

}  // namespace

int main(int argc, char** argv) {
    try {
        Arguments all = parse(argc, argv);
        bench::RequestTemplate request(all.words, std::move(all.choice));
        bench::LoadFigures figures;
        run_load(all.load, request, figures, print);
        print(figures);
        return figures.errors == 0 && figures.answered == figures.due ? EXIT_SUCCESS : EXIT_FAILURE;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bench_load: %s\n", error.what());
        return 2;
    }
}
