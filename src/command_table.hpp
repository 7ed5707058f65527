// SPDX-License-Identifier: MIT
// All rows of all families in one table, each with a number, so that counters are arrays. Built once, read by any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "src/command.hpp"
#include "storage/function_ref.hpp"

namespace server {

struct CommandEntry {
    const CommandSpec* spec = nullptr;
    std::uint32_t row = 0;            // of the command itself
    std::uint32_t first_sub_row = 0;  // its subcommands follow from here, in the order of spec->subs
};

// nullptr: unknown. Any case, constant time, no allocation.
const CommandEntry* find_command_entry(std::string_view name);
// A subcommand of `entry` by its own name ("kill" of "client|kill"), any case; spec is null if there is none.
CommandEntry find_subcommand(const CommandEntry& entry, std::string_view name);

std::size_t command_row_count();  // subcommands included
void each_command_row(storage::FunctionRef<void(const CommandSpec&, std::uint32_t row)> visit);

bool same_word(std::string_view a, std::string_view b);  // ASCII letters in any case

}  // namespace server
