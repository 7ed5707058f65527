// SPDX-License-Identifier: MIT
// Why the log keeps its records in protobuf's wire format and not as JSON: bytes of a record, and processor time to encode and to
// decode it. Formats are measured in turn, and ratios are those of a round, so what else runs on the machine hits all of them.
//
//   bench_formats [ROUNDS]
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#include "tests/bench/format_codecs.hpp"
#include "tests/bench/format_records.hpp"

namespace bench {

namespace {

constexpr std::int64_t measured_ns =
    3'000'000;  // of one figure of a round: far more than a tick of the clock, less than a time slice

std::int64_t thread_cpu_ns() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

// The compiler must have made all that is at `bytes`, and cannot know that it is the same the next time.
void use(const void* bytes) { asm volatile("" : : "r"(bytes) : "memory"); }

[[noreturn]] void fail(const Samples& samples, const Format& format, const char* what) {
    std::fprintf(stderr, "bench_formats: %s as %s: %s\n", samples.name.c_str(), std::string(format.name()).c_str(), what);
    std::exit(1);
}

double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

// Nanoseconds of one call, from as many walks over all samples as it takes.
class Timing {
public:
    void round(std::size_t calls_of_a_walk, storage::FunctionRef<void()> walk) {
        while (walks_ == 0 || (rounds_ns_.empty() && time_ns(walk) < measured_ns)) walks_ = walks_ == 0 ? 1 : walks_ * 2;
        rounds_ns_.push_back(static_cast<double>(time_ns(walk)) / static_cast<double>(walks_ * calls_of_a_walk));
    }
    double median_ns() const { return median(rounds_ns_); }
    double ratio_to(const Timing& other) const {
        std::vector<double> ratios;
        for (std::size_t i = 0; i < rounds_ns_.size(); ++i) ratios.push_back(rounds_ns_[i] / other.rounds_ns_[i]);
        return median(ratios);
    }

private:
    std::int64_t time_ns(storage::FunctionRef<void()> walk) const {
        const std::int64_t begin_ns = thread_cpu_ns();
        for (std::size_t i = 0; i < walks_; ++i) walk();
        return thread_cpu_ns() - begin_ns;
    }

    std::size_t walks_ = 0;
    std::vector<double> rounds_ns_;
};

// One format on one kind of record.
class Cell {
public:
    Cell(const Samples& samples, std::unique_ptr<Format> format) : samples_(&samples), format_(std::move(format)) {
        for (const auto& effect : samples.effects) {
            encoded_.emplace_back(format_->encode(effect));
            bytes_ += encoded_.back().size();
            int seen = 0;
            bool equal = true;
            const bool good = format_->decode(encoded_.back(), [&](const storage::Effect& decoded) {
                ++seen;
                equal = equal && same(effect, decoded);
            });
            if (!good || seen != 1 || !equal) fail(*samples_, *format_, "what was decoded is not what was encoded");
        }
    }

    void round() {
        encode_.round(encoded_.size(), [this] {
            for (const auto& effect : samples_->effects) use(format_->encode(effect).data());
        });
        decode_.round(encoded_.size(), [this] {
            for (const auto& bytes : encoded_)
                if (!format_->decode(bytes, [](const storage::Effect& effect) { use(&effect); }))
                    fail(*samples_, *format_, "it could not be decoded any more");
        });
    }

    void print(const Cell& first) const {
        const auto bytes = static_cast<double>(bytes_) / static_cast<double>(encoded_.size());
        std::printf("| %s | %s | %.0f | %.2fx | %.0f | %.2fx | %.0f | %.2fx |\n", samples_->name.c_str(),
                    std::string(format_->name()).c_str(), bytes, static_cast<double>(bytes_) / static_cast<double>(first.bytes_),
                    encode_.median_ns(), encode_.ratio_to(first.encode_), decode_.median_ns(), decode_.ratio_to(first.decode_));
    }

private:
    const Samples* samples_;
    std::unique_ptr<Format> format_;
    std::vector<std::string> encoded_;
    std::size_t bytes_ = 0;
    Timing encode_, decode_;
};

void measure(const Samples& samples, std::size_t rounds) {
    std::vector<Cell> cells;
    for (auto make : {own_wire, generated_wire, json_tree, json_text, snapshot_entry}) {
        auto format = make();
        if (format->holds(samples.effects.front())) cells.emplace_back(samples, std::move(format));
    }
    for (std::size_t i = 0; i < rounds; ++i) {
        for (auto& cell : cells) cell.round();
        std::reverse(cells.begin(), cells.end());  // A B B A; `rounds` is even, so it ends as it began
    }
    for (const auto& cell : cells) cell.print(cells.front());
}

}  // namespace

}  // namespace bench

int main(int argc, char** argv) {
    const std::size_t rounds = argc == 2 ? std::strtoull(argv[1], nullptr, 10) : 40;
    if (argc > 2 || rounds == 0 || rounds % 2 != 0) {
        std::fputs("usage: bench_formats [ROUNDS, an even number]\n", stderr);
        return 2;
    }
    std::puts("| record | format | bytes | ratio | encode ns | ratio | decode ns | ratio |");
    std::puts("| --- | --- | --- | --- | --- | --- | --- | --- |");
    for (const auto& samples : bench::all_samples()) bench::measure(samples, rounds);
}
