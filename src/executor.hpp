// SPDX-License-Identifier: MIT
// From bytes to replies, without I/O: parses, finds the row, checks (arity, authentication, loading, pause), takes log credit,
// runs, and says why it stopped. The connection around it reads, gates and writes. One executor an io thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "resp/output_buffer.hpp"
#include "resp/reply_writer.hpp"
#include "resp/request_parser.hpp"
#include "src/client.hpp"
#include "src/command.hpp"
#include "src/command_table.hpp"
#include "src/counters.hpp"
#include "src/request_batch.hpp"
#include "src/server_state.hpp"
#include "storage/journal.hpp"
#include "storage/types.hpp"

namespace server {

// One connection's place in the protocol: what lives on between two turns.
struct Dialogue {
    Dialogue(Client::Origin origin, Counters& counters) : client(std::move(origin), counters) {}

    Client client;
    resp::RequestParser parser;
    resp::OutputBuffer output;
    resp::ReplyWriter reply{output};
    std::size_t credit_wanted = 0;  // by the request in front, which was parked or asked for more

    struct Running {  // a command that goes on in slices
        CommandEntry entry;
        std::unique_ptr<LongCommand> command;
        storage::Op op;
    };
    std::optional<Running> running;
};

// Why a turn ended. The bytes not consumed are to be shown again, from the start of their request.
enum class Stop : std::uint8_t {
    need_more,     // all complete requests are done
    turn_over,     // others first; there may be more to do
    long_command,  // a slice is done; call again with the same bytes
    credit,        // no log credit; call again when the journal moved
    paused,        // CLIENT PAUSE, or a command that waits; call again later
    output_full,   // call again when the output was sent
    close,         // send the output, then close
    close_now,     // close without sending
};

struct Turn {
    std::size_t consumed = 0;
    std::size_t bytes_wanted = 1;  // with need_more
    storage::Lsn depends_on{};     // of all replies written in this turn
    Stop stop = Stop::need_more;
};

// One thread. Between turns it keeps a little log credit, so that a single write or a read that touches does not pay the
// journal's lock twice; give_back() returns it.
class Executor {
public:
    Executor(ServerState& state, Counters& counters) : state_(state), counters_(counters) {}
    ~Executor() { give_back(); }
    Executor(const Executor&) = delete;
    Executor& operator=(const Executor&) = delete;

    Turn run(Dialogue& dialogue, std::string_view input);
    void give_back();                  // at every tick, and when others wait for credit
    storage::Credit& upkeep_credit();  // for expiry: what is there, or a little more if the journal has it

    static constexpr std::size_t commands_a_turn = 256;
    static constexpr std::size_t input_a_turn = 64 * 1024;
    static constexpr std::size_t output_pause_bytes = 256 * 1024;  // more unsent output than this: no more requests

private:
    struct Request {
        Dialogue& dialogue;
        Args args;
        std::size_t bytes;
        const CommandEntry* found = nullptr;  // by its name
        const storage::Probe* probe = nullptr;
        CommandEntry entry{};
    };
    enum class Ran : std::uint8_t { done, wait_for_credit, paused, long_command, close, close_now };

    Ran execute(Request& request, Turn& turn);
    bool find(Request& request);     // false: an error was written
    bool may_run(Request& request);  // false: an error was written
    Ran run_row(Request& request, Turn& turn);
    Ran after_run(Request& request, Turn& turn, CommandContext& context, std::size_t mark);
    Ran step(Dialogue& dialogue, Turn& turn);
    void reject(Request& request, std::string_view error);
    void finish_reply(Dialogue& dialogue, const CommandEntry& entry, std::size_t mark, Turn& turn, storage::Lsn depends_on);
    storage::Admission take_credit(std::size_t bytes, storage::Purpose purpose);
    void take_a_little();
    void set_limits(Dialogue& dialogue) const;
    bool may_look_ahead(const Dialogue& dialogue) const;
    void time(const CommandEntry& entry, std::uint64_t begin_ns);

    ServerState& state_;
    Counters& counters_;
    RequestBatch batch_;
    storage::Credit credit_;
    storage::UnixMs now_ = 0;         // of this turn
    bool little_refused_ = false;     // since the last give_back(): reads do not ask again
    bool reserve_in_credit_ = false;  // holds some of the removals' reserve, not for other writes
    std::uint32_t sample_ = 0;
};

// The request limits that hold for this client now.
resp::RequestLimits limits_for(const Client& client, const Values& values);

}  // namespace server
