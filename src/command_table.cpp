// SPDX-License-Identifier: MIT
// Joins the families' tables. The map's hash folds eight letters at a time, so a look-up costs a few nanoseconds.
#include "src/command_table.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "storage/ensure.hpp"

namespace server {
namespace {

char fold(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

struct AnyCaseHash {
    using is_avalanching = void;
    std::size_t operator()(std::string_view name) const {
        constexpr std::uint64_t lower_bits = 0x2020202020202020ULL, factor = 0x9E3779B97F4A7C15ULL;
        std::uint64_t hash = name.size() * factor;
        for (std::size_t at = 0; at < name.size(); at += 8) {
            std::uint64_t word = 0;
            std::memcpy(&word, name.data() + at, std::min<std::size_t>(8, name.size() - at));
            hash = (hash ^ (word | lower_bits)) * factor;
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
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return fold(x) == fold(y); });
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
