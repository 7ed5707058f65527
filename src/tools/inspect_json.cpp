// SPDX-License-Identifier: MIT
// The answer of inspect for programs. Fields are added, never renamed.
#include <boost/json.hpp>

#include "src/json_text.hpp"
#include "src/tools/inspect.hpp"
#include "src/tools/survey_words.hpp"

namespace server {

namespace {

namespace json = boost::json;
using storage::value;

json::value seal_of(const storage::SealName& seal) {
    if (!seal.sealed()) return nullptr;
    return json::object{{"cipher", words::cipher(seal)}, {"key_id", words::key_id(seal)}};
}

json::array bad_places(const storage::SegmentFacts& facts) {
    json::array places;
    for (const storage::BadPlace& place : facts.bad) places.push_back({{"offset", place.offset}, {"what", place.what}});
    return places;
}

json::array runs(const storage::SegmentFacts& facts) {
    json::array all;
    for (const storage::LsnRun& run : facts.runs) all.push_back({{"first_lsn", value(run.first)}, {"last_lsn", value(run.last)}});
    return all;
}

json::object segment(const storage::SegmentFacts& facts) {
    json::object object{{"name", facts.name}, {"bytes", facts.bytes}, {"header", facts.header.has_value()}};
    if (facts.header) {
        object["epoch"] = facts.header->epoch;
        object["first_lsn"] = value(facts.header->first_lsn);
        object["last_lsn"] = value(facts.last);
        object["predecessor_last_lsn"] = value(facts.header->predecessor_last);
        object["predecessor_bytes"] = facts.header->predecessor_length;
        object["sealed"] = seal_of(facts.header->seal);
        object["records"] = facts.records;
        object["durable_lsn"] = value(facts.durable);
        object["end"] = words::end_of(facts);
        object["end_offset"] = facts.end_offset;
        object["readable"] = runs(facts);
    }
    object["bad_places"] = facts.bad_places;
    object["bad"] = bad_places(facts);
    return object;
}

json::object snapshot(const storage::SnapshotFacts& facts) {
    json::object object{{"name", facts.name}, {"bytes", facts.bytes}, {"last_lsn", value(facts.named)}};
    if (facts.header) {
        object["begun_at_lsn"] = value(facts.header->begun_at);
        object["created_at_ms"] = facts.header->created_at;
        object["epoch"] = facts.header->epoch;
        object["kind"] = facts.header->full() ? "full" : "incremental";
        if (!facts.header->full()) object["base_last_lsn"] = value(facts.header->base_last);
        object["sealed"] = seal_of(facts.header->seal);
        object["compression"] = facts.compressed ? "zstd" : "none";
    }
    if (facts.footer) {
        object["records"] = facts.footer->records();
        object["sessions"] = facts.footer->sessions;
        object["strings"] = facts.footer->strings;
        object["dead"] = facts.footer->dead;
    } else {
        object["records"] = nullptr;
    }
    object["damaged"] = facts.damaged();
    object["fault"] = facts.fault ? json::value(facts.fault->text) : json::value(nullptr);
    object["chain_fault"] = facts.chain_fault.empty() ? json::value(nullptr) : json::value(facts.chain_fault);
    return object;
}

json::array sized(const std::vector<storage::NamedBytes>& files) {
    json::array all;
    for (const storage::NamedBytes& file : files) all.push_back({{"name", storage::printable(file.name)}, {"bytes", file.bytes}});
    return all;
}

json::value first_bad(const storage::Survey& survey) {
    const auto bad = survey.first_bad();
    if (!bad) return nullptr;
    return json::object{
        {"file", bad->file}, {"offset", bad->offset}, {"what", bad->what}, {"trace_of_crash", bad->trace_of_crash}};
}

}  // namespace

std::string inspect_json(const std::string& path, const storage::Survey& survey) {
    json::array segments, snapshots, lost, key_ids;
    for (const auto& each : survey.segments) segments.push_back(segment(each));
    for (const auto& each : survey.snapshots) snapshots.push_back(snapshot(each));
    for (const std::string& name : survey.listing.lost) lost.emplace_back(storage::printable(name));
    for (const std::string& id : survey.key_ids()) key_ids.emplace_back(words::one_line(id));
    const json::object object{{"directory", is_utf8(path) ? path : words::one_line(path)},
                              {"directory_id", words::directory_id(survey)},
                              {"durable_lsn", value(survey.durable())},
                              {"last_lsn", value(survey.last())},
                              {"bytes", survey.bytes()},
                              {"snapshots", snapshots},
                              {"segments", segments},
                              {"spares", sized(survey.spares)},
                              {"leftovers", sized(survey.leftovers)},
                              {"lost", lost},
                              {"key_ids_needed", key_ids},
                              {"first_bad", first_bad(survey)}};
    return json::serialize(object) + "\n";
}

}  // namespace server
