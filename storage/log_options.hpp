// SPDX-License-Identifier: MIT
// What an operator and the server can choose about the log, and the two ways in which it says no.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include <boost/throw_exception.hpp>

namespace storage {

// appendfsync: when the log is made durable. See README.md "The log" for what each mode can lose.
enum class Fsync : std::uint8_t {
    always,    // before the reply
    everysec,  // at most a second behind the oldest byte
    no,        // the kernel decides; only rotations and a clean stop sync
};
std::optional<Fsync> parse_fsync(std::string_view text);  // "always", "everysec", "no", any case
std::string_view to_text(Fsync mode);

// Why the log cannot be used: one line without a line break, naming file and offset where there is one.
struct Refusal {
    std::string text;
};
[[noreturn]] inline void throw_exception_from_error(const Refusal& refusal, const boost::source_location& where) {
    boost::throw_exception(std::runtime_error(refusal.text), where);
}

// Called when the log can no longer be trusted. The default prints the line to stderr and calls _exit(1) at once; one that
// returns (tests) stops the threads without acknowledging anything more.
using FatalHandler = std::function<void(const std::string& line)>;
void exit_at_once(const std::string& line);

class KeyRing;

// What an operator gave to seal and open files with.
struct Encryption {
    std::shared_ptr<KeyRing> keys{};  // null: none, files are plain
    bool migrate = false;             // plain files are read although there are keys
};

struct LogOptions {
    Fsync appendfsync = Fsync::everysec;
    std::uint64_t segment_bytes = 64ULL << 20;         // wal-segment-size: the most that a segment grows to
    std::uint64_t segment_bytes_first = 1ULL << 20;    // the first one after a start; sizes double from here
    std::size_t pending_bytes_max = 32U << 20;         // wal-pending-bytes
    std::size_t record_bytes_max = 32U << 20;          // wal-record-max
    std::uint64_t removal_reserve_bytes = 4ULL << 20;  // the last room, for removals only
    Encryption encryption{};
    unsigned recovery_threads = 0;                        // 0: one per core
    std::string directory_name = "the data directory";    // for messages; open_posix puts the path here
    std::function<void(const std::string& line)> notice;  // what an operator should read (set aside, no space); null: stderr
    FatalHandler fatal = exit_at_once;
};

}  // namespace storage
