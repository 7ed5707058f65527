// SPDX-License-Identifier: MIT
// The table of the string family, and the reading of its expire options.
#include "src/commands/string_commands.hpp"

#include <optional>
#include <string>

#include "src/args.hpp"

namespace server::commands {

namespace {

constexpr KeyPositions pairs{1, -1, 2};
constexpr std::uint32_t grows = writes | may_grow | by_key;

constexpr CommandSpec string_rows[] = {
    {"get", 2, reads | fast | by_key, first_key, "@read @string @fast", "string", "1.0.0",
     "Returns the value of a key; of a session, the session as JSON", "key", string::get},
    {"set", -3, grows, first_key, "@write @string @slow", "string", "1.0.0", "Sets the value of a key",
     "key value [NX | XX] [GET] [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL]",
     string::set},
    {"setex", 4, grows, first_key, "@write @string @slow", "string", "2.0.0", "Sets a value that ends after seconds",
     "key seconds value", string::setex},
    {"psetex", 4, grows, first_key, "@write @string @slow", "string", "2.6.0", "Sets a value that ends after milliseconds",
     "key milliseconds value", string::psetex},
    {"setnx", 3, grows | fast, first_key, "@write @string @fast", "string", "1.0.0", "Sets a value if the key does not exist",
     "key value", string::setnx},
    {"getset", 3, grows | fast, first_key, "@write @string @fast", "string", "1.0.0", "Sets a value and returns the old one",
     "key value", string::getset},
    {"getdel", 2, writes | removes | fast | by_key, first_key, "@write @string @fast", "string", "6.2.0",
     "Returns the value of a key and deletes the key", "key", string::getdel},
    {"getex", -2, writes | fast | by_key, first_key, "@write @string @fast", "string", "6.2.0",
     "Returns the value of a key and sets when it ends",
     "key [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | PERSIST]", string::getex},
    {"mget", -2, reads | fast, all_keys, "@read @string @fast", "string", "1.0.0", "Returns the values of keys", "key [key ...]",
     string::mget},
    {"mset", -3, writes | may_grow, pairs, "@write @string @slow", "string", "1.0.1", "Sets the values of keys, all or none",
     "key value [key value ...]", string::mset},
    {"msetnx", -3, writes | may_grow, pairs, "@write @string @slow", "string", "1.0.1",
     "Sets the values of keys if none of them exists", "key value [key value ...]", string::msetnx},
    {"strlen", 2, reads | fast | by_key, first_key, "@read @string @fast", "string", "2.2.0", "Returns the length of a value",
     "key", string::strlen},
    {"append", 3, grows | fast, first_key, "@write @string @fast", "string", "2.0.0", "Puts bytes behind a value", "key value",
     string::append},
    {"getrange", 4, reads | by_key, first_key, "@read @string @slow", "string", "2.4.0", "Returns a part of a value",
     "key start end", string::getrange},
    {"setrange", 4, grows, first_key, "@write @string @slow", "string", "2.2.0", "Overwrites a part of a value",
     "key offset value", string::setrange},
    {"incr", 2, grows | fast, first_key, "@write @string @fast", "string", "1.0.0", "Adds one to the number in a key", "key",
     string::incr},
    {"decr", 2, grows | fast, first_key, "@write @string @fast", "string", "1.0.0", "Takes one from the number in a key", "key",
     string::decr},
    {"incrby", 3, grows | fast, first_key, "@write @string @fast", "string", "1.0.0", "Adds to the number in a key",
     "key increment", string::incrby},
    {"decrby", 3, grows | fast, first_key, "@write @string @fast", "string", "1.0.0", "Takes from the number in a key",
     "key decrement", string::decrby},
    {"incrbyfloat", 3, grows | fast, first_key, "@write @string @fast", "string", "2.6.0", "Adds to the fraction in a key",
     "key increment", string::incrbyfloat},
};

}  // namespace

std::span<const CommandSpec> string_commands() { return string_rows; }

namespace string {

std::optional<storage::UnixMs> read_expire(const CommandContext& ctx, std::string_view text, ExpireUnit unit,
                                           std::string& error) {
    const auto number = parse_int64(text);
    if (!number) {
        error = words::not_an_integer;
        return std::nullopt;
    }
    std::optional<std::int64_t> at = number;
    if (*at <= 0) at.reset();
    if (at && unit.seconds) at = checked_multiply(*at, ms_per_s);
    if (at && unit.relative) at = checked_add(*at, ctx.op.now);
    if (!at) error = "ERR invalid expire time in '" + lower_case(ctx.args[0]) + "' command";
    return at;
}

std::optional<ExpireUnit> expire_option(Args args, std::size_t i) {
    if (i + 1 >= args.size()) return std::nullopt;
    if (is_word(args[i], "EX")) return ExpireUnit{true, true};
    if (is_word(args[i], "PX")) return ExpireUnit{true, false};
    if (is_word(args[i], "EXAT")) return ExpireUnit{false, true};
    if (is_word(args[i], "PXAT")) return ExpireUnit{false, false};
    return std::nullopt;
}

}  // namespace string

}  // namespace server::commands
