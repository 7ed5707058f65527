// SPDX-License-Identifier: MIT
#include "src/tools/import.hpp"

#include <algorithm>
#include <array>
#include <iostream>
#include <utility>

#include "src/tools/byte_files.hpp"
#include "src/tools/export_state.hpp"
#include "src/tools/opened_directory.hpp"
#include "src/tools/progress_line.hpp"
#include "src/tools/revoke.hpp"
#include "src/tools/transfer_words.hpp"
#include "storage/clock.hpp"
#include "storage/data_directory.hpp"

namespace server {

namespace {

constexpr std::array import_options = {ToolOption{"--in", true},
                                       ToolOption{"--key-file", true},
                                       ToolOption{"--migrate"},
                                       ToolOption{"--revoked-since", true},
                                       ToolOption{"--revoked-users", true},
                                       ToolOption{"--dry-run"}};

constexpr std::string_view import_help =
    "Usage: tokmesh import DIR [--in FILE] [--key-file FILE]\n"
    "       tokmesh import DIR [--revoked-since EXPORT] [--revoked-users FILE] [--dry-run] [--key-file FILE [--migrate]]\n"
    "\n"
    "The first form makes a data directory out of an export. DIR must be empty or absent; a fault anywhere in the export\n"
    "is named with its line and leaves nothing behind. What is over by now is left out.\n"
    "\n"
    "The second form is for a DIR that was restored from a backup: it ends the sessions that were revoked after the\n"
    "backup was taken, as a log-out does. No server may be using DIR.\n"
    "\n"
    "  --in FILE             the export; without it, standard input\n"
    "  --key-file FILE       keys as in encryption-key-file: DIR is encrypted with the first, and read with any\n"
    "  --revoked-since EXPORT  ends each session that this newer export of the same data does not show as it is in DIR\n"
    "                        (or with a time that is over); refused if it is older than the oldest full snapshot in DIR\n"
    "  --revoked-users FILE  ends all sessions of these users, one user id a line; says how many have none\n"
    "  --migrate             with keys: the second form reads plain files, too, as encryption-migrate yes does\n"
    "  --dry-run             only says how many sessions would end\n"
    "\n"
    "Exit code: 0, 1 when it is refused, 2 for a usage that makes no sense.\n";

// What a file system puts into each of its roots, and what an import that was killed leaves.
bool counts_as_nothing(const std::string& name) { return name == "lost+found" || name == storage::snapshot_part_name; }

LogResult<void> check_empty(const OpenedDirectory& directory) {
    auto names = directory.fs->list();
    if (!names) return storage::disk_refusal("cannot list", directory.path, names.error());
    std::sort(names->begin(), names->end());
    for (const std::string& name : *names)
        if (!counts_as_nothing(name))
            return storage::Refusal{directory.path + " is not empty, it has " + name +
                                    ": an import needs an empty or absent directory"};
    return {};
}

LogResult<ImportedState> import_from(InputFile& in, const OpenedDirectory& directory) {
    storage::SystemClock clock;
    storage::SystemRandom random;
    storage::RecoveryProgress progress;
    std::optional<ProgressLine> line;
    if (in.bytes()) {
        progress.bytes_total = *in.bytes();
        line.emplace("importing", progress);
    }
    ExportReader reader(
        [&](std::span<char> to) {
            auto got = in.read(to);
            if (got) progress.bytes_read += *got;
            return got;
        },
        in.name());
    StateOptions state;
    state.directory_name = directory.path;
    state.encryption = directory.encryption;
    state.now = clock.unix_ms();
    return import_state(*directory.fs, state, random, reader);
}

int import_whole(const ToolArgs& parsed) {
    const std::string& path = parsed.words()[0];
    auto in = InputFile::open(parsed.value("--in"));
    if (!in) return tool_failed("import", in.error().text, transfer_refused);
    const auto directory = open_directory(path, ToolAccess::make, {parsed.value("--key-file")});
    if (!directory) return tool_failed("import", directory.error().text, transfer_refused);
    if (const auto done = check_empty(*directory); !done) return tool_failed("import", done.error().text, transfer_refused);
    const auto imported = import_from(*in, *directory);
    if (!imported) return tool_failed("import", imported.error().text, transfer_refused);
    std::cerr << "imported " << transfer_words(imported->figures) << ", into " << path << "/" << imported->file << '\n';
    return transfer_done;
}

int revoke(const ToolArgs& parsed) {
    const RevokeFiles files{parsed.value("--revoked-since"), parsed.value("--revoked-users")};
    const auto line =
        end_revoked(parsed.words()[0], files, {parsed.value("--key-file"), parsed.has("--migrate")}, parsed.has("--dry-run"));
    if (!line) return tool_failed("import", line.error().text, transfer_refused);
    std::cout << *line << '\n';
    return transfer_done;
}

int run_import(const ToolArgs& args) {
    const bool revokes = args.has("--revoked-since") || args.has("--revoked-users");
    std::string wrong;
    if (revokes && args.has("--in")) wrong = "--in makes a directory, --revoked-... changes one: not both";
    if (wrong.empty() && !revokes && args.has("--dry-run")) wrong = "--dry-run needs --revoked-since or --revoked-users";
    if (!wrong.empty()) return tool_misused("import", wrong);
    return revokes ? revoke(args) : import_whole(args);
}

}  // namespace

const Tool import_tool{"import", "Makes a data directory from an export, or ends what a restored backup revived", import_help,
                       import_options, run_import};

}  // namespace server
