// SPDX-License-Identifier: MIT
#include "src/tools/words.hpp"

#include <array>
#include <cstdio>

namespace server::words {

std::string grouped(std::uint64_t number) {
    std::string digits = std::to_string(number);
    for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, ",");
    return digits;
}

std::string count(std::uint64_t number, const std::string& of) { return grouped(number) + " " + of + (number == 1 ? "" : "s"); }

std::string bytes(std::uint64_t number) {
    constexpr std::array units = {"KiB", "MiB", "GiB", "TiB"};
    if (number < 1024) return count(number, "byte");
    auto shown = static_cast<double>(number) / 1024;
    std::size_t unit = 0;
    for (; shown >= 1024 && unit + 1 < units.size(); ++unit) shown /= 1024;
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.1f %s", shown, units[unit]);
    return text.data();
}

std::string lsns(storage::Lsn first, storage::Lsn last) {
    if (value(first) > value(last)) return "no LSN";
    if (first == last) return "LSN " + std::to_string(value(first));
    return "LSN " + std::to_string(value(first)) + " to " + std::to_string(value(last));
}

}  // namespace server::words
