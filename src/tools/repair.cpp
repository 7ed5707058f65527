// SPDX-License-Identifier: MIT
#include "src/tools/repair.hpp"

#include <array>
#include <iostream>

#include "src/tools/opened_directory.hpp"
#include "src/tools/progress_line.hpp"
#include "src/tools/verify.hpp"
#include "src/tools/words.hpp"
#include "storage/repair.hpp"

namespace server {

namespace {

constexpr std::array repair_options = {ToolOption{"--apply"}, ToolOption{"--empty"}, ToolOption{"--key-file", true},
                                       ToolOption{"--migrate"}};

constexpr std::string_view repair_help =
    "Usage: tokmesh repair DIR [--apply [--empty]] [--key-file FILE [--migrate]]\n"
    "\n"
    "Says how a damaged data directory becomes one that starts: which state can be saved, which LSNs are lost, which\n"
    "files are moved to lost-<UTC time>/ in it. Without --apply nothing is changed. Nothing is deleted in any case.\n"
    "\n"
    "  --apply          do it\n"
    "  --empty          even where nothing at all can be saved and the directory would be empty\n"
    "  --key-file FILE  keys as in encryption-key-file, which sealed files need\n"
    "  --migrate        with keys: read plain files, too, as encryption-migrate yes does; nothing says who wrote those\n"
    "\n"
    "Exit code: 0 nothing is wrong, or it is repaired; 1 it is damaged, and was not repaired (without --apply, always);\n"
    "2 it could not look (no such directory, in use, no key).\n";

std::string_view why_dropped(storage::DroppedWhy why) {
    switch (why) {
        case storage::DroppedWhy::unreadable: break;
        case storage::DroppedWhy::unknown:
            return ", sound, but of no kind that this version knows; a newer version may read it\n";
        case storage::DroppedWhy::no_state: return ", which can be read but come after what is lost\n";
    }
    return ", which cannot be read\n";
}

std::string dropped_text(const storage::RepairPlan& plan) {
    std::string text;
    for (const storage::DroppedLsns& range : plan.dropped) {
        if (range.open()) {
            text += "dropped: LSN " + std::to_string(value(range.first)) + " and on; how far they went cannot be told\n";
            continue;
        }
        text += "dropped: " + words::lsns(range.first, range.last) + std::string(why_dropped(range.why));
    }
    if (text.empty()) return "dropped: no LSN\n";
    return text;
}

std::string saved_text(const storage::RepairPlan& plan) {
    if (plan.saves_nothing())
        return "saved: NOTHING. No snapshot can be loaded and no log begins at LSN 1: the directory would be empty\n";
    std::string text = "saved: the state at LSN " + std::to_string(value(plan.last));
    text += plan.base.empty() ? ", from the log" : ", from " + plan.base;
    if (!plan.base.empty() && plan.last > plan.base_last) text += " and the log above it";
    if (plan.last < plan.highest) text += "; the state goes back to it from LSN " + std::to_string(value(plan.highest));
    return text + '\n';
}

// After the apply, with fresh eyes.
int verify_again(OpenedDirectory& directory) {
    storage::RecoveryProgress progress;
    const ProgressLine line("verifying", progress);
    const auto health = storage::check_health(*directory.fs, directory.encryption, progress);
    if (!health) return tool_failed("repair", directory.path + ": repaired, but cannot be verified: " + health.error().text);
    std::cout << verify_text(directory.path, *health);
    return health->sound() ? tool_sound : tool_damaged;
}

int apply(OpenedDirectory& directory, const storage::RepairPlan& plan, const storage::Survey& survey) {
    storage::SystemClock clock;
    storage::SystemRandom random;
    storage::RecoveryProgress progress;
    const auto repaired = [&] {
        const ProgressLine line("repairing", progress);
        return storage::apply_repair(*directory.fs, plan, survey, directory.encryption, clock, random, progress);
    }();
    if (!repaired)
        return tool_failed("repair", directory.path + ": not finished: " + repaired.error().text + " (it can be started again)",
                           tool_damaged);
    if (!repaired->snapshot.empty())
        std::cout << "wrote " << repaired->snapshot << " with " << words::count(repaired->records, "record") << '\n';
    if (!repaired->lost_directory.empty())
        std::cout << "moved " << words::count(plan.moved.size(), "file") << " to " << repaired->lost_directory << '\n';
    return verify_again(directory);
}

int repair(OpenedDirectory& directory, bool really, bool may_be_empty) {
    storage::RecoveryProgress progress;
    const auto health = [&] {
        const ProgressLine line("reading", progress);
        return storage::check_health(*directory.fs, directory.encryption, progress);
    }();
    if (!health) return tool_failed("repair", directory.path + ": " + health.error().text);
    const auto plan = storage::plan_repair(*directory.fs, *health, directory.encryption, progress);
    if (!plan) return tool_failed("repair", directory.path + ": " + plan.error().text);
    for (const storage::Finding& finding : health->findings)
        std::cout << (finding.damage ? "damage: " : "note: ") << finding.text << '\n';
    std::cout << plan_text(directory.path, *plan, really);
    std::cout.flush();
    if (!std::cout.good()) return tool_failed("repair", "cannot write the answer");  // nobody has read what would be lost
    if (!plan->needed) return tool_sound;
    if (!plan->impossible.empty() || !really) return tool_damaged;
    if (plan->saves_nothing() && !may_be_empty)
        return tool_failed("repair",
                           directory.path +
                               ": nothing was changed: nothing can be saved; --apply --empty moves it all away, and a "
                               "start begins an empty one",
                           tool_damaged);
    return apply(directory, *plan, health->survey);
}

}  // namespace

std::string plan_text(const std::string& path, const storage::RepairPlan& plan, bool apply) {
    if (!plan.needed) return path + ": nothing is to be repaired\n";
    if (!plan.impossible.empty()) return path + ": cannot be repaired: " + plan.impossible + '\n';
    std::string text = saved_text(plan) + dropped_text(plan);
    for (const storage::MovedFile& file : plan.moved)
        text += "moved: " + file.name + ", " + words::bytes(file.bytes) + ": " + file.why + '\n';
    if (plan.writes_snapshot) text += "written: a snapshot of the state at LSN " + std::to_string(value(plan.last)) + '\n';
    text += path + ": " + words::count(plan.moved.size(), "file") + ", " + words::bytes(plan.moved_bytes());
    return text +
           (apply ? " go to lost-<UTC time>/\n" : " would go to lost-<UTC time>/; nothing was changed (--apply does it)\n");
}

namespace {

int run_repair(const ToolArgs& args) {
    const bool really = args.has("--apply");
    if (args.has("--empty") && !really) return tool_misused("repair", "--empty needs --apply");
    auto directory = open_directory(args.words()[0], really ? ToolAccess::change : ToolAccess::read,
                                    {args.value("--key-file"), args.has("--migrate")});
    if (!directory) return tool_failed("repair", directory.error().text);
    return repair(*directory, really, args.has("--empty"));
}

}  // namespace

const Tool repair_tool{"repair", "Says what can be saved of a damaged one and what is lost; with --apply makes it start",
                       repair_help, repair_options, run_repair};

}  // namespace server
