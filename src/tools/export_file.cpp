// SPDX-License-Identifier: MIT
#include "src/tools/export_file.hpp"

#include <algorithm>
#include <new>
#include <vector>

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parser.hpp>

#include "src/tools/limited_memory.hpp"
#include "src/tools/line_fields.hpp"

namespace server {

namespace {

constexpr std::uint64_t export_version = 1;
constexpr storage::UnixMs clock_ahead_max_ms = 24LL * 3600 * 1000;
constexpr std::size_t write_bytes = 256U << 10;
constexpr std::size_t read_bytes = 256U << 10;
constexpr std::size_t depth_max = 4;                           // an object, its data, one of its values
constexpr std::size_t monotonic_bytes = 1024;                  // at first
constexpr std::size_t memory_max = 4 * export_line_bytes_max;  // for a line as values

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }

std::string hex_of(const storage::Sha256::Value& value) {
    return hex({reinterpret_cast<const unsigned char*>(value.data()), value.size()});
}

// Of sound JSON.
std::size_t names_in(std::string_view json) {
    std::size_t names = 0;
    bool quoted = false;
    for (std::size_t at = 0; at < json.size(); ++at) {
        const char c = json[at];
        if (c == '"') quoted = !quoted;
        if (c == '\\') ++at;  // only in strings
        if (c == ':' && !quoted) ++names;
    }
    return names;
}

std::size_t names_in(const boost::json::value& value) {
    std::size_t names = 0;
    std::vector<const boost::json::value*> left{&value};
    while (!left.empty()) {
        const boost::json::value* const next = left.back();
        left.pop_back();
        if (const auto* array = next->if_array())
            for (const auto& element : *array)
                if (element.is_structured()) left.push_back(&element);
        const auto* object = next->if_object();
        if (object == nullptr) continue;
        names += object->size();
        for (const auto& field : *object)
            if (field.value().is_structured()) left.push_back(&field.value());
    }
    return names;
}

}  // namespace

// ---- writing ----

void ExportWriter::header(const ExportHeader& header) {
    buffer_ += "{\"tokmesh_export\":" + std::to_string(export_version) + ",\"directory\":\"" + hex(header.directory) +
               "\",\"last_lsn\":" + std::to_string(storage::value(header.last)) + ",\"time_ms\":" + std::to_string(header.now);
    if (header.token_secret != storage::TokenSecret{}) buffer_ += ",\"token_secret\":\"" + hex(header.token_secret) + '"';
    if (header.db) buffer_ += ",\"db\":" + std::to_string(*header.db);
    buffer_ += "}\n";
}

storage::Result<void> ExportWriter::record(const storage::SnapshotEntry& entry) {
    append_line(buffer_, entry);
    ++records_;
    return buffer_.size() < write_bytes ? storage::Result<void>() : hand_on();
}

storage::Result<void> ExportWriter::hand_on() {
    sha256_.add(bytes_of(buffer_));
    bytes_ += buffer_.size();
    auto done = write_(buffer_);
    buffer_.clear();
    return done;
}

storage::Result<void> ExportWriter::end() {
    if (auto done = hand_on(); !done) return done;
    buffer_ = "{\"end\":true,\"records\":" + std::to_string(records_) + ",\"sha256\":\"" + hex_of(sha256_.so_far()) + "\"}\n";
    return hand_on();
}

// ---- reading ----

storage::Refusal ExportReader::fault(const std::string& what) const {
    return {name_ + ":" + std::to_string(line_) + ": " + what};
}

storage::Refusal ExportReader::cut_off() const {
    return {name_ + " ends after line " + std::to_string(line_) +
            R"( without its last line {"end":true,...}: it was cut off, or is no export)"};
}

LogResult<bool> ExportReader::fill() {
    buffer_.erase(0, at_);
    at_ = 0;
    const std::size_t before = buffer_.size();
    if (before > export_line_bytes_max) {
        ++line_;
        return fault("the line is longer than " + std::to_string(export_line_bytes_max) + " bytes, which no record needs");
    }
    buffer_.resize(before + std::max(read_bytes, before));  // a long line is moved and searched a few times, not at each read
    const auto got = read_(std::span(buffer_).subspan(before));
    buffer_.resize(before + (got ? *got : 0));
    if (!got) return storage::disk_refusal("cannot read", name_, got.error());
    return *got != 0;
}

LogResult<std::optional<std::string_view>> ExportReader::line() {
    for (std::size_t searched = 0;;) {
        const std::size_t end = buffer_.find('\n', at_ + searched);
        if (end != std::string::npos) {
            const std::string_view line = std::string_view(buffer_).substr(at_, end - at_);
            at_ = end + 1;
            bytes_ += line.size() + 1;
            ++line_;
            return std::optional(line);
        }
        searched = buffer_.size() - at_;
        const auto more = fill();
        if (!more) return more.error();
        if (*more) continue;
        if (searched == 0) return std::optional<std::string_view>();
        return cut_off();  // in the midst of a line
    }
}

LogResult<void> ExportReader::parse_value(std::string_view line) {
    boost::json::parse_options options;
    options.max_depth = depth_max;
    boost::system::error_code error;
    parsed_.reset();  // its memory goes first
    const auto memory = boost::json::make_shared_resource<LimitedMemory>(memory_max);
    try {
        boost::json::parser parser(memory, options);
        parser.reset(boost::json::make_shared_resource<boost::json::monotonic_resource>(monotonic_bytes, memory));
        parser.write(line.data(), line.size(), error);
        if (error) return fault("not JSON: " + error.message());
        parsed_.emplace(parser.release());  // moved: where it stands
        if (names_in(line) != names_in(*parsed_)) return fault("a field, or a name of 'data', is there twice");
    } catch (const std::bad_alloc&) {
        return fault("takes more memory than any record needs");
    }
    return {};
}

LogResult<const boost::json::object*> ExportReader::parse(std::string_view line) {
    if (auto done = parse_value(line); !done) return done.error();
    if (!parsed_->is_object()) return fault("must be a JSON object");
    return &parsed_->get_object();
}

LogResult<ExportHeader> ExportReader::header() {
    const auto first = line();
    if (!first) return first.error();
    if (!*first) return cut_off();
    const auto object = parse(**first);
    if (!object) return object.error();
    sha256_.add(bytes_of(**first));
    sha256_.add(bytes_of("\n"));
    LineFields fields(**object, record_.decoded);
    if (!fields.has("tokmesh_export")) return fault(R"(an export begins with {"tokmesh_export":1,...}: this is none)");
    const std::uint64_t version = fields.number("tokmesh_export", 1, UINT64_MAX);
    if (version > export_version) return fault("written by a newer version: tokmesh_export " + std::to_string(version));
    fields.bytes("directory", header_.directory);
    header_.last = storage::Lsn{fields.number("last_lsn", 0, storage::value(storage::lsn_start_max))};
    header_.now = static_cast<storage::UnixMs>(fields.number("time_ms", 0, storage::clock_max));
    if (fields.has("token_secret")) fields.bytes("token_secret", header_.token_secret);
    if (fields.has("db")) header_.db = static_cast<storage::DbIndex>(fields.number("db", 0, storage::db_count - 1));
    if (const auto wrong = fields.fault()) return fault(*wrong);
    return header_;
}

LogResult<ExportHeader> ExportReader::header_at(storage::UnixMs now) {
    auto found = header();
    if (found && found->now > now + clock_ahead_max_ms)
        return fault("field 'time_ms' is more than a day ahead of this machine's clock; set that first");
    return found;
}

LogResult<void> ExportReader::check_end(const storage::Sha256::Value& of_lines_before) {
    LineFields fields(parsed_->get_object(), record_.decoded);
    storage::TokenHash sha256{};
    (void)fields.yes("end");
    const std::uint64_t records = fields.number("records", 0, UINT64_MAX);
    fields.bytes("sha256", sha256);
    if (const auto wrong = fields.fault()) return fault(*wrong);
    if (records != records_)
        return fault("the export had " + std::to_string(records) + " records, here are " + std::to_string(records_));
    if (hex(sha256) != hex_of(of_lines_before)) return fault("the SHA-256 of the lines before is another one: they were changed");
    const auto behind = line();
    if (!behind || *behind) return fault("nothing may follow the last line of an export");
    return {};
}

LogResult<const storage::SnapshotEntry*> ExportReader::next() {
    const auto text = line();
    if (!text) return text.error();
    if (!*text) return cut_off();
    const auto object = parse(**text);
    if (!object) return object.error();
    if ((*object)->contains("end")) {
        if (auto done = check_end(sha256_.so_far()); !done) return done.error();
        return LogResult<const storage::SnapshotEntry*>(boost::system::in_place_value, nullptr);
    }
    sha256_.add(bytes_of(**text));
    sha256_.add(bytes_of("\n"));
    if (const auto wrong = take_line(**object, record_)) return fault(*wrong);
    storage::SnapshotEntry& entry = record_.entry;
    if (header_.db && entry.db != *header_.db)
        return fault("field 'db' must be " + std::to_string(*header_.db) + ", as the header says");
    if (storage::value(entry.lsn) == 0) entry.lsn = storage::Lsn{std::max<std::uint64_t>(1, storage::value(header_.last))};
    if (entry.lsn > header_.last && storage::value(entry.lsn) > 1)
        return fault("field 'lsn' must be at most " + std::to_string(storage::value(header_.last)) + ", the header's last_lsn");
    ++records_;
    return &entry;
}

}  // namespace server
