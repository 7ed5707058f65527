// SPDX-License-Identifier: MIT
// All that one segment file can be made to say, whatever became of it: as recovery reads it, and past each bad place as far as
// frames are sound by themselves. Changes nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "storage/data_directory.hpp"
#include "storage/recovery_scan.hpp"
#include "storage/seal_check.hpp"
#include "storage/token_secret.hpp"
#include "storage/wal.hpp"
#include "storage/wal_reader.hpp"

namespace storage {

// How deep a survey looks.
enum class Depth : std::uint8_t {
    stored,   // headers and checksums, which need no key
    records,  // each record is opened and decoded, too
};

struct BadPlace {
    std::uint64_t offset = 0;
    std::string what;
};

struct LsnRun {  // of records that can be read, all of them; dense
    Lsn first{}, last{};
};

struct SegmentFacts {
    std::string name;
    Lsn named{};  // by the file's name
    std::uint64_t bytes = 0;

    std::optional<wal::SegmentHeader> header;
    HeaderFault header_fault = HeaderFault::damaged;  // when there is no header
    SealState seal = SealState::readable;
    std::string seal_problem;  // when it is not readable

    // As recovery reads it, from the front to the first bad place.
    wal::ReadEnd end = wal::ReadEnd::torn;
    std::uint64_t end_offset = 0;   // behind the last sound frame
    std::uint64_t bytes_until = 0;  // behind the last byte that is not zero
    Lsn last{};                     // the last record, or the one before the segment

    // Past bad places, too.
    std::vector<LsnRun> runs;   // in the order of the file
    std::vector<BadPlace> bad;  // the first bad_places_kept of them
    std::uint64_t bad_places = 0;
    std::vector<Lsn> undecodable;  // depth records: sound frames hold what is no record; the first bad_places_kept
    std::vector<LsnRun> unknown;   // the same, all of them
    std::uint64_t records = 0;
    TokenSecret token_secret{};  // when it is readable
    Lsn durable{};               // the highest LSN that a frame names durable
    UnixMs now_max = 0;

    bool sealed_end() const { return end == wal::ReadEnd::sealed; }
    // No frame is bad, and what follows the last one is an end, zeros or nothing.
    bool whole() const { return header && bad_places == 0 && undecodable.empty(); }
};

inline constexpr std::size_t bad_places_kept = 16;

// An error: the file could not be read. progress.bytes_read moves by the file's bytes.
LogResult<SegmentFacts> survey_segment(FileSystem& fs, const Listing::Segment& listed, const Encryption& encryption, Depth depth,
                                       RecoveryProgress& progress);

}  // namespace storage
