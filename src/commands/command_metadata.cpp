// SPDX-License-Identifier: MIT
#include "src/commands/command_metadata.hpp"

#include <algorithm>
#include <iterator>

#include "src/args.hpp"

namespace server::commands::server_family {
namespace {

struct Metadata {
    std::string_view name, tips, key_flags, second_key_flags;
};

constexpr std::string_view sum_of_shards = "request_policy:all_shards response_policy:agg_sum";
constexpr std::string_view sum_of_keys = "request_policy:multi_shard response_policy:agg_sum";
constexpr std::string_view all_shards_succeed = "request_policy:all_shards response_policy:all_succeeded";
constexpr std::string_view varies = "nondeterministic_output", order_varies = "nondeterministic_output_order";
constexpr std::string_view figures = "nondeterministic_output request_policy:all_shards response_policy:special";

constexpr Metadata metadata[] = {
    {"append", "", "RW insert", ""},
    {"client|info", varies, "", ""},
    {"client|list", varies, "", ""},
    {"command", order_varies, "", ""},
    {"command|docs", order_varies, "", ""},
    {"command|info", order_varies, "", ""},
    {"command|list", order_varies, "", ""},
    {"config|set", "request_policy:all_nodes response_policy:all_succeeded", "", ""},
    {"copy", "", "RO access", "OW update"},
    {"dbsize", sum_of_shards, "", ""},
    {"del", sum_of_keys, "", ""},
    {"exists", sum_of_keys, "RO", ""},
    {"expire", "", "RW update", ""},
    {"expireat", "", "RW update", ""},
    {"flushall", all_shards_succeed, "", ""},
    {"flushdb", all_shards_succeed, "", ""},
    {"getdel", "", "RW access delete", ""},
    {"hexists", "", "RO", ""},
    {"hgetall", order_varies, "", ""},
    {"hkeys", order_varies, "", ""},
    {"hlen", "", "RO", ""},
    {"hstrlen", "", "RO", ""},
    {"hvals", order_varies, "", ""},
    {"info", figures, "", ""},
    {"keys", "request_policy:all_shards nondeterministic_output_order", "", ""},
    {"lastsave", varies, "", ""},
    {"mget", "request_policy:multi_shard", "", ""},
    {"mset", "request_policy:multi_shard response_policy:all_succeeded", "OW update", ""},
    {"msetnx", "request_policy:multi_shard response_policy:agg_min", "OW insert", ""},
    {"object|encoding", varies, "RO", ""},
    {"object|freq", varies, "RO", ""},
    {"object|idletime", varies, "RO", ""},
    {"object|refcount", varies, "RO", ""},
    {"persist", "", "RW update", ""},
    {"pexpire", "", "RW update", ""},
    {"pexpireat", "", "RW update", ""},
    {"ping", all_shards_succeed, "", ""},
    {"psetex", "", "OW update", ""},
    {"pttl", varies, "", ""},
    {"randomkey", "request_policy:all_shards nondeterministic_output", "", ""},
    {"rename", "", "RW access delete", "OW update"},
    {"renamenx", "", "RW access delete", "OW insert"},
    {"scan", "nondeterministic_output request_policy:special", "", ""},
    {"sess.count", sum_of_shards, "", ""},
    {"sess.create", varies, "", ""},
    {"sess.list", "request_policy:all_shards response_policy:special", "", ""},
    {"sess.rotate", varies, "", ""},
    {"sess.stats", figures, "", ""},
    {"set", "", "RW access update variable_flags", ""},
    {"setex", "", "OW update", ""},
    {"setnx", "", "OW insert", ""},
    {"setrange", "", "RW update", ""},
    {"strlen", "", "RO", ""},
    {"time", varies, "", ""},
    {"touch", sum_of_keys, "RO", ""},
    {"ttl", varies, "", ""},
    {"type", "", "RO", ""},
    {"unlink", sum_of_keys, "", ""},
};
static_assert(std::is_sorted(std::begin(metadata), std::end(metadata),
                             [](const Metadata& a, const Metadata& b) { return a.name < b.name; }));

Metadata find(const CommandSpec& spec) {
    const auto* const found = std::lower_bound(std::begin(metadata), std::end(metadata), spec.name,
                                               [](const Metadata& one, std::string_view name) { return one.name < name; });
    Metadata of = found != std::end(metadata) && found->name == spec.name ? *found : Metadata{spec.name, "", "", ""};
    if (!of.key_flags.empty()) return of;
    of.key_flags = (spec.flags & removes) != 0 ? "RM delete" : (spec.flags & writes) != 0 ? "RW access update" : "RO access";
    return of;
}

}  // namespace

std::string_view tips_of(const CommandSpec& spec) { return find(spec).tips; }

std::vector<std::string_view> key_flags_of(const CommandSpec& spec) {
    if (spec.keys.first == 0) return {};
    const Metadata of = find(spec);
    if (of.second_key_flags.empty()) return {of.key_flags};
    return {of.key_flags, of.second_key_flags};
}

std::string_view key_flags_of_call(const CommandSpec& spec, Args call, std::size_t place) {
    if (spec.name == "set") {
        const auto options = call.subspan(std::min<std::size_t>(3, call.size()));
        const bool gets = std::any_of(options.begin(), options.end(), [](std::string_view word) { return is_word(word, "GET"); });
        return gets ? "RW access update" : "OW update";
    }
    const auto flags = key_flags_of(spec);
    return flags[std::min(place, flags.size() - 1)];
}

}  // namespace server::commands::server_family
