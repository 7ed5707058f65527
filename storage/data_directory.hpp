// SPDX-License-Identifier: MIT
// What the files of a data directory are called, and which of them are there.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/file_system.hpp"
#include "storage/types.hpp"

namespace storage {

std::string segment_name(Lsn first);                                // wal-<first LSN, 20 digits>.log
std::string spare_name(std::uint64_t number);                       // spare-<number>
std::string snapshot_name(Lsn last);                                // snapshot-<S1, 20 digits>.tms
inline constexpr const char* snapshot_part_name = "snapshot-part";  // one that is being written
// A file that is on its way out: no part of the data any more, whatever it was called. Made shorter in steps, then unlinked.
std::string doomed_name(std::string_view name);
std::optional<Lsn> parse_segment_name(std::string_view name);
std::optional<Lsn> parse_snapshot_name(std::string_view name);
bool is_spare_name(std::string_view name);
std::string lost_name(UnixMs now);  // lost-<UTC time>, e.g. lost-20260102T030405Z

struct Listing {
    struct Segment {
        std::string name;
        Lsn first{};
    };
    struct Snapshot {
        std::string name;
        Lsn last{};
    };
    std::vector<Segment> segments;    // ascending by first LSN
    std::vector<Snapshot> snapshots;  // ascending by last LSN
    std::vector<std::string> spares;
    std::vector<std::string> leftovers;  // parts of snapshots, files on their way out: worth nothing
    std::vector<std::string> lost;       // directories lost-*
};
Result<Listing> list_data(FileSystem& fs);

// What files of the log take. Of the one that is written to, with what was prepared ahead.
struct LogFiles {
    std::uint64_t count = 0, bytes = 0;
};
Result<LogFiles> measure(FileSystem& fs, std::span<const Listing::Segment> segments);

}  // namespace storage
