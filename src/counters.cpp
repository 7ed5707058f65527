// SPDX-License-Identifier: MIT
// Error words are rare and unbounded in theory, so they sit behind a lock and have a limit.
#include "src/counters.hpp"

namespace server {

void Counters::count_error(std::string_view error_line) {
    error_replies.add();
    if (error_line.starts_with('-')) error_line.remove_prefix(1);
    std::string_view word = error_line.substr(0, error_line.find_first_of(" \r\n"));
    const std::lock_guard lock(errors_mutex_);
    auto found = errors_.find(word);
    if (found == errors_.end()) {
        if (errors_.size() >= error_words_max) word = "OTHER";
        found = errors_.try_emplace(std::string(word), 0).first;
    }
    ++found->second;
}

std::map<std::string, std::uint64_t, std::less<>> Counters::errors() const {
    const std::lock_guard lock(errors_mutex_);
    return errors_;
}

void Counters::reset() {
    for (Count* count :
         {&commands, &keyspace_hits, &keyspace_misses, &input_bytes, &output_bytes, &error_replies, &reads, &writes, &auth_denied,
          &auth_failed, &slow_readers_closed, &protocol_errors, &parked_for_credit, &parked_for_gate})
        count->reset();
    for (CommandCount& command : by_command)
        for (Count* count : {&command.calls, &command.usec, &command.rejected, &command.failed}) count->reset();
    const std::lock_guard lock(errors_mutex_);
    errors_.clear();
}

}  // namespace server
