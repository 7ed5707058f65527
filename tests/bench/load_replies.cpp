// SPDX-License-Identifier: MIT
#include "tests/bench/load_replies.hpp"

#include <algorithm>
#include <charconv>

namespace bench {

std::size_t ReplyCounter::feed(std::string_view bytes) {
    std::size_t place = 0;
    while (place < bytes.size()) {
        if (skip_ > 0) {
            const std::size_t part = std::min<std::size_t>(skip_, bytes.size() - place);
            place += part;
            skip_ -= part;
            if (skip_ == 0) element_ended();
            continue;
        }
        const std::size_t end = bytes.find('\n', place);
        if (end == std::string_view::npos) break;
        begin(bytes.substr(place, end - place - (end > place ? 1 : 0)));
        place = end + 1;
    }
    return place;
}

void ReplyCounter::begin(std::string_view line) {
    const char kind = line.empty() ? '-' : line[0];
    std::int64_t number = 0;
    if (line.size() > 1) std::from_chars(line.data() + 1, line.data() + line.size(), number);
    const auto count = static_cast<std::uint64_t>(std::max<std::int64_t>(number, 0));
    switch (kind) {
        case '!':
            if (errors_++ == 0) first_error_ = line;
            [[fallthrough]];
        case '$':
        case '=':
            if (number >= 0) {
                skip_ = count + 2;
                return;
            }
            break;
        case '*':
        case '~': open_ += count; break;
        case '%': open_ += 2 * count; break;
        case '-':
            if (errors_++ == 0) first_error_ = line;
            break;
        default: break;
    }
    element_ended();
}

void ReplyCounter::element_ended() {
    if (--open_ > 0) return;
    open_ = 1;
    ++whole_;
}

}  // namespace bench
