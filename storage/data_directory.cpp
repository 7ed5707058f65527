// SPDX-License-Identifier: MIT
#include "storage/data_directory.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <ctime>

namespace storage {

namespace {

constexpr std::string_view segment_prefix = "wal-", segment_suffix = ".log", spare_prefix = "spare-", lost_prefix = "lost-",
                           snapshot_prefix = "snapshot-", snapshot_suffix = ".tms", doomed_prefix = "doomed-";
constexpr std::size_t lsn_digits = 20;

std::optional<std::uint64_t> parse_digits(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

std::string lsn_name(std::string_view prefix, Lsn lsn, std::string_view suffix) {
    std::string digits = std::to_string(value(lsn));
    digits.insert(0, lsn_digits - digits.size(), '0');
    return std::string(prefix).append(digits).append(suffix);
}

std::optional<Lsn> parse_lsn_name(std::string_view name, std::string_view prefix, std::string_view suffix) {
    if (name.size() != prefix.size() + lsn_digits + suffix.size()) return std::nullopt;
    if (!name.starts_with(prefix) || !name.ends_with(suffix)) return std::nullopt;
    const auto number = parse_digits(name.substr(prefix.size(), lsn_digits));
    if (!number) return std::nullopt;
    return Lsn{*number};
}

}  // namespace

std::string segment_name(Lsn first) { return lsn_name(segment_prefix, first, segment_suffix); }
std::string snapshot_name(Lsn last) { return lsn_name(snapshot_prefix, last, snapshot_suffix); }
std::string doomed_name(std::string_view name) { return std::string(doomed_prefix).append(name); }

std::string spare_name(std::uint64_t number) { return std::string(spare_prefix) + std::to_string(number); }

std::optional<Lsn> parse_segment_name(std::string_view name) { return parse_lsn_name(name, segment_prefix, segment_suffix); }
std::optional<Lsn> parse_snapshot_name(std::string_view name) { return parse_lsn_name(name, snapshot_prefix, snapshot_suffix); }

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
        } else if (const auto last = parse_snapshot_name(name)) {
            listing.snapshots.push_back({name, *last});
        } else if (name == snapshot_part_name || name.starts_with(doomed_prefix)) {
            listing.leftovers.push_back(name);
        } else if (is_spare_name(name)) {
            listing.spares.push_back(name);
        } else if (name.starts_with(lost_prefix)) {
            listing.lost.push_back(name);
        }
    }
    std::sort(listing.segments.begin(), listing.segments.end(),
              [](const auto& a, const auto& b) { return value(a.first) < value(b.first); });
    std::sort(listing.snapshots.begin(), listing.snapshots.end(),
              [](const auto& a, const auto& b) { return value(a.last) < value(b.last); });
    std::sort(listing.spares.begin(), listing.spares.end());
    return listing;
}

Result<LogFiles> measure(FileSystem& fs, std::span<const Listing::Segment> segments) {
    LogFiles found;
    for (const Listing::Segment& segment : segments) {
        const auto file = fs.open_read(segment.name);
        if (!file) return file.error();
        const auto bytes = (*file)->size();
        if (!bytes) return bytes.error();
        ++found.count;
        found.bytes += *bytes;
    }
    return found;
}

}  // namespace storage
