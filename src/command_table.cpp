// SPDX-License-Identifier: MIT
// Joins the families' tables. The map's hash folds eight letters at a time, so a look-up costs a few nanoseconds.
#include "src/command_table.hpp"

#include <array>
#include <cstring>
#include <span>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "storage/ensure.hpp"

namespace server {
namespace {

template <class Word>
std::uint64_t piece_of(const char* from) {
    Word word = 0;
    std::memcpy(&word, from, sizeof word);
    return word;
}

// Up to eight letters of a name as a number, of fewer the missing ones 0. No loop and no call: pieces may overlap.
std::uint64_t letters_at(std::string_view name, std::size_t at) {
    const char* from = name.data() + at;
    const std::size_t left = name.size() - at;
    if (left >= 8) return piece_of<std::uint64_t>(from);
    if (left >= 4) return piece_of<std::uint32_t>(from) | piece_of<std::uint32_t>(from + left - 4) << (left - 4) * 8;
    if (left == 0) return 0;
    return piece_of<std::uint8_t>(from) | piece_of<std::uint8_t>(from + left / 2) << left / 2 * 8 |
           piece_of<std::uint8_t>(from + left - 1) << (left - 1) * 8;
}

// A to Z of all eight in lower case. No sum reaches into the next letter: the highest bit of each is out of it.
std::uint64_t lower_letters(std::uint64_t letters) {
    constexpr std::uint64_t each = 0x0101010101010101ULL;
    const std::uint64_t low = letters & each * 0x7f;
    const std::uint64_t from_a = low + each * (0x80 - 'A'), beyond_z = low + each * (0x80 - 'Z' - 1);
    return letters | (from_a & ~beyond_z & ~letters & each * 0x80) >> 2U;
}

struct AnyCaseHash {
    using is_avalanching = void;
    std::size_t operator()(std::string_view name) const {
        constexpr std::uint64_t lower_bits = 0x2020202020202020ULL, factor = 0x9E3779B97F4A7C15ULL;
        std::uint64_t hash = name.size() * factor;
        for (std::size_t at = 0; at < name.size(); at += 8) {
            hash = (hash ^ (letters_at(name, at) | lower_bits)) * factor;
            hash ^= hash >> 32U;
        }
        return static_cast<std::size_t>(hash);
    }
};

struct AnyCaseEqual {
    bool operator()(std::string_view a, std::string_view b) const { return same_word(a, b); }
};

struct Table {
    boost::unordered_flat_map<std::string_view, CommandEntry, AnyCaseHash, AnyCaseEqual> by_name;
    std::vector<const CommandSpec*> in_order;
    std::vector<const CommandSpec*> rows;

    Table() {
        using Family = std::span<const CommandSpec>;
        const std::array<Family, 6> families{commands::session_commands(),    commands::key_commands(),
                                             commands::hash_commands(),       commands::string_commands(),
                                             commands::connection_commands(), commands::server_commands()};
        for (const Family family : families)
            for (const CommandSpec& spec : family) add(spec);
    }

    void add(const CommandSpec& spec) {
        const CommandEntry entry{&spec, static_cast<std::uint32_t>(rows.size()), static_cast<std::uint32_t>(rows.size() + 1)};
        ENSURE(by_name.emplace(spec.name, entry).second);
        in_order.push_back(&spec);
        rows.push_back(&spec);
        for (const CommandSpec& sub : spec.subs) rows.push_back(&sub);
    }
};

const Table& table() {
    static const Table joined;
    return joined;
}

}  // namespace

bool same_word(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    for (std::size_t at = 0; at < a.size(); at += 8)
        if (lower_letters(letters_at(a, at)) != lower_letters(letters_at(b, at))) return false;
    return true;
}

const CommandEntry* find_command_entry(std::string_view name) {
    const auto& by_name = table().by_name;
    const auto found = by_name.find(name);
    return found == by_name.end() ? nullptr : &found->second;
}

CommandEntry find_subcommand(const CommandEntry& entry, std::string_view name) {
    const std::size_t prefix = entry.spec->name.size() + 1;
    for (std::size_t i = 0; i < entry.spec->subs.size(); ++i) {
        const CommandSpec& sub = entry.spec->subs[i];
        if (same_word(sub.name.substr(prefix), name)) return {&sub, entry.first_sub_row + static_cast<std::uint32_t>(i), 0};
    }
    return {};
}

const CommandSpec* find_command(std::string_view name) {
    const CommandEntry* entry = find_command_entry(name);
    return entry == nullptr ? nullptr : entry->spec;
}

std::span<const CommandSpec* const> all_commands() { return table().in_order; }

std::size_t command_row_count() { return table().rows.size(); }

void each_command_row(storage::FunctionRef<void(const CommandSpec&, std::uint32_t row)> visit) {
    const auto& rows = table().rows;
    for (std::uint32_t row = 0; row < rows.size(); ++row) visit(*rows[row], row);
}

}  // namespace server
