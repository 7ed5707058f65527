// SPDX-License-Identifier: MIT
// The wheel against a model: a map from places to the ticks that their records are queued at.
#include "storage/timing_wheel.hpp"

#include <catch2/catch.hpp>

#include <map>

#include "tests/support/store_fixture.hpp"

using namespace storage;

namespace {

// Records that are queued, as a space does it.
class Queue {
public:
    explicit Queue(std::uint32_t start) : wheel(start) {}

    void schedule(Place place, std::uint32_t tick) {  // never later than it is queued already
        std::uint32_t& at = ticks[place];
        if (at != 0 && at <= tick) return;
        at = tick;
        wheel.add(place, tick);
    }
    bool next_due(std::uint32_t now, std::size_t& steps, Place& place) {
        if (!wheel.next_due(
                now, steps, [this](Place p) { return queued_at(p); }, place))
            return false;
        const auto due = ticks.find(place);
        REQUIRE(due != ticks.end());
        REQUIRE(due->second <= now);
        ticks.erase(due);
        return true;
    }
    std::size_t all_due(std::uint32_t now) {
        std::size_t count = 0, steps = 1'000'000;
        for (Place place = no_place; next_due(now, steps, place);) ++count;
        return count;
    }
    void trim() {
        wheel.trim([this](Place p) { return queued_at(p); });
    }

    TimingWheel wheel;
    std::map<Place, std::uint32_t> ticks;

private:
    std::uint32_t queued_at(Place place) const {
        const auto it = ticks.find(place);
        return it == ticks.end() ? 0 : it->second;
    }
};

}  // namespace

TEST_CASE("the wheel hands out every place at its tick, not before, and none twice") {
    const std::uint64_t seed = GENERATE(11U, 12U);
    CAPTURE(seed);
    test::SeededRandom random(seed);
    const std::uint32_t start = 1'000'000 + static_cast<std::uint32_t>(random.below(100000));
    Queue queue(start);
    for (Place p = 0; p < 3000; ++p) queue.schedule(p, start + static_cast<std::uint32_t>(random.below(1U << random.below(20))));
    std::uint32_t now = start;
    std::size_t due = 0;
    while (!queue.ticks.empty()) {
        now += static_cast<std::uint32_t>(random.below(5000));
        std::size_t steps = 1 + random.below(50);
        for (Place place = no_place; queue.next_due(now, steps, place);) ++due;
        if (steps != 0)
            for (const auto& [place, tick] : queue.ticks) REQUIRE(tick > now);
    }
    CHECK(due == 3000);
    CHECK(queue.wheel.size() == 0);
}

TEST_CASE("the wheel loses nothing where records are queued earlier, go, and leave their places to others") {
    const std::uint64_t seed = GENERATE(21U, 22U, 23U, 24U);
    CAPTURE(seed);
    test::SeededRandom random(seed);
    std::uint32_t now = 5'000'000 + static_cast<std::uint32_t>(random.below(1U << 25));
    Queue queue(now);
    for (int step = 0; step < 30'000; ++step) {
        const auto place = static_cast<Place>(random.below(200));
        switch (random.below(6)) {
            case 0: queue.ticks.erase(place); break;  // gone; the next one here is another
            case 1:
                now += static_cast<std::uint32_t>(random.below(1U << random.below(random.below(50) == 0 ? 26 : 14)));
                REQUIRE(queue.all_due(now) <= 200);
                for (const auto& [p, tick] : queue.ticks) REQUIRE(tick > now);
                break;
            case 2:
                if (queue.wheel.size() > 600) queue.trim();
                break;
            default: queue.schedule(place, now - 3 + static_cast<std::uint32_t>(random.below(1U << random.below(27)))); break;
        }
    }
    queue.trim();
    CHECK(queue.wheel.size() >= queue.ticks.size());
    CHECK(queue.wheel.size() <= 2 * queue.ticks.size());
    while (!queue.ticks.empty()) {
        now += 1U << 20;
        queue.all_due(now);
        for (const auto& [p, tick] : queue.ticks) REQUIRE(tick > now);
    }
}

TEST_CASE("the wheel forgets what places were queued at before, when it comes there and when it is trimmed") {
    constexpr std::uint32_t start = 1U << 20, day = 168'750;
    Queue queue(start);
    const auto churn = [&](std::uint32_t from) {  // sessions of a day that come and go, one after the other in one place
        for (std::uint32_t i = 0; i < 1000; ++i) {
            queue.ticks.erase(7);
            queue.schedule(7, from + day + i % 2);
        }
    };
    churn(start);
    CHECK(queue.wheel.size() == 1000);
    queue.trim();
    CHECK(queue.wheel.size() == 1);
    churn(start);
    for (std::uint32_t now = start; now < start + day / 2; now += 500) queue.all_due(now);
    churn(start + day / 2);
    CHECK(queue.wheel.size() == 2001);
    for (std::uint32_t now = start + day / 2; now < start + day + 10; now += 500) CHECK(queue.all_due(now) == 0);
    CHECK(queue.all_due(start + day + 10) == 0);
    CHECK(queue.wheel.size() <= 1000);  // those of the first half were passed over, not queued again
    CHECK(queue.all_due(start + day / 2 + day + 1) == 1);
    CHECK(queue.wheel.size() == 0);
}

TEST_CASE("a clock that leaps years costs no more than the entries there are") {
    Queue queue(1);
    for (Place p = 0; p < 100; ++p) queue.schedule(p, 5 + p * 10'000'000);
    std::size_t steps = 1000, due = 0;
    for (Place place = no_place; queue.next_due(500'000'000, steps, place);) ++due;
    CHECK(due == 50);
    CHECK(steps == 1000 - 100);
    CHECK(queue.wheel.size() == 50);
}

TEST_CASE("an entry further away than the wheel reaches still comes, and trimming leaves it there") {
    Queue queue(1);
    queue.schedule(5, UINT32_MAX);
    CHECK(queue.all_due(1U << 20) == 0);
    CHECK(queue.wheel.size() == 1);
    for (std::uint32_t now = 1U << 20; now < UINT32_MAX - (1U << 26); now += 1U << 25) {
        CHECK(queue.all_due(now) == 0);
        queue.trim();
        REQUIRE(queue.wheel.size() == 1);
    }
    CHECK(queue.all_due(UINT32_MAX) == 1);
}
