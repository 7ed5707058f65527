// SPDX-License-Identifier: MIT
#include "tests/bench/load_request.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

namespace bench {

namespace {

constexpr std::size_t digits = 12;
constexpr std::string_view names[] = {"__rand_int__", "__seq_int__", "__line__"};  // in the order of Kind

void put_number(char* at, std::uint64_t number) {
    for (std::size_t i = digits; i-- > 0; number /= 10) at[i] = static_cast<char>('0' + number % 10);
}

}  // namespace

RequestTemplate::RequestTemplate(std::span<const std::string_view> words, Choice choice)
    : choice_(std::move(choice)), next_(choice_.first) {
    const auto& lines = choice_.lines;
    if (words.empty()) throw std::invalid_argument("a request needs a command");
    if (choice_.keys == 0) throw std::invalid_argument("random numbers need at least one key");
    if (std::any_of(lines.begin(), lines.end(), [&](const std::string& line) { return line.size() != lines[0].size(); }))
        throw std::invalid_argument("all lines must have one length");
    if (choice_.zipf_theta > 0) {
        key_zipf_.emplace(choice_.keys, choice_.zipf_theta);
        if (!lines.empty()) line_zipf_.emplace(lines.size(), choice_.zipf_theta);
    }
    bytes_ = "*" + std::to_string(words.size()) + "\r\n";
    for (const std::string_view given : words) {
        std::string word(given);
        std::vector<Hole> holes;
        for (std::size_t kind = 0; kind < std::size(names); ++kind) {
            const auto as = static_cast<Kind>(kind);
            const std::string stand_in(as == Kind::line ? (lines.empty() ? 0 : lines[0].size()) : digits, '0');
            for (std::size_t at = word.find(names[kind]); at != std::string::npos; at = word.find(names[kind])) {
                if (as == Kind::line && lines.empty()) throw std::invalid_argument("__line__ needs a file of lines");
                if (!holes.empty()) throw std::invalid_argument("one hole a word");  // another one would move the first
                word.replace(at, names[kind].size(), stand_in);
                holes.push_back({at, as});
            }
        }
        bytes_ += "$" + std::to_string(word.size()) + "\r\n";
        for (const Hole& hole : holes) holes_.push_back({bytes_.size() + hole.at, hole.kind});
        bytes_ += word + "\r\n";
    }
}

void RequestTemplate::fill(char* request) {
    const std::uint64_t number = next_++;
    for (const Hole& hole : holes_) {
        char* at = request + hole.at;
        switch (hole.kind) {
            case Kind::random: put_number(at, below(choice_.keys, key_zipf_)); break;
            case Kind::sequence: put_number(at, number); break;
            case Kind::line: {
                const std::string& line = choice_.lines[below(choice_.lines.size(), line_zipf_)];
                std::copy(line.begin(), line.end(), at);
                break;
            }
        }
    }
}

}  // namespace bench
