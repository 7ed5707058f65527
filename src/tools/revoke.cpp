// SPDX-License-Identifier: MIT
#include "src/tools/revoke.hpp"

#include <array>
#include <cstring>
#include <utility>

#include "src/tools/byte_files.hpp"
#include "src/tools/opened_directory.hpp"
#include "src/tools/progress_line.hpp"
#include "src/tools/revoked_sessions.hpp"
#include "src/tools/tool.hpp"
#include "src/tools/words.hpp"
#include "storage/clock.hpp"
#include "storage/data_directory.hpp"
#include "storage/directory_state.hpp"

namespace server {

namespace {

constexpr std::size_t users_bytes_max = std::size_t{1} << 30;

LogResult<Revocation> read_revocation(const RevokeFiles& files) {
    Revocation revocation;
    if (files.since) {
        auto in = InputFile::open(files.since);
        if (!in) return in.error();
        ExportReader reader([&](std::span<char> to) { return in->read(to); }, in->name());
        auto since = RevokedSince::read(reader, storage::SystemClock().unix_ms());
        if (!since) return since.error();
        revocation.since = std::move(*since);
    }
    if (files.users) {
        auto in = InputFile::open(files.users);
        if (!in) return in.error();
        const auto text = in->read_all(users_bytes_max);
        if (!text) return text.error();
        if (auto done = read_users(*text, in->name(), revocation.users); !done) return done.error();
    }
    return revocation;
}

// A store on a journal, as both ways need it.
struct Memory {
    explicit Memory(storage::Journal& journal) : store(options(), journal, random, settings) {}

    storage::Store::Options options() {
        storage::Store::Options of;
        std::array<unsigned char, sizeof of.hash_seed> seed{};
        random.fill(seed);
        std::memcpy(&of.hash_seed, seed.data(), seed.size());
        of.now = clock.unix_ms();
        return of;
    }

    storage::SystemClock clock;
    storage::SystemRandom random;
    storage::Settings settings;
    storage::Store store;
};

LogResult<void> check_data(const OpenedDirectory& directory) {
    const auto listing = storage::list_data(*directory.fs);
    if (!listing) return storage::disk_refusal("cannot list", directory.path, listing.error());
    if (listing->segments.empty() && listing->snapshots.empty())
        return storage::Refusal{directory.path + " holds no data: there is nothing to end"};
    return {};
}

LogResult<RevokedSessions> would_end(const OpenedDirectory& directory, const Revocation& revocation) {
    storage::Journal unused{storage::Journal::Options{}};
    Memory memory(unused);
    storage::RecoveryOptions recovery;
    recovery.directory_name = directory.path;
    recovery.encryption = directory.encryption;
    storage::RecoveryProgress progress;
    const ProgressLine line("reading", progress);
    const auto state = storage::read_state(*directory.fs, recovery, memory.store, progress);
    if (!state) return state.error();
    return choose_revoked(memory.store, state->directory_id, std::max(memory.clock.unix_ms(), state->now), revocation);
}

LogResult<RevokedSessions> end(OpenedDirectory directory, const Revocation& revocation) {
    storage::SystemClock clock;
    storage::SystemRandom random;
    storage::SteadyNow now(clock);
    storage::LogOptions options;
    options.directory_name = directory.path;
    options.encryption = directory.encryption;
    options.notice = [](const std::string& line) { tool_says("import", line); };
    directory.lock.reset();  // the log takes its own
    auto log = storage::Log::open(std::move(directory.fs), options, clock, now, random);
    if (!log) return log.error();
    Memory memory((*log)->journal());
    {
        const ProgressLine line("reading", (*log)->progress());
        if (const auto report = (*log)->recover(memory.store); !report) return report.error();
    }
    auto revoked = choose_revoked(memory.store, (*log)->run_start().directory_id, now.now(), revocation);
    if (!revoked || revoked->sessions == 0) return revoked;
    (*log)->start();
    const auto done = end_sessions(**log, memory.store, now.now(), *revoked);
    (*log)->stop();
    if (!done) return storage::Refusal{directory.path + ": " + done.error().text};
    return revoked;
}

// What was not looked at, or is not there, and should surprise nobody.
void say_what_is_missing(const Revocation& revocation, const RevokedSessions& revoked) {
    if (revocation.since && revocation.since->header().db)
        tool_says("import", "the export is of database " + std::to_string(unsigned{*revocation.since->header().db}) +
                                " alone: databases other than that were not looked at for it");
    if (revoked.absent != 0)
        tool_says("import", words::grouped(revoked.absent) + " of " + words::count(revoked.listed, "listed user") +
                                (revoked.absent == 1 ? " has" : " have") + " no session here");
}

}  // namespace

LogResult<std::string> end_revoked(const std::string& path, const RevokeFiles& files, const ToolKeys& keys, bool dry_run) {
    const auto revocation = read_revocation(files);
    if (!revocation) return revocation.error();
    auto directory = open_directory(path, dry_run ? ToolAccess::read : ToolAccess::change, keys);
    if (!directory) return directory.error();
    if (auto done = check_data(*directory); !done) return done.error();
    if (revocation->since)
        if (auto done = check_age(*directory->fs, directory->encryption, revocation->since->header()); !done) return done.error();
    const auto revoked = dry_run ? would_end(*directory, *revocation) : end(std::move(*directory), *revocation);
    if (!revoked) return revoked.error();
    say_what_is_missing(*revocation, *revoked);
    std::string line = (dry_run ? "would end " : "ended ") + words::count(revoked->sessions, "session") + " of " +
                       words::count(revoked->users, "user");
    return LogResult<std::string>(boost::system::in_place_value, std::move(line));
}

}  // namespace server
