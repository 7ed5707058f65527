// SPDX-License-Identifier: MIT
// Redis's quoting rules.
#include "resp/quoted_words.hpp"

#include <charconv>
#include <cstddef>

namespace resp {
namespace {

constexpr std::string_view white_space = " \t\n\r\v\f";
constexpr std::string_view ends_or_quotes = " \t\n\r\"'";  // \v and \f divide words, but do not end one: as Redis has it

bool hex_byte(std::string_view digits, char& byte) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (digits.size() != 2 || error != std::errc{} || end != digits.data() + 2) return false;
    byte = static_cast<char>(value);
    return true;
}

char escaped(char letter) {
    switch (letter) {
        case 'n': return '\n';
        case 'r': return '\r';
        case 't': return '\t';
        case 'b': return '\b';
        case 'a': return '\a';
        default: return letter;
    }
}

}  // namespace

QuotedWords::Next QuotedWords::next(std::string_view& word) {
    at_ = line_.find_first_not_of(white_space, at_);
    if (at_ == std::string_view::npos) {
        at_ = line_.size();
        return Next::end;
    }
    std::size_t stop = line_.find_first_of(ends_or_quotes, at_);
    if (stop == std::string_view::npos) stop = line_.size();
    if (stop == line_.size() || (line_[stop] != '"' && line_[stop] != '\'')) {
        word = line_.substr(at_, stop - at_);
        at_ = stop;
        return Next::word;
    }
    text_.reserve(line_.size());  // never grows again, so earlier words stay where they are
    const std::size_t start = text_.size();
    text_.append(line_, at_, stop - at_);
    at_ = stop + 1;
    if (!(line_[stop] == '"' ? double_quoted() : single_quoted())) return Next::unbalanced;
    word = std::string_view(text_).substr(start);
    return Next::word;
}

bool QuotedWords::double_quoted() {
    while (at_ < line_.size()) {
        const char c = line_[at_++];
        if (c == '"') return closed();
        if (c != '\\' || at_ == line_.size()) {
            text_ += c;
            continue;
        }
        char byte = 0;
        if (line_[at_] == 'x' && hex_byte(line_.substr(at_ + 1, 2), byte)) {
            text_ += byte;
            at_ += 3;
        } else {
            text_ += escaped(line_[at_++]);
        }
    }
    return false;
}

bool QuotedWords::single_quoted() {
    while (at_ < line_.size()) {
        const char c = line_[at_++];
        if (c == '\'') return closed();
        if (c == '\\' && at_ < line_.size() && line_[at_] == '\'') {
            text_ += '\'';
            ++at_;
        } else {
            text_ += c;
        }
    }
    return false;
}

bool QuotedWords::closed() { return at_ == line_.size() || white_space.find(line_[at_]) != std::string_view::npos; }

}  // namespace resp
