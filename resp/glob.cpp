// SPDX-License-Identifier: MIT
// The glob matcher.
#include "resp/glob.hpp"

#include <algorithm>
#include <cstddef>

namespace resp {
namespace {

unsigned char fold(char c, bool any_case) {
    return static_cast<unsigned char>(any_case && c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

// `at` stands behind '['; moves behind ']', or to the end of a class that is not closed. "[]" matches nothing, "[^]" all.
bool class_matches(std::string_view pattern, std::size_t& at, unsigned char c, bool any_case) {
    const bool inverted = at < pattern.size() && pattern[at] == '^';
    if (inverted) ++at;
    bool found = false;
    for (; at < pattern.size() && pattern[at] != ']'; ++at) {
        const std::size_t left = pattern.size() - at;
        if (pattern[at] == '\\' && left >= 2) {
            found |= fold(pattern[++at], any_case) == c;
        } else if (left >= 3 && pattern[at + 1] == '-') {
            const auto [low, high] = std::minmax({fold(pattern[at], any_case), fold(pattern[at + 2], any_case)});
            found |= low <= c && c <= high;
            at += 2;
        } else {
            found |= fold(pattern[at], any_case) == c;
        }
    }
    if (at < pattern.size()) ++at;
    return found != inverted;
}

// One element of the pattern, which is no star, against one byte. Moves `at` behind the element.
bool element_matches(std::string_view pattern, std::size_t& at, unsigned char c, bool any_case) {
    const char element = pattern[at++];
    switch (element) {
        case '?': return true;
        case '[': return class_matches(pattern, at, c, any_case);
        case '\\':
            if (at < pattern.size()) return fold(pattern[at++], any_case) == c;
            [[fallthrough]];
        default: return fold(element, any_case) == c;
    }
}

}  // namespace

bool glob_matches(std::string_view pattern, std::string_view text, bool any_case) {
    constexpr std::size_t none = std::string_view::npos;
    std::size_t p = 0;
    std::size_t behind_star = none;  // the last star met takes the bytes up to star_takes_to
    std::size_t star_takes_to = 0;
    for (std::size_t t = 0; t < text.size();) {
        if (p < pattern.size() && pattern[p] == '*') {
            behind_star = ++p;
            star_takes_to = t;
            if (p == pattern.size()) return true;
            continue;
        }
        if (p < pattern.size() && element_matches(pattern, p, fold(text[t], any_case), any_case)) {
            ++t;
            continue;
        }
        if (behind_star == none) return false;
        p = behind_star;
        t = ++star_takes_to;
    }
    return pattern.find_first_not_of('*', p) == none;
}

}  // namespace resp
