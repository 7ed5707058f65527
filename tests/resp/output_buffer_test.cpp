// SPDX-License-Identifier: MIT
// The output buffer against a std::string that does the same.
#include "resp/output_buffer.hpp"

#include <catch2/catch.hpp>
#include <cstring>
#include <string>

#include "tests/resp/test_seed.hpp"

using resp::OutputBuffer;

TEST_CASE("an output buffer takes, cuts back and gives") {
    OutputBuffer buffer;
    CHECK(buffer.empty());
    CHECK(buffer.view().empty());
    buffer.append("");
    buffer.consume(0);
    CHECK(buffer.capacity_bytes() == 0);
    buffer.append("hello world");
    buffer.truncate(20);
    CHECK(buffer.size() == 11);
    buffer.truncate(5);
    buffer.consume(2);
    CHECK(buffer.view() == "llo");
    buffer.append(" there");
    CHECK(buffer.view() == "llo there");
    buffer.truncate(3);
    CHECK(buffer.view() == "llo");
    buffer.consume(100);
    CHECK(buffer.empty());
}

TEST_CASE("an empty output buffer gives large memory back, a filled one does not") {
    OutputBuffer buffer;
    buffer.append(std::string(100'000, 'x'));
    buffer.shrink();
    CHECK(buffer.size() == 100'000);
    buffer.clear();
    CHECK(buffer.capacity_bytes() >= 100'000);
    buffer.shrink();
    CHECK(buffer.capacity_bytes() == 0);
    buffer.append("small");
    buffer.clear();
    buffer.shrink();
    CHECK(buffer.capacity_bytes() != 0);
    buffer.shrink(0);
    CHECK(buffer.capacity_bytes() == 0);
}

TEST_CASE("consumed room is used again") {
    OutputBuffer buffer;
    for (int i = 0; i < 10'000; ++i) {
        buffer.append(std::string(100, 'a'));
        buffer.append("tail");
        buffer.consume(100);
        buffer.consume(buffer.size() - 4);
    }
    CHECK(buffer.view() == "tail");
    CHECK(buffer.capacity_bytes() <= 1'024);
}

TEST_CASE("an output buffer can be moved and swapped") {
    OutputBuffer first;
    first.append("first");
    OutputBuffer second(std::move(first));
    CHECK(second.view() == "first");
    OutputBuffer third;
    third.append("third");
    third.swap(second);
    CHECK(second.view() == "third");
    third = std::move(second);
    CHECK(third.view() == "third");
}

TEST_CASE("an output buffer does what a string does") {
    const std::uint64_t seed = resp_test::test_seed();
    CAPTURE(seed);
    resp_test::Random random(seed);
    OutputBuffer buffer;
    std::string model;
    for (int step = 0; step < 20'000; ++step) {
        const std::size_t some = random.below(random.one_in(50) ? 20'000 : 300);
        switch (random.below(6)) {
            case 0: {
                const std::size_t bytes = std::min(some, model.size());
                buffer.consume(bytes);
                model.erase(0, bytes);
                break;
            }
            case 1:
                if (some < model.size()) model.resize(some);
                buffer.truncate(some);
                break;
            case 2: {
                const std::size_t from = model.empty() ? 0 : random.below(model.size());
                const std::size_t by = random.below(20);
                buffer.move_tail(from, static_cast<std::ptrdiff_t>(by));
                if (by != 0) std::memset(buffer.at(from), 'g', by);
                model.insert(from, by, 'g');
                break;
            }
            case 3:
                if (model.size() > 50) {
                    const std::size_t from = 20 + random.below(model.size() - 20);
                    buffer.move_tail(from, -20);
                    model.erase(from - 20, 20);
                }
                break;
            default: {
                const std::string text = random.text(some, "abcdefgh");
                buffer.append(text);
                model += text;
                break;
            }
        }
        if (random.one_in(20)) buffer.shrink(0);
        REQUIRE(buffer.view() == model);
    }
}
