// SPDX-License-Identifier: MIT
// Random requests in random pieces, and random damage: whole and split always agree, and nothing is read that was not sent.
#include <catch2/catch.hpp>

#include "tests/resp/parser_runs.hpp"
#include "tests/resp/test_seed.hpp"

using namespace resp_test;
using namespace std::string_literals;
using namespace std::string_view_literals;

namespace {

constexpr std::string_view bytes_that_matter = "*$-+019\r\n\"'\\ x\t:\0\xff"sv;

std::size_t random_size(Random& random) {
    switch (random.below(8)) {
        case 0: return 0;
        case 1: return 990 + random.below(20);
        case 2: return 95 + random.below(10);
        case 3: return random.one_in(8) ? 16'000 + random.below(1'000) : 10'000;
        default: return random.below(64);
    }
}

Arguments random_arguments(Random& random) {
    Arguments arguments(random.one_in(10) ? 1 + random.below(200) : 1 + random.below(20));
    for (std::string& argument : arguments) argument = random.text(random_size(random), bytes_that_matter);
    return arguments;
}

std::string quoted(Random& random, const std::string& word) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string made = "\"";
    for (const char c : word) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte >= 0x7f || random.one_in(20)) {
            made += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
        } else {
            if (c == '"' || c == '\\') made += '\\';
            made += c;
        }
    }
    return made + '"';
}

std::string inline_form(Random& random, const Arguments& arguments) {
    std::string line;
    for (const std::string& argument : arguments) line += quoted(random, argument) + random.text(1 + random.below(3), " \t");
    return line + (random.one_in(2) ? "\r\n" : "\n");
}

std::vector<std::size_t> random_cuts(Random& random, std::size_t size) {
    std::vector<std::size_t> cuts;
    const std::size_t step = 1 + size / 200 + random.below(random.one_in(2) ? 8 : 2'000);
    for (std::size_t at = 1 + random.below(step); at < size; at += 1 + random.below(2 * step)) cuts.push_back(at);
    return cuts;
}

}  // namespace

TEST_CASE("what was encoded is what is parsed, however it arrives") {
    const std::uint64_t seed = test_seed();
    CAPTURE(seed);
    Random random(seed);
    for (int round = 0; round < 200; ++round) {
        std::string bytes;
        std::vector<Arguments> requests;
        for (std::size_t n = 1 + random.below(6); n != 0; --n) {
            if (random.one_in(6)) bytes += random.one_in(2) ? "\r\n" : "*0\r\n";
            Arguments arguments = random_arguments(random);
            std::string line = random.one_in(4) ? inline_form(random, arguments) : "";
            bytes += line.empty() || line.size() > resp::limits::line_bytes_max ? encoded(arguments) : line;
            requests.push_back(std::move(arguments));
        }
        const Run run = run_split(bytes, random_cuts(random, bytes.size()), resp::limits::after_auth, random.one_in(2));
        REQUIRE(run == Run{requests, "", 0});
    }
}

TEST_CASE("damaged requests give the same, whole and split") {
    const std::uint64_t seed = test_seed();
    CAPTURE(seed);
    Random random(seed);
    for (int round = 0; round < 3'000; ++round) {
        std::string bytes;
        for (std::size_t n = 1 + random.below(3); n != 0; --n) {
            Arguments arguments(1 + random.below(4));
            for (std::string& argument : arguments) argument = random.text(random.below(12), bytes_that_matter);
            bytes += random.one_in(4) ? inline_form(random, arguments) : encoded(arguments);
        }
        for (std::size_t n = 1 + random.below(3); n != 0; --n) {
            const std::size_t at = random.below(bytes.size());
            switch (random.below(3)) {
                case 0: bytes[at] = random.text(1, bytes_that_matter)[0]; break;
                case 1: bytes.insert(at, random.text(1 + random.below(3), bytes_that_matter)); break;
                default: bytes.erase(at, 1 + random.below(3)); break;
            }
            if (bytes.empty()) bytes = "*";
        }
        const auto& limits = random.one_in(2) ? resp::limits::before_auth : resp::limits::after_auth;
        const Run whole = run_split(bytes, {}, limits);
        for (int i = 0; i < 3; ++i) {
            Run split = run_split(bytes, random_cuts(random, bytes.size()), limits);
            if (!whole.error.empty()) split.left = whole.left;
            CAPTURE(bytes);
            CHECK(split.requests == whole.requests);
            CHECK(split.error == whole.error);
            REQUIRE(split.left == whole.left);
        }
    }
}
