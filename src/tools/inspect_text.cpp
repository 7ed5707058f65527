// SPDX-License-Identifier: MIT
// The answer of inspect for people: one line a file.
#include "src/tools/inspect.hpp"
#include "src/tools/survey_words.hpp"
#include "src/tools/words.hpp"

namespace server {

namespace {

using storage::value;

std::string seal(const storage::SealName& name) {
    return name.sealed() ? words::cipher(name) + " key '" + words::key_id(name) + "'" : "plain";
}

std::string line_of(const storage::SnapshotFacts& facts) {
    std::string line = "  " + facts.name + "  " + words::bytes(facts.bytes);
    if (facts.header) {
        const auto& header = *facts.header;
        line += "  S0 " + std::to_string(value(header.begun_at)) + " S1 " + std::to_string(value(facts.named));
        if (facts.footer) line += "  " + words::count(facts.footer->records(), "record");
        line += header.full() ? "  full" : "  incremental, upon LSN " + std::to_string(value(header.base_last));
        line += std::string("  ") + (facts.compressed ? "zstd" : "not compressed") + "  epoch " + std::to_string(header.epoch) +
                "  " + seal(header.seal);
    }
    line += '\n';
    if (facts.damaged())
        line += "    damaged: " + (facts.fault ? facts.fault->text : facts.chain_fault) + '\n';
    else if (facts.fault)
        line += "    not opened: " + facts.fault->text + '\n';
    return line;
}

std::string line_of(const storage::SegmentFacts& facts) {
    std::string line = "  " + facts.name + "  " + words::bytes(facts.bytes);
    if (facts.header) {
        line += "  " + words::lsns(facts.header->first_lsn, facts.last) + "  " + words::count(facts.records, "record") +
                "  epoch " + std::to_string(facts.header->epoch) + "  " + seal(facts.header->seal) +
                "  ends: " + words::end_of(facts);
        if (facts.end == storage::wal::ReadEnd::torn) line += " at byte " + std::to_string(facts.end_offset);
    }
    line += '\n';
    for (const storage::BadPlace& place : facts.bad)
        line += "    bad at byte " + std::to_string(place.offset) + ": " + place.what + '\n';
    if (facts.bad_places > facts.bad.size())
        line += "    and " + words::count(facts.bad_places - facts.bad.size(), "bad place") + " more\n";
    if (facts.bad_places > 0 && facts.runs.size() > 1)
        for (const storage::LsnRun& run : facts.runs) line += "    can be read: " + words::lsns(run.first, run.last) + '\n';
    return line;
}

std::string lines_of(const std::string& title, const std::vector<storage::NamedBytes>& files) {
    if (files.empty()) return {};
    std::string text = title + ":\n";
    for (const storage::NamedBytes& file : files)
        text += "  " + storage::printable(file.name) + "  " + words::bytes(file.bytes) + '\n';
    return text;
}

std::string damage_of(const storage::Survey& survey) {
    const auto bad = survey.first_bad();
    if (!bad) return "first bad byte: none\n";
    return "first bad byte: " + bad->file + " at byte " + std::to_string(bad->offset) + ": " + bad->what +
           (bad->trace_of_crash ? " (what a crash leaves; a start sets it aside)\n" : "\n");
}

}  // namespace

std::string inspect_text(const std::string& path, const storage::Survey& survey) {
    const std::string id = words::directory_id(survey);
    std::string text = path + ": " + (id.empty() ? "no data" : "data directory " + id) + ", last LSN " +
                       std::to_string(value(survey.last())) + ", durable in the log up to LSN " +
                       std::to_string(value(survey.durable())) + '\n';
    if (!survey.snapshots.empty()) text += "snapshots:\n";
    for (const auto& each : survey.snapshots) text += line_of(each);
    if (!survey.segments.empty()) text += "segments:\n";
    for (const auto& each : survey.segments) text += line_of(each);
    text += lines_of("spares", survey.spares) + lines_of("leftovers, which a start removes", survey.leftovers);
    if (!survey.listing.lost.empty()) text += "set aside earlier:\n";
    for (const std::string& name : survey.listing.lost) text += "  " + storage::printable(name) + '\n';
    const auto ids = survey.key_ids();
    text += "keys needed: ";
    for (const std::string& key : ids) text += (key == *ids.begin() ? "" : ", ") + words::one_line(key);
    text += ids.empty() ? "none\n" : "\n";
    text += "total: " + words::count(survey.snapshots.size(), "snapshot") + ", " +
            words::count(survey.segments.size(), "segment") + ", " + words::bytes(survey.bytes()) + '\n';
    return text + damage_of(survey);
}

}  // namespace server
