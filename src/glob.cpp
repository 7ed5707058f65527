// SPDX-License-Identifier: MIT
// The matcher of KEYS, SCAN MATCH and CONFIG GET: on a mismatch only the last star is tried again one byte further, which is
// enough for globs and keeps the work at pattern x text (Redis recurses for each star: CVE-2022-36021).
#include "src/glob.hpp"

#include <utility>

namespace server {
namespace {

char fold(char c, bool any_case) { return any_case && c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

bool in_range(char low, char high, char c) {
    if (static_cast<unsigned char>(low) > static_cast<unsigned char>(high)) std::swap(low, high);
    return static_cast<unsigned char>(c) >= static_cast<unsigned char>(low) &&
           static_cast<unsigned char>(c) <= static_cast<unsigned char>(high);
}

// `at` stands behind '['; moves it behind ']' (or to the end, as Redis does for an open class).
bool class_matches(std::string_view pattern, std::size_t& at, char c, bool any_case) {
    bool wanted = true;
    if (at < pattern.size() && pattern[at] == '^') {
        wanted = false;
        ++at;
    }
    bool found = false;
    while (at < pattern.size() && pattern[at] != ']') {
        if (pattern[at] == '\\' && at + 1 < pattern.size()) {
            ++at;
            found |= fold(pattern[at], any_case) == c;
            ++at;
        } else if (at + 2 < pattern.size() && pattern[at + 1] == '-') {
            found |= in_range(fold(pattern[at], any_case), fold(pattern[at + 2], any_case), c);
            at += 3;
        } else {
            found |= fold(pattern[at], any_case) == c;
            ++at;
        }
    }
    if (at < pattern.size()) ++at;
    return found == wanted;
}

// One pattern element against one byte; moves `at` behind the element.
bool element_matches(std::string_view pattern, std::size_t& at, char raw, bool any_case) {
    const char c = fold(raw, any_case);
    const char p = pattern[at++];
    if (p == '?') return true;
    if (p == '[') return class_matches(pattern, at, c, any_case);
    if (p == '\\' && at < pattern.size()) return fold(pattern[at++], any_case) == c;
    return fold(p, any_case) == c;
}

}  // namespace

bool glob_matches(std::string_view pattern, std::string_view text, bool any_case) {
    constexpr std::size_t none = std::string_view::npos;
    std::size_t p = 0, t = 0, star = none, star_text = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = ++p;
            star_text = t;
            continue;
        }
        std::size_t next = p;
        if (p < pattern.size() && element_matches(pattern, next, text[t], any_case)) {
            p = next;
            ++t;
        } else if (star != none) {
            p = star;
            t = ++star_text;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') ++p;
    return p == pattern.size();
}

}  // namespace server
