// SPDX-License-Identifier: MIT
// Percentiles against those of the sorted values themselves.
#include "storage/latency_histogram.hpp"

#include <algorithm>
#include <cmath>
#include <random>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/store_fixture.hpp"

using namespace storage;

namespace {

constexpr double percents[] = {0, 0.1, 1, 10, 25, 50, 75, 90, 95, 99, 99.9, 99.99, 100};

std::uint64_t exact(const std::vector<std::uint64_t>& sorted, double percent) {
    const auto rank = static_cast<std::size_t>(std::ceil(percent * static_cast<double>(sorted.size()) / 100));
    return sorted[std::max<std::size_t>(rank, 1) - 1];
}

void check_against(std::vector<std::uint64_t> values) {
    LatencyHistogram histogram;
    std::uint64_t sum = 0;
    for (const std::uint64_t value : values) {
        histogram.add(value);
        sum += value;
    }
    std::sort(values.begin(), values.end());
    CHECK(histogram.count() == values.size());
    CHECK(histogram.sum() == sum);
    CHECK(histogram.max() == values.back());
    for (const double percent : percents) {
        const std::uint64_t is = histogram.percentile(percent), should = exact(values, percent);
        CAPTURE(percent, is, should);
        CHECK(is >= should);
        CHECK(is - should <= should / 32);
    }
}

}  // namespace

TEST_CASE("LatencyHistogram: percentiles of random values are never too small and at most 1/32 too large") {
    const std::uint64_t seed = std::random_device{}();
    CAPTURE(seed);
    test::SeededRandom random(seed);
    constexpr std::uint64_t second = 1'000'000'000;
    for (const std::uint64_t range :
         {std::uint64_t{1}, std::uint64_t{64}, std::uint64_t{65}, std::uint64_t{5'000}, 100 * second}) {
        std::vector<std::uint64_t> even, by_doubling;
        const std::size_t count = 1 + random.below(20'000);
        for (std::size_t i = 0; i < count; ++i) {
            even.push_back(random.next() % range);
            by_doubling.push_back((random.next() % range) >> random.below(37));
        }
        CAPTURE(range, count);
        check_against(std::move(even));
        check_against(std::move(by_doubling));
    }
}

TEST_CASE("LatencyHistogram: every step of every doubling, at both of its ends") {
    std::uint64_t before = 0;
    for (unsigned doubling = 0; doubling < 37; ++doubling)
        for (std::uint64_t step = 32; step < 64; ++step)
            for (const std::uint64_t value : {step << doubling >> 5, ((step + 1) << doubling >> 5) - 1}) {
                if (value < before) continue;
                before = value;
                LatencyHistogram histogram;
                histogram.add(value);
                histogram.add(~std::uint64_t{0});  // so that max() cuts nothing
                CAPTURE(value);
                REQUIRE(histogram.percentile(50) >= value);
                REQUIRE(histogram.percentile(50) - value <= value / 32);
                REQUIRE(histogram.percentile(100) == ~std::uint64_t{0});
            }
    CHECK(before == (std::uint64_t{1} << 37) - 1);
}

TEST_CASE("LatencyHistogram: nothing counted is zero, one value is every percentile") {
    LatencyHistogram histogram;
    CHECK(histogram.percentile(50) == 0);
    CHECK(histogram.summary().mean() == 0);
    histogram.add(123'456);
    for (const double percent : percents) CHECK(histogram.percentile(percent) == 123'456);
    const LatencySummary one = histogram.summary();
    CHECK((one.count == 1 && one.sum == 123'456 && one.max == 123'456 && one.p50 == 123'456 && one.p99 == 123'456));
}

TEST_CASE("LatencyHistogram: nothing is lost between threads") {
    LatencyHistogram histogram;
    constexpr std::uint64_t each = 20'000;
    std::vector<std::thread> threads;
    for (std::uint64_t t = 1; t <= 4; ++t)
        threads.emplace_back([&histogram, t] {
            for (std::uint64_t i = 0; i < each; ++i) histogram.add(t * 1000);
        });
    for (std::thread& thread : threads) thread.join();
    CHECK(histogram.count() == 4 * each);
    CHECK(histogram.sum() == 10'000 * each);
    CHECK(histogram.max() == 4'000);
    CHECK(histogram.percentile(25) / 32 == 1000 / 32);
    CHECK(histogram.percentile(100) == 4'000);
}
