// SPDX-License-Identifier: MIT
// Numbers below `count` of which few are chosen often: the one of rank k with a weight of 1 / k^theta.
//
// By rejection-inversion (W. Hörmann, G. Derflinger: Rejection-inversion to generate variates from monotone discrete
// distributions, ACM TOMACS 6(3), 1996): no table, so that the processor's cache is left to the server. Ranks are spread over all
// numbers; else the often chosen ones would be neighbours in the server's memory, because they were made one after the other.
#pragma once

#include <cstdint>
#include <random>

namespace bench {

class Zipf {
public:
    Zipf(std::uint64_t count, double theta);  // count from 1 to 2^31, theta > 0

    std::uint64_t operator()(std::mt19937_64& random) const;

private:
    double weight(double x) const;    // h of the paper: x^-theta
    double integral(double x) const;  // H: of h
    double inverse(double y) const;   // of H
    std::uint64_t rank(std::mt19937_64& random) const;

    std::uint64_t count_;
    double theta_;
    double low_, high_;  // H between which a uniform number is drawn
    double sure_;        // so far below its rank a draw needs no second look
};

}  // namespace bench
