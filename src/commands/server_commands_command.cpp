// SPDX-License-Identifier: MIT
// COMMAND and its subcommands: everything is derived from the rows, nothing is written twice.
#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "resp/glob.hpp"
#include "src/args.hpp"
#include "src/command_table.hpp"
#include "src/commands/command_metadata.hpp"
#include "src/commands/server_commands.hpp"

namespace server::commands::server_family {
namespace {

std::vector<std::string_view> split(std::string_view text) {
    std::vector<std::string_view> words;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        if (end > 0) words.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return words;
}

void write_set(resp::ReplyWriter& reply, const std::vector<std::string_view>& words) {
    reply.set(words.size());
    for (const std::string_view word : words) reply.simple(word);
}

std::vector<std::string_view> flag_names(const CommandSpec& spec) {
    constexpr std::array<std::pair<std::uint32_t, std::string_view>, 11> names{{{writes, "write"},
                                                                                {reads, "readonly"},
                                                                                {may_grow, "denyoom"},
                                                                                {admin, "admin"},
                                                                                {no_script, "noscript"},
                                                                                {loading_ok, "loading"},
                                                                                {stale_ok, "stale"},
                                                                                {fast, "fast"},
                                                                                {no_auth, "no_auth"},
                                                                                {no_multi, "no_multi"},
                                                                                {movable_keys, "movablekeys"}}};
    std::vector<std::string_view> found;
    for (const auto& [flag, name] : names)
        if ((spec.flags & flag) != 0) found.push_back(name);
    return found;
}

void write_pair(resp::ReplyWriter& reply, std::string_view name, std::int64_t value) {
    reply.bulk(name);
    reply.integer(value);
}

void write_key_spec(resp::ReplyWriter& reply, const KeyPositions& keys, std::string_view flags) {
    reply.map(3);
    reply.bulk("flags");
    write_set(reply, split(flags));
    reply.bulk("begin_search");
    reply.map(2);
    reply.bulk("type");
    reply.bulk("index");
    reply.bulk("spec");
    reply.map(1);
    write_pair(reply, "index", keys.first);
    reply.bulk("find_keys");
    reply.map(2);
    reply.bulk("type");
    reply.bulk("range");
    reply.bulk("spec");
    reply.map(3);
    write_pair(reply, "lastkey", keys.last < 0 ? keys.last : keys.last - keys.first);
    write_pair(reply, "keystep", keys.step);
    write_pair(reply, "limit", 0);
}

void write_key_specs(resp::ReplyWriter& reply, const CommandSpec& spec) {
    const auto flags = key_flags_of(spec);
    reply.set(flags.size());
    if (flags.size() == 1) return write_key_spec(reply, spec.keys, flags[0]);
    for (std::size_t i = 0; i < flags.size(); ++i) {
        const int at = spec.keys.first + static_cast<int>(i);
        write_key_spec(reply, {at, at, 1}, flags[i]);
    }
}

void write_info(resp::ReplyWriter& reply, const CommandSpec& spec) {
    reply.array(10);
    reply.bulk(spec.name);
    reply.integer(spec.arity);
    write_set(reply, flag_names(spec));
    reply.integer(spec.keys.first);
    reply.integer(spec.keys.last);
    reply.integer(spec.keys.step);
    write_set(reply, split(spec.acl));
    const auto tips = split(tips_of(spec));
    reply.set(tips.size());
    for (const std::string_view tip : tips) reply.bulk(tip);
    write_key_specs(reply, spec);
    reply.set(spec.subs.size());
    for (const CommandSpec& sub : spec.subs) write_info(reply, sub);
}

// The syntax's words and bracketed groups, as redis-cli's hints want them.
struct Argument {
    std::string_view name;
    bool optional;
};

std::vector<Argument> arguments(std::string_view syntax) {
    std::vector<Argument> found;
    int depth = 0;
    std::size_t begin = 0;
    const auto end_at = [&](std::size_t end) {
        std::string_view text = syntax.substr(begin, end - begin);
        if (text.empty()) return;
        const bool optional = text.front() == '[' && text.back() == ']';
        if (optional) text = text.substr(1, text.size() - 2);
        found.push_back({text, optional});
    };
    for (std::size_t i = 0; i < syntax.size(); ++i) {
        if (syntax[i] == '[' || syntax[i] == '(') ++depth;
        if (syntax[i] == ']' || syntax[i] == ')') --depth;
        if (syntax[i] != ' ' || depth != 0) continue;
        end_at(i);
        begin = i + 1;
    }
    end_at(syntax.size());
    return found;
}

void write_docs(resp::ReplyWriter& reply, const CommandSpec& spec) {
    const auto args = arguments(spec.syntax);
    reply.bulk(spec.name);
    reply.map(3 + (args.empty() ? 0U : 1U) + (spec.subs.empty() ? 0U : 1U));
    reply.bulk("summary");
    reply.bulk(spec.summary);
    reply.bulk("since");
    reply.bulk(spec.since);
    reply.bulk("group");
    reply.bulk(spec.group);
    if (!args.empty()) {
        reply.bulk("arguments");
        reply.array(args.size());
        for (const Argument& argument : args) {
            reply.map(argument.optional ? 3 : 2);
            reply.bulk("name");
            reply.bulk(argument.name);
            reply.bulk("type");
            reply.bulk("string");
            if (!argument.optional) continue;
            reply.bulk("flags");
            write_set(reply, {"optional"});
        }
    }
    if (spec.subs.empty()) return;
    reply.bulk("subcommands");
    reply.map(spec.subs.size());
    for (const CommandSpec& sub : spec.subs) write_docs(reply, sub);
}

// "get", or "client|kill".
const CommandSpec* find_by_full_name(std::string_view name) {
    const std::size_t bar = name.find('|');
    const CommandEntry* entry = find_command_entry(name.substr(0, bar));
    if (entry == nullptr || bar == std::string_view::npos) return entry == nullptr ? nullptr : entry->spec;
    return find_subcommand(*entry, name.substr(bar + 1)).spec;
}

// The indexes of the keys of a whole command; an error was written if it is empty.
std::vector<std::size_t> key_places(CommandContext& ctx, const CommandSpec*& spec) {
    const Args whole = ctx.args.subspan(2);
    const CommandEntry* entry = find_command_entry(whole[0]);
    spec = entry == nullptr ? nullptr : entry->spec;
    if (spec != nullptr && (spec->flags & subcommands) != 0 && whole.size() > 1) spec = find_subcommand(*entry, whole[1]).spec;
    std::vector<std::size_t> places;
    if (spec == nullptr) {
        ctx.reply.error("ERR Invalid command specified");
        return places;
    }
    if (spec->keys.first == 0) {
        ctx.reply.error("ERR The command has no key arguments");
        return places;
    }
    const auto count = static_cast<std::int64_t>(whole.size());
    const bool fits = spec->arity < 0 ? count >= -spec->arity : count == spec->arity;
    if (!fits) {
        ctx.reply.error("ERR Invalid number of arguments specified for command");
        return places;
    }
    const std::int64_t last = spec->keys.last < 0 ? count + spec->keys.last : spec->keys.last;
    for (std::int64_t i = spec->keys.first; i <= last && i < count; i += std::max(1, spec->keys.step))
        places.push_back(static_cast<std::size_t>(i));
    if (places.empty()) ctx.reply.error("ERR Invalid arguments specified for command");
    return places;
}

bool has_category(const CommandSpec& spec, std::string_view category) {
    const auto categories = split(spec.acl);
    return std::any_of(categories.begin(), categories.end(),
                       [&](std::string_view one) { return same_word(one.substr(1), category); });
}

}  // namespace

void command_all(CommandContext& ctx) {
    const auto all = all_commands();
    ctx.reply.array(all.size());
    for (const CommandSpec* spec : all) write_info(ctx.reply, *spec);
}

void command_count(CommandContext& ctx) { ctx.reply.integer(static_cast<std::int64_t>(all_commands().size())); }

void command_info(CommandContext& ctx) {
    if (ctx.args.size() == 2) return command_all(ctx);
    ctx.reply.array(ctx.args.size() - 2);
    for (const std::string_view name : ctx.args.subspan(2)) {
        const CommandSpec* spec = find_by_full_name(name);
        if (spec == nullptr) {
            ctx.reply.null();  // as Redis, although the others are arrays
        } else {
            write_info(ctx.reply, *spec);
        }
    }
}

void command_docs(CommandContext& ctx) {
    std::vector<const CommandSpec*> wanted;
    if (ctx.args.size() == 2) wanted.assign(all_commands().begin(), all_commands().end());
    for (const std::string_view name : ctx.args.subspan(2))
        if (const CommandSpec* spec = find_by_full_name(name)) wanted.push_back(spec);
    ctx.reply.map(wanted.size());
    for (const CommandSpec* spec : wanted) write_docs(ctx.reply, *spec);
}

void command_list(CommandContext& ctx) {
    const bool filtered = ctx.args.size() == 5 && is_word(ctx.args[2], "FILTERBY");
    const bool module = filtered && is_word(ctx.args[3], "MODULE"), category = filtered && is_word(ctx.args[3], "ACLCAT"),
               pattern = filtered && is_word(ctx.args[3], "PATTERN");
    if (ctx.args.size() != 2 && !module && !category && !pattern) return ctx.reply.error(words::syntax_error);
    std::vector<std::string_view> names;
    each_command_row([&](const CommandSpec& spec, std::uint32_t) {
        if (module || (category && !has_category(spec, ctx.args[4]))) return;
        if (pattern && !resp::glob_matches(ctx.args[4], spec.name, true)) return;
        names.push_back(spec.name);
    });
    ctx.reply.array(names.size());
    for (const std::string_view name : names) ctx.reply.bulk(name);
}

void command_get_keys(CommandContext& ctx) {
    const CommandSpec* spec = nullptr;
    const auto places = key_places(ctx, spec);
    if (places.empty()) return;
    ctx.reply.array(places.size());
    for (const std::size_t place : places) ctx.reply.bulk(ctx.args[2 + place]);
}

void command_get_keys_and_flags(CommandContext& ctx) {
    const CommandSpec* spec = nullptr;
    const auto places = key_places(ctx, spec);
    if (places.empty()) return;
    ctx.reply.array(places.size());
    for (std::size_t i = 0; i < places.size(); ++i) {
        ctx.reply.array(2);
        ctx.reply.bulk(ctx.args[2 + places[i]]);
        write_set(ctx.reply, split(key_flags_of_call(*spec, ctx.args.subspan(2), i)));
    }
}

}  // namespace server::commands::server_family
