// SPDX-License-Identifier: MIT
#include "src/tools/verify.hpp"

#include <array>
#include <iostream>

#include "src/tools/opened_directory.hpp"
#include "src/tools/progress_line.hpp"
#include "src/tools/words.hpp"

namespace server {

namespace {

constexpr std::array verify_options = {ToolOption{"--key-file", true}, ToolOption{"--migrate"}};

constexpr std::string_view verify_help =
    "Usage: tokmesh verify DIR [--key-file FILE [--migrate]]\n"
    "\n"
    "Reads all of a data directory: every snapshot with what it builds upon, every segment of the log, every record; and\n"
    "asks what a start would do with it. One line for each finding, and a summary. Changes nothing.\n"
    "\n"
    "  --key-file FILE  keys as in encryption-key-file, which sealed files need\n"
    "  --migrate        with keys: read plain files, too, as encryption-migrate yes does; nothing says who wrote those\n"
    "\n"
    "Exit code: 0 sound, 1 damaged (tokmesh repair is the way on), 2 it could not look (no such directory,\n"
    "no data in it, in use, no key).\n"
    "What a crash left at the log's end is no damage: a start sets it aside.\n";

// A wrong path, a disk that is not mounted, or all of it was moved away: nothing that could be called sound.
std::string no_data(const std::string& path, const storage::Survey& survey) {
    std::string text = path + ": holds no data";
    for (const std::string& name : survey.listing.lost)
        text += (&name == survey.listing.lost.data() ? ", only " : ", ") + storage::printable(name);
    return text;
}

std::string state_of(const storage::Outlook& outlook) {
    std::string text = "a start serves the state at LSN " + std::to_string(value(outlook.last));
    if (outlook.snapshot.empty()) return text + " from the log alone";
    return text + " from " + outlook.snapshot +
           (outlook.last > outlook.snapshot_last ? " and the log above it" : ", with nothing in the log above it");
}

}  // namespace

std::string verify_text(const std::string& path, const storage::Health& health) {
    std::string text;
    std::uint64_t damage = 0;
    for (const storage::Finding& finding : health.findings) {
        damage += finding.damage ? 1 : 0;
        text += (finding.damage ? "damage: " : "note: ") + finding.text + '\n';
    }
    const storage::Survey& survey = health.survey;
    std::uint64_t records = 0, in_snapshots = 0;
    for (const auto& segment : survey.segments) records += segment.records;
    for (const auto& snapshot : survey.snapshots) in_snapshots += snapshot.usable() ? snapshot.footer->records() : 0;
    text += "read: " + words::count(survey.snapshots.size(), "snapshot") + " with " + words::count(in_snapshots, "record") +
            ", " + words::count(survey.segments.size(), "segment") + " with " + words::count(records, "record") + ", " +
            words::bytes(survey.bytes()) + '\n';
    text += path + ": ";
    if (survey.segments.empty() && survey.snapshots.empty()) return text + "no data: a start begins an empty one\n";
    if (!health.outlook.starts())
        return text + "damaged, " + words::count(damage, "finding") + "; tokmesh repair says what can be saved\n";
    text += health.sound() ? "sound; " : "damaged, " + words::count(damage, "finding") + "; yet ";
    return text + state_of(health.outlook) + '\n';
}

namespace {

int run_verify(const ToolArgs& args) {
    const std::string& path = args.words()[0];
    const auto directory = open_directory(path, ToolAccess::read, {args.value("--key-file"), args.has("--migrate")});
    if (!directory) return tool_failed("verify", directory.error().text);
    storage::RecoveryProgress progress;
    const auto health = [&] {
        const ProgressLine line("verifying", progress);
        return storage::check_health(*directory->fs, directory->encryption, progress);
    }();
    if (!health) return tool_failed("verify", path + ": " + health.error().text);
    if (health->survey.segments.empty() && health->survey.snapshots.empty())
        return tool_failed("verify", no_data(path, health->survey));
    std::cout << verify_text(path, *health);
    std::cout.flush();
    if (!std::cout.good()) return tool_failed("verify", "cannot write the answer");
    return health->sound() ? tool_sound : tool_damaged;
}

}  // namespace

const Tool verify_tool{"verify", "Reads all of it and says by its exit code whether it is sound", verify_help, verify_options,
                       run_verify};

}  // namespace server
