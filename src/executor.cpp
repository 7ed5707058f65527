// SPDX-License-Identifier: MIT
// The loop over requests, and the rules between a row and its function. Checks come in Redis's order: known, arity,
// authentication, loading, pause, room.
#include "src/executor.hpp"

#include <algorithm>
#include <string>

#include <spdlog/spdlog.h>

#include "src/args.hpp"
#include "storage/error.hpp"

namespace server {
namespace {

constexpr std::size_t credit_kept_bytes = 32 * 1024;
constexpr std::uint32_t sample_every = 16;  // fast commands are timed one in so many

constexpr std::string_view no_auth_text = "NOAUTH Authentication required.";
constexpr std::string_view loading_text = "LOADING Redis is loading the dataset in memory";
constexpr std::string_view no_space_text =
    "MISCONF TM-SYS-5001 the log has no room on its disk, so changes are refused; reads go on. See INFO wal.";
constexpr std::string_view too_large_text = "ERR the change does not fit into one log record (wal-record-max)";

// As Redis has it: the name and arguments cut to 128 bytes; a NUL ends them; CR and LF become spaces in the writer.
std::string_view c_text(std::string_view text, std::size_t bytes_max) {
    text = text.substr(0, bytes_max);
    return text.substr(0, text.find('\0'));
}

std::string unknown_command(Args args) {
    std::string shown;
    for (std::size_t i = 1; i < args.size() && shown.size() < 128; ++i) {
        const std::size_t room = 128 - shown.size();
        shown.append("'").append(c_text(args[i], room)).append("' ");
    }
    return "ERR unknown command '" + std::string(c_text(args[0], 128)) + "', with args beginning with: " + shown;
}

// A browser was made to talk to us: nothing that follows may be run.
bool cross_protocol(std::string_view name) { return same_word(name, "post") || same_word(name, "host:"); }

bool arity_fits(const CommandSpec& spec, std::size_t count) {
    const auto wanted = static_cast<std::size_t>(spec.arity < 0 ? -spec.arity : spec.arity);
    return spec.arity < 0 ? count >= wanted : count == wanted;
}

}  // namespace

resp::RequestLimits limits_for(const Client& client, const Values& values) {
    if (!client.authenticated()) return resp::limits::before_auth;
    resp::RequestLimits limits = resp::limits::after_auth;
    limits.argument_bytes_max = values.proto_max_bulk_len.load(std::memory_order_relaxed);
    limits.request_bytes_max = values.client_query_buffer_limit.load(std::memory_order_relaxed);
    return limits;
}

void Executor::set_limits(Dialogue& dialogue) const { dialogue.parser.set_limits(limits_for(dialogue.client, state_.values)); }

// A store that recovers is not locked by who fills it.
bool Executor::may_look_ahead(const Dialogue& dialogue) const {
    return dialogue.client.authenticated() && !state_.loading.load(std::memory_order_acquire);
}

Turn Executor::run(Dialogue& dialogue, std::string_view input) {
    Turn turn;
    now_ = state_.now.now();
    set_limits(dialogue);
    batch_.begin();
    RequestBatch::Parsed parsed;
    bool all_seen = false;
    Ran ran = dialogue.running ? step(dialogue, turn) : Ran::done;
    for (std::size_t commands = 0; ran == Ran::done; ++commands) {
        if (dialogue.output.size() >= output_pause_bytes) {
            turn.stop = Stop::output_full;
            break;
        }
        if (commands == commands_a_turn || turn.consumed >= input_a_turn) {
            turn.stop = Stop::turn_over;
            break;
        }
        const auto outcome = batch_.next(dialogue.parser, input.substr(turn.consumed), may_look_ahead(dialogue), state_.store,
                                         dialogue.client.db(), parsed);
        all_seen = outcome != resp::RequestParser::Outcome::request;
        if (outcome == resp::RequestParser::Outcome::need_more) {
            turn.consumed += dialogue.parser.drop_skipped();
            turn.bytes_wanted = dialogue.parser.bytes_wanted();
            break;
        }
        if (outcome == resp::RequestParser::Outcome::protocol_error) {
            counters_.protocol_errors.add();
            dialogue.reply.error("ERR " + std::string(dialogue.parser.error()));
            counters_.count_error("-ERR");
            turn.consumed = input.size();
            turn.stop = Stop::close;
            break;
        }
        Request request{dialogue, parsed.args, parsed.bytes, parsed.entry, parsed.probe};
        ran = execute(request, turn);
        if (ran != Ran::wait_for_credit && ran != Ran::paused) turn.consumed += request.bytes;
    }
    if (!all_seen) batch_.forget(dialogue.parser);
    switch (ran) {
        case Ran::done: break;
        case Ran::wait_for_credit: turn.stop = Stop::credit; break;
        case Ran::paused: turn.stop = Stop::paused; break;
        case Ran::long_command: turn.stop = Stop::long_command; break;
        case Ran::close: turn.stop = Stop::close; break;
        case Ran::close_now: turn.stop = Stop::close_now; break;
    }
    const bool others_wait = state_.parked_for_credit.load(std::memory_order_relaxed) != 0;
    if (credit_.bytes > credit_kept_bytes || reserve_in_credit_ || others_wait || ran == Ran::wait_for_credit) give_back();
    return turn;
}

void Executor::reject(Request& request, std::string_view error) {
    if (request.entry.spec != nullptr) counters_.by_command[request.entry.row].rejected.add();
    const std::size_t mark = request.dialogue.output.size();
    request.dialogue.reply.error(error);
    counters_.count_error(request.dialogue.output.view().substr(mark));
    const ReplyMode mode = request.dialogue.client.reply_mode;
    if (mode == ReplyMode::off || mode == ReplyMode::skip_this) request.dialogue.reply.truncate(mark);
    if (mode == ReplyMode::skip_this) request.dialogue.client.reply_mode = ReplyMode::on;
}

bool Executor::find(Request& request) {
    const CommandEntry* entry = request.found;
    if (entry == nullptr) {
        reject(request, unknown_command(request.args));
        return false;
    }
    request.entry = *entry;
    if ((entry->spec->flags & subcommands) != 0 && request.args.size() > 1) {
        const CommandEntry sub = find_subcommand(*entry, request.args[1]);
        if (sub.spec == nullptr) {
            reject(request, "ERR unknown subcommand '" + std::string(c_text(request.args[1], 128)) + "'. Try " +
                                upper_case(entry->spec->name) + " HELP.");
            return false;
        }
        request.entry = sub;
    }
    const CommandSpec& spec = *request.entry.spec;
    if (!arity_fits(spec, request.args.size()) || spec.run == nullptr) {
        reject(request, "ERR wrong number of arguments for '" + std::string(spec.name) + "' command");
        return false;
    }
    return true;
}

bool Executor::may_run(Request& request) {
    const CommandSpec& spec = *request.entry.spec;
    if (!request.dialogue.client.authenticated() && (spec.flags & no_auth) == 0) {
        counters_.auth_denied.add();
        reject(request, no_auth_text);
        return false;
    }
    if ((spec.flags & loading_ok) == 0 && state_.loading.load(std::memory_order_acquire)) {
        reject(request, loading_text);
        return false;
    }
    return true;
}

Executor::Ran Executor::execute(Request& request, Turn& turn) {
    Dialogue& dialogue = request.dialogue;
    if (dialogue.client.traffic.close_asked.load(std::memory_order_acquire)) return Ran::close_now;
    if (cross_protocol(request.args[0])) {
        spdlog::warn("Possible SECURITY ATTACK detected: {} sent POST or Host:, as a browser does. Connection closed.",
                     dialogue.client.origin().addr);
        return Ran::close_now;
    }
    if (!find(request) || !may_run(request)) return Ran::done;

    const CommandSpec& spec = *request.entry.spec;
    const PauseKind paused = state_.paused(now_);
    if (paused == PauseKind::all || (paused == PauseKind::writes && (spec.flags & writes) != 0)) return Ran::paused;

    if ((spec.flags & writes) != 0) {
        const std::size_t need = std::max(request.bytes + spec.log_bytes_extra, dialogue.credit_wanted);
        if (need > state_.values.wal_record_max) {
            dialogue.credit_wanted = 0;
            reject(request, too_large_text);
            return Ran::done;
        }
        const auto purpose = (spec.flags & removes) != 0 ? storage::Purpose::removal : storage::Purpose::any;
        switch (take_credit(need, purpose)) {
            case storage::Admission::granted: break;
            case storage::Admission::wait: return Ran::wait_for_credit;
            case storage::Admission::no_space:
                dialogue.credit_wanted = 0;
                reject(request, no_space_text);
                return Ran::done;
        }
    } else if ((spec.flags & reads) != 0) {
        take_a_little();
    }
    return run_row(request, turn);
}

Executor::Ran Executor::run_row(Request& request, Turn& turn) {
    Dialogue& dialogue = request.dialogue;
    const CommandSpec& spec = *request.entry.spec;
    dialogue.client.traffic.last_command.store(&spec, std::memory_order_relaxed);
    const bool timed = (spec.flags & fast) == 0 || ++sample_ % sample_every == 0;
    const std::uint64_t begin_ns = timed ? state_.clock.monotonic_ns() : 0;
    const std::size_t mark = dialogue.output.size();

    storage::Op op;
    op.db = dialogue.client.db();
    op.now = now_;
    op.credit = &credit_;
    op.probe = request.probe;
    for (;;) {
        CommandContext context{request.args, op, state_.store, dialogue.reply, dialogue.client, state_, false, nullptr, false};
        const bool limited =
            (spec.flags & may_grow) != 0 && state_.storage_settings.maxmemory_bytes.load(std::memory_order_relaxed) != 0;
        const auto room = limited ? state_.store.make_room(op) : storage::Result<void>();
        if (room.has_error()) {
            context.fail(room.error());
        } else {
            spec.run(context);
        }
        if (!context.need_credit) {
            if (timed) time(request.entry, begin_ns);
            dialogue.credit_wanted = 0;
            return after_run(request, turn, context, mark);
        }
        dialogue.reply.truncate(mark);
        dialogue.credit_wanted = std::max(op.credit_wanted, credit_.bytes + 1);
        if (dialogue.credit_wanted > state_.values.wal_record_max) {
            dialogue.credit_wanted = 0;
            reject(request, too_large_text);
            return Ran::done;
        }
        const auto purpose = (spec.flags & removes) != 0 ? storage::Purpose::removal : storage::Purpose::any;
        const storage::Admission admission = take_credit(dialogue.credit_wanted, purpose);
        if (admission == storage::Admission::wait) return Ran::wait_for_credit;
        if (admission == storage::Admission::no_space) {
            dialogue.credit_wanted = 0;
            reject(request, no_space_text);
            return Ran::done;
        }
    }
}

Executor::Ran Executor::after_run(Request& request, Turn& turn, CommandContext& context, std::size_t mark) {
    Dialogue& dialogue = request.dialogue;
    if (context.continuation) {
        context.op.probe = nullptr;  // it ends with the turn
        dialogue.running.emplace(Dialogue::Running{request.entry, std::move(context.continuation), context.op});
        return Ran::long_command;
    }
    finish_reply(dialogue, request.entry, mark, turn, context.op.depends_on);
    if (dialogue.client.authenticated() != dialogue.parser.request_limits().authenticated) set_limits(dialogue);
    return context.close_after_reply ? Ran::close : Ran::done;
}

Executor::Ran Executor::step(Dialogue& dialogue, Turn& turn) {
    if (dialogue.client.traffic.close_asked.load(std::memory_order_acquire)) return Ran::close_now;
    Dialogue::Running& running = *dialogue.running;
    const std::uint64_t begin_ns = state_.clock.monotonic_ns();
    const std::size_t mark = dialogue.output.size();
    running.op.now = now_;
    running.op.credit = &credit_;
    const bool done = running.command->step(running.op, dialogue.reply);
    const std::uint64_t usec = (state_.clock.monotonic_ns() - begin_ns) / 1000;
    counters_.by_command[running.entry.row].usec.add(usec);
    if (!done) return running.command->waits() ? Ran::paused : Ran::long_command;
    finish_reply(dialogue, running.entry, mark, turn, running.op.depends_on);
    dialogue.running.reset();
    return Ran::done;
}

void Executor::finish_reply(Dialogue& dialogue, const CommandEntry& entry, std::size_t mark, Turn& turn,
                            storage::Lsn depends_on) {
    counters_.commands.add();
    CommandCount& count = counters_.by_command[entry.row];
    count.calls.add();
    const std::string_view reply = dialogue.output.view().substr(mark);
    if (reply.starts_with('-')) {
        count.failed.add();
        counters_.count_error(reply);
    }
    switch (dialogue.client.reply_mode) {
        case ReplyMode::on: turn.depends_on = storage::later(turn.depends_on, depends_on); break;
        case ReplyMode::off: dialogue.reply.truncate(mark); break;
        case ReplyMode::skip_next:  // of CLIENT REPLY SKIP itself
            dialogue.reply.truncate(mark);
            dialogue.client.reply_mode = ReplyMode::skip_this;
            break;
        case ReplyMode::skip_this:
            dialogue.reply.truncate(mark);
            dialogue.client.reply_mode = ReplyMode::on;
            break;
    }
}

void Executor::time(const CommandEntry& entry, std::uint64_t begin_ns) {
    const std::uint64_t spent_ns = state_.clock.monotonic_ns() - begin_ns;
    const std::uint64_t times = (entry.spec->flags & fast) != 0 ? sample_every : 1;
    counters_.by_command[entry.row].usec.add((spent_ns * times + 500) / 1000);
}

}  // namespace server
