// SPDX-License-Identifier: MIT
// SAVE BGSAVE BGREWRITEAOF LASTSAVE and SHUTDOWN. The texts are Redis's; what they begin is always a snapshot, which makes the
// log before it superfluous, so BGREWRITEAOF is BGSAVE by another name.
#include <memory>
#include <string>

#include "src/args.hpp"
#include "src/commands/server_commands.hpp"
#include "src/server_state.hpp"

namespace server::commands::server_family {
namespace {

constexpr std::string_view save_runs = "ERR Background save already in progress";

// Waits without holding up its io thread; whatever happens to the connection meanwhile, the snapshot goes on.
class SaveCommand final : public LongCommand {
public:
    explicit SaveCommand(std::shared_ptr<const SaveOutcome> outcome) : outcome_(std::move(outcome)) {}
    bool step(storage::Op&, resp::ReplyWriter& reply) override {
        if (!outcome_->known.load(std::memory_order_acquire)) return false;
        if (outcome_->error.empty()) {
            reply.ok();
        } else {
            reply.error("ERR TM-SYS-5002 the snapshot failed: " + outcome_->error);
        }
        return true;
    }
    bool waits() const override { return true; }

private:
    std::shared_ptr<const SaveOutcome> outcome_;
};

}  // namespace

void save(CommandContext& ctx) {
    auto outcome = ctx.server.saves.begin_and_wait();
    if (!outcome) return ctx.reply.error(save_runs);
    ctx.continuation = std::make_unique<SaveCommand>(std::move(outcome));
}

void background_save(CommandContext& ctx) {
    const bool schedule = ctx.args.size() == 2 && is_word(ctx.args[1], "SCHEDULE");
    if (ctx.args.size() > 1 && !schedule) return ctx.reply.error(words::syntax_error);
    switch (ctx.server.saves.begin(schedule)) {
        case Saves::Answer::started: return ctx.reply.simple("Background saving started");
        case Saves::Answer::scheduled: return ctx.reply.simple("Background saving scheduled");
        case Saves::Answer::runs_already: return ctx.reply.error(save_runs);
        case Saves::Answer::rewrite_in_the_way:
            return ctx.reply.error(
                "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order to schedule a "
                "BGSAVE whenever possible.");
    }
}

void background_rewrite(CommandContext& ctx) {
    switch (ctx.server.saves.begin_rewrite()) {
        case Saves::Answer::started: return ctx.reply.simple("Background append only file rewriting started");
        case Saves::Answer::scheduled: return ctx.reply.simple("Background append only file rewriting scheduled");
        default: return ctx.reply.error("ERR Background append only file rewriting already in progress");
    }
}

void last_save(CommandContext& ctx) { ctx.reply.integer(ctx.server.last_save_ms() / 1000); }

void shutdown(CommandContext& ctx) {
    bool save = false, no_save = false, abort = false, others = false;
    for (const std::string_view word : ctx.args.subspan(1)) {
        const bool now_or_force = is_word(word, "NOW") || is_word(word, "FORCE");  // as it is in any case
        save = save || is_word(word, "SAVE");
        no_save = no_save || is_word(word, "NOSAVE");
        abort = abort || is_word(word, "ABORT");
        others = others || now_or_force;
        if (!now_or_force && !is_word(word, "SAVE") && !is_word(word, "NOSAVE") && !is_word(word, "ABORT"))
            return ctx.reply.error(words::syntax_error);
    }
    if ((save && no_save) || (abort && (save || no_save || others))) return ctx.reply.error(words::syntax_error);
    if (abort) return ctx.reply.error("ERR No shutdown in progress.");
    ctx.close_after_reply = true;  // there is none: the end of the connection is the answer
    ctx.server.ask_to_stop(save ? LastSnapshot::yes : no_save ? LastSnapshot::no : LastSnapshot::as_set);
}

}  // namespace server::commands::server_family
