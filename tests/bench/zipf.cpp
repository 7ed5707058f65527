// SPDX-License-Identifier: MIT
#include "tests/bench/zipf.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace bench {

namespace {

constexpr std::uint64_t spread = 2'654'435'761;  // a prime above every count, so each rank has a number of its own

// (e^x - 1) / x and log(1 + x) / x, which have a limit at 0: theta may be 1.
double exp_minus_one_by(double x) { return std::abs(x) < 1e-8 ? 1 + x / 2 : std::expm1(x) / x; }
double log_one_plus_by(double x) { return std::abs(x) < 1e-8 ? 1 - x / 2 : std::log1p(x) / x; }

}  // namespace

Zipf::Zipf(std::uint64_t count, double theta) : count_(count), theta_(theta) {
    if (count == 0 || count > (1ULL << 31) || !(theta > 0)) throw std::invalid_argument("zipf: 1 to 2^31 numbers, theta above 0");
    low_ = integral(1.5) - 1;
    high_ = integral(static_cast<double>(count) + 0.5);
    sure_ = 2 - inverse(integral(2.5) - weight(2));
}

double Zipf::weight(double x) const { return std::exp(-theta_ * std::log(x)); }

double Zipf::integral(double x) const {
    const double log_x = std::log(x);
    return exp_minus_one_by((1 - theta_) * log_x) * log_x;
}

double Zipf::inverse(double y) const {
    const double t = std::max(y * (1 - theta_), -1.0);  // rounding may bring it below
    return std::exp(log_one_plus_by(t) * y);
}

std::uint64_t Zipf::rank(std::mt19937_64& random) const {
    while (true) {
        const double uniform = static_cast<double>(random() >> 11) * 0x1p-53;
        const double drawn = high_ + uniform * (low_ - high_);
        const double x = inverse(drawn);
        const double k = std::clamp(std::round(x), 1.0, static_cast<double>(count_));
        if (k - x <= sure_ || drawn >= integral(k + 0.5) - weight(k)) return static_cast<std::uint64_t>(k);
    }
}

std::uint64_t Zipf::operator()(std::mt19937_64& random) const { return rank(random) * spread % count_; }

}  // namespace bench
