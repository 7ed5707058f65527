// SPDX-License-Identifier: MIT
// What a command is: one row of data and one function. COMMAND, HELP, arity errors, routing keys, the ACL category and the
// fuzz dictionary all derive from the row.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "resp/reply_writer.hpp"
#include "storage/store.hpp"

namespace server {

class Client;       // src/client.hpp: the protocol state of one connection (db, RESP version, name, authenticated, ...)
class ServerState;  // src/server_state.hpp: what all commands share (settings, counters, client registry, clocks)

using Args = std::span<const std::string_view>;  // args[0] is the command's name as the client wrote it

// A command that does not fit one turn of the loop (KEYS, SESS.LIST): step() runs one slice; the connection executes nothing
// else until it returned true, other connections go on. It writes its whole reply in its last step.
class LongCommand {
public:
    virtual ~LongCommand() = default;
    virtual bool step(storage::Op& op, resp::ReplyWriter& reply) = 0;
    // True: another turn is of use only when something has happened; the next tick, or IoThread::resume_waiting.
    virtual bool waits() const { return false; }
};

// One execution. Lives on the stack of the executor; may be run again from the start when a handler answers need_credit.
struct CommandContext {
    Args args;
    storage::Op& op;  // database, now, credit; op.depends_on gates the reply
    storage::Store& store;
    resp::ReplyWriter& reply;
    Client& client;
    ServerState& server;

    // Set by a handler that got Errc::need_credit (through fail()): the executor takes more credit and runs the row again,
    // after it cut the reply back to where it was.
    bool need_credit = false;
    std::unique_ptr<LongCommand> continuation;  // set by a handler that goes on in slices
    bool close_after_reply = false;             // QUIT, CLIENT KILL of itself

    // Writes the client's words for an error of storage (or marks need_credit). See src/error_text.cpp.
    void fail(boost::system::error_code error);
};

enum CommandFlag : std::uint32_t {
    writes = 1U << 0,    // needs log credit before it runs
    reads = 1U << 1,     // "readonly"
    may_grow = 1U << 2,  // "denyoom"
    fast = 1U << 3,
    admin = 1U << 4,
    no_auth = 1U << 5,     // allowed before AUTH
    loading_ok = 1U << 6,  // allowed while recovering
    stale_ok = 1U << 7,
    no_script = 1U << 8,
    no_multi = 1U << 9,  // refused inside MULTI
    removes = 1U << 10,  // a write that only removes: may use the last reserve of a full disk
    movable_keys = 1U << 11,
    subcommands = 1U << 12,  // args[1] chooses a row of `subs`
    // It looks up args[1], which a batch of such commands does together beforehand (request_batch.hpp), and changes nothing about
    // the connection, because what stands behind it is parsed before it runs.
    by_token = 1U << 13,
    by_key = 1U << 14,
};

struct KeyPositions {  // as COMMAND INFO has them: first, last (negative from the end), step; 0 0 0: none
    int first = 0, last = 0, step = 0;
};
inline constexpr KeyPositions no_keys{}, first_key{1, 1, 1}, all_keys{1, -1, 1};

struct CommandSpec {
    std::string_view name;  // lower case; subcommands as "client|list"
    int arity;              // Redis's meaning: positive exact, negative at least; the name counts
    std::uint32_t flags;
    KeyPositions keys;
    std::string_view acl;    // "@read @string @fast"
    std::string_view group;  // "string", "session", ... as COMMAND DOCS has it
    std::string_view since;
    std::string_view summary;
    std::string_view syntax;  // the arguments, as in redis-cli's hint: "key value [EX s]"
    void (*run)(CommandContext&);
    std::span<const CommandSpec> subs = {};
    // Upper bound of the log bytes beyond the request's own size; a write takes credit for request bytes + this.
    std::uint32_t log_bytes_extra = 256;
};

// Finds a row by name, any case; nullptr: unknown. Constant time, no allocation.
const CommandSpec* find_command(std::string_view name);
std::span<const CommandSpec* const> all_commands();

// One table a family, in commands/*.cpp; command_table.cpp joins them.
namespace commands {
std::span<const CommandSpec> session_commands();     // SESS.*
std::span<const CommandSpec> key_commands();         // DEL EXISTS EXPIRE ... SCAN KEYS, sessions as keys
std::span<const CommandSpec> hash_commands();        // HGET ... of sessions
std::span<const CommandSpec> string_commands();      // GET SET ...
std::span<const CommandSpec> connection_commands();  // PING HELLO AUTH CLIENT ...
std::span<const CommandSpec> server_commands();      // INFO CONFIG COMMAND FLUSHALL TIME ...
}  // namespace commands

}  // namespace server
