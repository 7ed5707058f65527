// SPDX-License-Identifier: MIT
#include "src/tools/export.hpp"

#include <array>
#include <charconv>
#include <iostream>

#include "src/tools/byte_files.hpp"
#include "src/tools/export_state.hpp"
#include "src/tools/opened_directory.hpp"
#include "src/tools/progress_line.hpp"
#include "src/tools/transfer_words.hpp"
#include "storage/clock.hpp"

namespace server {

namespace {

constexpr std::array export_options = {ToolOption{"--out", true}, ToolOption{"--key-file", true}, ToolOption{"--migrate"},
                                       ToolOption{"--db", true}};

constexpr std::string_view export_help =
    "Usage: tokmesh export DIR [--out FILE] [--key-file FILE [--migrate]] [--db N]\n"
    "\n"
    "Writes all that a data directory holds as JSON, a record a line: sessions, string keys, and what is remembered of\n"
    "sessions that ended. Tokens are hashes. Changes nothing in DIR, which no server may be using.\n"
    "\n"
    "  --out FILE       a new file of mode 0600; without it, standard output\n"
    "  --key-file FILE  keys as in encryption-key-file. The export itself is NOT encrypted\n"
    "  --migrate        with keys: read plain files, too, as encryption-migrate yes does; nothing says who wrote those\n"
    "  --db N           only this database, 0 to 15\n"
    "\n"
    "Exit code: 0, 1 when it is refused, 2 for a usage that makes no sense.\n";

// False: it is none.
bool take_db(const std::optional<std::string>& text, std::optional<storage::DbIndex>& db) {
    if (!text) return true;
    unsigned number = storage::db_count;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
    if (error != std::errc{} || end != text->data() + text->size() || number >= storage::db_count) return false;
    db = static_cast<storage::DbIndex>(number);
    return true;
}

LogResult<StateFigures> write_export(const OpenedDirectory& directory, const std::optional<storage::DbIndex>& db,
                                     OutputFile& out) {
    storage::SystemClock clock;
    storage::SystemRandom random;
    storage::RecoveryProgress progress;
    ExportWriter writer([&](std::string_view bytes) { return out.write(bytes); });
    StateOptions state;
    state.directory_name = directory.path;
    state.encryption = directory.encryption;
    state.now = clock.unix_ms();
    state.db = db;
    state.notice = [](const std::string& line) { tool_says("export", line); };
    const ProgressLine line("exporting", progress);
    auto figures = export_state(*directory.fs, state, random, progress, writer);
    if (!figures) return figures;
    if (auto done = out.finish(); !done) return done.error();
    return figures;
}

int run_export(const ToolArgs& args) {
    std::optional<storage::DbIndex> db;
    if (!take_db(args.value("--db"), db)) return tool_failed("export", "--db must be a number from 0 to 15");
    const auto directory = open_directory(args.words()[0], ToolAccess::read, {args.value("--key-file"), args.has("--migrate")});
    if (!directory) return tool_failed("export", directory.error().text, transfer_refused);
    auto out = OutputFile::create(args.value("--out"));
    if (!out) return tool_failed("export", out.error().text, transfer_refused);
    const auto figures = write_export(*directory, db, *out);
    if (!figures) return tool_failed("export", figures.error().text, transfer_refused);
    std::cerr << "exported " << transfer_words(*figures) << '\n';
    return transfer_done;
}

}  // namespace

const Tool export_tool{"export", "Writes all that a data directory holds as JSON lines", export_help, export_options, run_export};

}  // namespace server
