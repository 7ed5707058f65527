// SPDX-License-Identifier: MIT
// OBJECT. The encodings are those that Redis would have chosen for the value; a session's is "packed".
#include <array>
#include <optional>

#include "resp/reply_writer.hpp"
#include "src/args.hpp"
#include "src/commands/key_commands.hpp"

namespace server::commands::key {

namespace {

struct Shape {
    std::string_view encoding;
    std::int64_t references = 1;
};

// Redis keeps integers as such, and shares those below 10,000; strings up to 44 bytes stand beside their header.
Shape shape_of(std::string_view value) {
    constexpr std::size_t embedded_max = 44;
    constexpr std::int64_t shared_integers = 10'000, shared_references = 2'147'483'647;
    if (const auto number = parse_int64(value)) return {"int", *number >= 0 && *number < shared_integers ? shared_references : 1};
    return {value.size() <= embedded_max ? "embstr" : "raw"};
}

std::optional<Shape> find_shape(CommandContext& ctx, std::string_view key) {
    std::optional<Shape> shape;
    const bool plain = ctx.store.get_string(ctx.op, key, [&](std::optional<std::string_view> value) {
        if (value) shape = shape_of(*value);
    });
    if (!plain) shape = Shape{"packed"};
    return shape;
}

}  // namespace

void object_encoding(CommandContext& ctx) {
    const auto shape = find_shape(ctx, ctx.args[2]);
    if (shape)
        ctx.reply.bulk(shape->encoding);
    else
        ctx.reply.null();
}

void object_refcount(CommandContext& ctx) {
    const auto shape = find_shape(ctx, ctx.args[2]);
    if (shape)
        ctx.reply.integer(shape->references);
    else
        ctx.reply.null();
}

void object_idletime(CommandContext& ctx) {
    const auto idle_ms = ctx.store.idle_ms(ctx.op, ctx.args[2]);
    if (idle_ms)
        ctx.reply.integer(*idle_ms / ms_per_s);
    else
        ctx.reply.null();
}

void object_freq(CommandContext& ctx) {
    if (ctx.store.kind(ctx.op, ctx.args[2]) == storage::KeyKind::none) return ctx.reply.null();
    ctx.reply.error(
        "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between "
        "policies at runtime LRU and LFU data will take some time to adjust.");
}

void object_help(CommandContext& ctx) {
    constexpr std::array<std::string_view, 15> lines{
        "OBJECT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
        "ENCODING <key>",
        "    Return the kind of internal representation used in order to store the value",
        "    associated with a <key>.",
        "FREQ <key>",
        "    Return the access frequency index of the <key>. The returned integer is",
        "    proportional to the logarithm of the recent access frequency of the key.",
        "IDLETIME <key>",
        "    Return the idle time of the <key>, that is the approximated number of",
        "    seconds elapsed since the last access to the key.",
        "REFCOUNT <key>",
        "    Return the number of references of the value associated with the specified",
        "    <key>.",
        "HELP",
        "    Prints this help.",
    };
    ctx.reply.array(lines.size());
    for (const auto line : lines) ctx.reply.simple(line);
}

}  // namespace server::commands::key
