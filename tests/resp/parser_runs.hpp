// SPDX-License-Identifier: MIT
// Feeds bytes to a RequestParser the way a connection does, whole and in pieces. check_requests() is the one helper by which
// every parser test also runs split at each byte. The buffer lies elsewhere at each call and its old place is overwritten, so a
// parser that kept a pointer is found out.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "resp/request_parser.hpp"

namespace resp_test {

using Outcome = resp::RequestParser::Outcome;
using Arguments = std::vector<std::string>;

struct Run {
    std::vector<Arguments> requests;
    std::string error;     // empty: none
    std::size_t left = 0;  // bytes that the parser still waits with
    bool operator==(const Run&) const = default;
};

class Feeder {
public:
    explicit Feeder(const resp::RequestLimits& limits, bool drops_skipped = true) : parser_(limits), drops_(drops_skipped) {}

    // One read from the socket. False: the parser refused.
    bool feed(std::string_view bytes) {
        pending_.append(bytes);
        since_wanted_ += bytes.size();
        for (;;) {
            const auto moved = std::make_unique<char[]>(pending_.size() + 1);
            std::memcpy(moved.get(), pending_.data(), pending_.size());
            const Outcome outcome = parser_.next({moved.get(), pending_.size()});
            if (outcome != Outcome::need_more && since_wanted_ < wanted_) FAIL("less than bytes_wanted() was enough");
            if (outcome == Outcome::protocol_error) {
                run_.error = parser_.error();
                if (parser_.next({moved.get(), pending_.size()}) != outcome) FAIL("the parser forgot its error");
                return false;
            }
            if (outcome == Outcome::need_more) {
                wait();
                std::memset(moved.get(), '#', pending_.size());
                return true;
            }
            wanted_ = 0;
            if (parser_.args().empty()) FAIL("a request without arguments");
            run_.requests.emplace_back(parser_.args().begin(), parser_.args().end());
            std::memset(moved.get(), '#', pending_.size());
            pending_.erase(0, parser_.consumed());
        }
    }

    resp::RequestParser& parser() { return parser_; }
    Run finish() {
        run_.left = drops_ ? pending_.size() : 0;
        return run_;
    }

private:
    void wait() {
        wanted_ = parser_.bytes_wanted();
        since_wanted_ = 0;
        if (wanted_ == 0 || wanted_ > resp::limits::read_step_max) FAIL("bytes_wanted() is " << wanted_);
        if (drops_) pending_.erase(0, parser_.drop_skipped());
    }

    resp::RequestParser parser_;
    bool drops_;
    std::string pending_;
    std::size_t wanted_ = 0, since_wanted_ = 0;
    Run run_;
};

// Feeds the pieces that end at the given places, and the rest.
inline Run run_split(std::string_view bytes, const std::vector<std::size_t>& cuts, const resp::RequestLimits& limits,
                     bool drops_skipped = true) {
    Feeder feeder(limits, drops_skipped);
    std::size_t from = 0;
    for (const std::size_t cut : cuts) {
        if (!feeder.feed(bytes.substr(from, cut - from))) return feeder.finish();
        from = cut;
    }
    feeder.feed(bytes.substr(from));
    return feeder.finish();
}

// Places to cut at: all of them in short texts, the first, the last and some 100 between in long ones.
inline std::vector<std::size_t> places(std::size_t size) {
    std::vector<std::size_t> cuts;
    const std::size_t step = size <= 4'096 ? 1 : size / 100;
    for (std::size_t cut = 1; cut < size; cut += cut < 32 || size - cut < 32 ? 1 : step) cuts.push_back(cut);
    return cuts;
}

inline void check_run(std::string_view bytes, Run expected, const resp::RequestLimits& limits) {
    const auto same = [&](const Run& run) {
        // What is left after an error is no one's business.
        return run.requests == expected.requests && run.error == expected.error &&
               (!run.error.empty() || run.left == expected.left);
    };
    INFO("input: " << Catch::StringMaker<std::string>::convert(std::string(bytes.substr(0, 200))));
    const Run whole = run_split(bytes, {}, limits);
    CHECK(whole.requests == expected.requests);
    CHECK(whole.error == expected.error);
    if (whole.error.empty()) CHECK(whole.left == expected.left);
    const auto cuts = places(bytes.size());
    for (const std::size_t cut : cuts) {
        if (!same(run_split(bytes, {cut}, limits))) FAIL("differs when split at byte " << cut);
    }
    if (bytes.size() <= 64) {  // in three pieces, too: a state that an earlier cut left behind shows at the next one
        for (std::size_t one = 1; one < bytes.size(); ++one) {
            for (std::size_t two = one + 1; two < bytes.size(); ++two) {
                if (!same(run_split(bytes, {one, two}, limits))) FAIL("differs when split at bytes " << one << " and " << two);
            }
        }
    }
    if (!same(run_split(bytes, cuts, limits))) FAIL("differs when split at each byte");
    expected.left = 0;
    if (!same(run_split(bytes, cuts, limits, false))) FAIL("differs when skipped bytes are not dropped");
}

inline void check_requests(std::string_view bytes, const std::vector<Arguments>& requests, std::size_t left = 0,
                           const resp::RequestLimits& limits = resp::limits::after_auth) {
    check_run(bytes, {requests, "", left}, limits);
}

inline void check_error(std::string_view bytes, std::string_view error,
                        const resp::RequestLimits& limits = resp::limits::after_auth, const std::vector<Arguments>& before = {}) {
    check_run(bytes, {before, std::string(error), 0}, limits);
}

inline std::string encoded(const Arguments& arguments) {
    std::string bytes = "*" + std::to_string(arguments.size()) + "\r\n";
    for (const std::string& argument : arguments) {
        bytes += "$" + std::to_string(argument.size()) + "\r\n" + argument + "\r\n";
    }
    return bytes;
}

}  // namespace resp_test
