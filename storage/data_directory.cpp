// SPDX-License-Identifier: MIT
#include "storage/data_directory.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <ctime>

namespace storage {

namespace {

constexpr std::string_view segment_prefix = "wal-", segment_suffix = ".log", spare_prefix = "spare-", lost_prefix = "lost-";
constexpr std::size_t lsn_digits = 20;

std::optional<std::uint64_t> parse_digits(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

}  // namespace

std::string segment_name(Lsn first) {
    std::string digits = std::to_string(value(first));
    digits.insert(0, lsn_digits - digits.size(), '0');
    return std::string(segment_prefix).append(digits).append(segment_suffix);
}

std::string spare_name(std::uint64_t number) { return std::string(spare_prefix) + std::to_string(number); }

std::optional<Lsn> parse_segment_name(std::string_view name) {
    if (name.size() != segment_prefix.size() + lsn_digits + segment_suffix.size()) return std::nullopt;
    if (!name.starts_with(segment_prefix) || !name.ends_with(segment_suffix)) return std::nullopt;
    const auto number = parse_digits(name.substr(segment_prefix.size(), lsn_digits));
    if (!number) return std::nullopt;
    return Lsn{*number};
}

bool is_spare_name(std::string_view name) {
    return name.starts_with(spare_prefix) && parse_digits(name.substr(spare_prefix.size())).has_value();
}

std::string lost_name(UnixMs now) {
    const std::time_t seconds = now / 1000;
    std::tm utc{};
    ::gmtime_r(&seconds, &utc);
    std::array<char, 32> text{};
    const std::size_t length = std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &utc);
    return std::string(lost_prefix).append(text.data(), length);
}

Result<Listing> list_data(FileSystem& fs) {
    const auto names = fs.list();
    if (!names) return names.error();
    Listing listing;
    for (const std::string& name : *names) {
        if (const auto first = parse_segment_name(name)) {
            listing.segments.push_back({name, *first});
        } else if (is_spare_name(name)) {
            listing.spares.push_back(name);
        } else if (name.starts_with(lost_prefix)) {
            listing.lost.push_back(name);
        }
    }
    std::sort(listing.segments.begin(), listing.segments.end(),
              [](const auto& a, const auto& b) { return value(a.first) < value(b.first); });
    std::sort(listing.spares.begin(), listing.spares.end());
    return listing;
}

}  // namespace storage
