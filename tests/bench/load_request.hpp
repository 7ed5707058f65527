// SPDX-License-Identifier: MIT
// The bytes of one request, encoded once, with holes that each sending fills anew. __rand_int__ is a random number below
// `keys`, __seq_int__ the number of the sending, both as 12 digits; __line__ is a random line of `lines`, which are equally long.
// Random is uniform, or by Zipf's law: a few keys and lines have most of the requests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/zipf.hpp"

namespace bench {

class RequestTemplate {
public:
    struct Choice {
        std::uint64_t keys = 1, first = 0;  // first: of the sequence
        std::vector<std::string> lines;
        double zipf_theta = 0;  // 0: uniform
    };
    // Throws std::invalid_argument: no words, __line__ without lines, lines of several lengths, no keys.
    RequestTemplate(std::span<const std::string_view> words, Choice choice);

    const std::string& bytes() const { return bytes_; }
    void fill(char* request);  // bytes().size() of them, a copy of bytes() or what an earlier call left

private:
    enum class Kind { random, sequence, line };
    struct Hole {
        std::size_t at;
        Kind kind;
    };

    std::uint64_t below(std::uint64_t count, const std::optional<Zipf>& zipf) {
        return zipf ? (*zipf)(random_) : random_() % count;
    }

    Choice choice_;
    std::optional<Zipf> key_zipf_, line_zipf_;
    std::string bytes_;
    std::vector<Hole> holes_;
    std::uint64_t next_;
    std::mt19937_64 random_{88172645463325252ULL};  // the same work in every run
};

}  // namespace bench
