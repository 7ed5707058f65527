// SPDX-License-Identifier: MIT
// What one io thread counts, for INFO. Only the owning thread writes, any thread reads; sums are made when somebody asks.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace server {

// A number with one writer: a plain add, no locked instruction.
class Count {
public:
    void add(std::uint64_t by = 1) { value_.store(value_.load(std::memory_order_relaxed) + by, std::memory_order_relaxed); }
    std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }
    void reset() { value_.store(0, std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> value_{0};
};

struct CommandCount {
    Count calls, usec, rejected, failed;
};

struct Counters {
    explicit Counters(std::size_t command_rows) : by_command(command_rows) {}
    Counters(const Counters&) = delete;
    Counters& operator=(const Counters&) = delete;

    Count commands, keyspace_hits, keyspace_misses, input_bytes, output_bytes, error_replies, reads, writes;
    Count auth_denied, auth_failed, slow_readers_closed, protocol_errors, parked_for_credit, parked_for_gate;
    std::vector<CommandCount> by_command;  // by the row numbers of command_table.hpp

    // The first word of an error reply. At most error_words_max different ones are kept, the rest count as "OTHER".
    void count_error(std::string_view error_line);
    std::map<std::string, std::uint64_t, std::less<>> errors() const;
    void reset();  // CONFIG RESETSTAT; a count that races with it may survive

    static constexpr std::size_t error_words_max = 64;

private:
    mutable std::mutex errors_mutex_;
    std::map<std::string, std::uint64_t, std::less<>> errors_;
};

}  // namespace server
