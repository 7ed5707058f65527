// SPDX-License-Identifier: MIT
#include "tests/support/command_runner.hpp"

#include <stdexcept>

namespace support {

namespace {

constexpr std::uint64_t file_room_bytes = 1ULL << 40;
constexpr int turns_max = 1'000'000;

storage::Journal::Options journal_options() {
    storage::Journal::Options options;
    options.pending_bytes_max = 64U << 20;
    return options;
}

}  // namespace

CommandRunner::CommandRunner(std::uint64_t seed) : random_(seed), journal_(journal_options()) {
    journal_.add_room(file_room_bytes);
    journal_.set_record_fit(file_room_bytes);
    storage::Store::Options options;
    options.shards = 16;
    options.hash_seed = seed;
    options.now = clock_.ms;
    store_ = std::make_unique<storage::Store>(options, journal_, random_, settings_.values.storage);
    state_ = std::make_unique<server::ServerState>(
        server::ServerState::Parts{settings_, clock_, now_, random_, *store_, journal_, nullptr});
    counters_ = &state_->add_thread_counters();
    executor_ = std::make_unique<server::Executor>(*state_, *counters_);
    hang_up();
}

void CommandRunner::hang_up() {
    input_.clear();
    server::Client::Origin origin;
    origin.id = state_->clients.next_id();
    origin.addr = "127.0.0.1:1";
    dialogue_ = std::make_unique<server::Dialogue>(std::move(origin), *counters_);
    dialogue_->client.set_authenticated(true);
}

Reply CommandRunner::call(const std::vector<std::string>& args) {
    auto reply = start(args, turns_max);
    if (!reply) throw std::runtime_error("no answer to " + args[0]);
    return *reply;
}

std::optional<Reply> CommandRunner::start(const std::vector<std::string>& args, int turns) {
    input_ = request(args);
    depends_on_ = {};
    for (int i = 0; i < turns; ++i)
        if (turn()) return take_reply();
    return std::nullopt;
}

Reply CommandRunner::finish() {
    for (int i = 0; i < turns_max; ++i)
        if (turn()) return take_reply();
    throw std::runtime_error("the command does not end");
}

bool CommandRunner::feed(std::string_view bytes, const std::function<void(std::string_view)>& seen) {
    input_ += bytes;
    for (int i = 0; i < turns_max; ++i) {
        const server::Stop stop = run_turn();
        seen(dialogue_->output.view());
        dialogue_->output.clear();
        if (stop == server::Stop::need_more) return true;
        if (stop == server::Stop::close || stop == server::Stop::close_now) return false;
        if (stop == server::Stop::paused) state_->unpause();
    }
    throw std::runtime_error("the bytes have no end");
}

server::Stop CommandRunner::run_turn() {
    const server::Turn turn = executor_->run(*dialogue_, input_);
    input_.erase(0, turn.consumed);
    depends_on_ = storage::later(depends_on_, turn.depends_on);
    write_log();
    return turn.stop;
}

bool CommandRunner::turn() {
    const server::Stop stop = run_turn();
    return stop == server::Stop::need_more || stop == server::Stop::close || stop == server::Stop::close_now;
}

Reply CommandRunner::take_reply() {
    bytes_ = std::string(dialogue_->output.view());
    dialogue_->output.clear();
    std::string_view left = bytes_;
    auto reply = parse_reply(left);
    if (!reply || !left.empty()) throw BadReply("not one whole reply: " + bytes_);
    return *reply;
}

void CommandRunner::write_log() {
    storage::Batch batch;
    if (!journal_.take(batch)) return;
    journal_.set_written(batch.last);
    journal_.set_durable(batch.last);
    journal_.add_room(batch.charged_room);
}

void CommandRunner::upkeep() {
    constexpr std::size_t all = 1'000'000;
    storage::Op op;
    op.now = now_.now();
    for (std::uint32_t shard = 0; shard < store_->shard_count(); ++shard) {
        op.credit = &executor_->upkeep_credit();
        store_->expire_some(op, static_cast<storage::ShardIndex>(shard), all);
        write_log();
    }
}

void CommandRunner::set(std::string_view setting, std::string_view value) {
    const server::Settings::Change change{setting, value};
    if (const auto error = settings_.set_live({&change, 1})) throw std::runtime_error(*error);
}

void CommandRunner::use_resp(int version) {
    dialogue_->client.set_resp_version(version);
    dialogue_->reply.set_version(version);
}

}  // namespace support
