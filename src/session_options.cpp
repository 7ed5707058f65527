// SPDX-License-Identifier: MIT
#include "src/session_options.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <unordered_map>

namespace server {

namespace {

constexpr auto relaxed = std::memory_order_relaxed;

constexpr std::array<std::string_view, 4> expiry_names{"TTL", "PX", "EXAT", "PXAT"};

std::string allowed_expiry(ExpiryWord word, const TtlLimits& limits) {
    const bool seconds = word == ExpiryWord::ttl || word == ExpiryWord::exat;
    const bool relative = word == ExpiryWord::ttl || word == ExpiryWord::px;
    const std::string unit = seconds ? " seconds" : " milliseconds";
    const std::int64_t divisor = seconds ? ms_per_s : 1;
    std::string text = relative ? "allowed 1.." + std::to_string((limits.latest - limits.now) / divisor) + unit
                                : "allowed a unix time after now and until " + std::to_string(limits.latest / divisor) + unit;
    if (limits.never_allowed) text += ", or 0 for never";
    return text;
}

}  // namespace

TtlLimits::TtlLimits(const storage::Settings& settings, storage::UnixMs at)
    : now(at), latest(session_limits::latest_ms), default_ms(settings.session_default_ttl_ms.load(relaxed)) {
    const std::int64_t max_ms = settings.session_max_ttl_ms.load(relaxed);
    never_allowed = max_ms == 0;
    if (!never_allowed) latest = std::min(latest, checked_add(now, max_ms).value_or(latest));
}

storage::UnixMs TtlLimits::default_expiry() const {
    if (default_ms == 0) return never_allowed ? 0 : latest;
    return std::min(latest, checked_add(now, default_ms).value_or(latest));
}

storage::UnixMs read_expiry(ArgReader& reader, ExpiryWord word, const TtlLimits& limits) {
    const std::string_view text = reader.value();
    if (reader.failed()) return 0;
    const bool seconds = word == ExpiryWord::ttl || word == ExpiryWord::exat;
    const bool relative = word == ExpiryWord::ttl || word == ExpiryWord::px;
    std::optional<std::int64_t> at = parse_int64(text);
    const bool never = at == 0;
    if (at && seconds) at = checked_multiply(*at, ms_per_s);
    if (at && relative && !never) at = *at > 0 ? checked_add(limits.now, *at) : std::nullopt;
    if (at && (never || *at > 0) && limits.allows(*at)) return *at;
    reader.bad_value(expiry_names[static_cast<std::size_t>(word)], allowed_expiry(word, limits));
    return 0;
}

std::int64_t read_idle_ms(ArgReader& reader, const TtlLimits& limits) {
    return reader.integer("IDLE", 0, std::min((limits.latest - limits.now) / ms_per_s, storage::idle_s_max)) * ms_per_s;
}

std::uint64_t read_version(ArgReader& reader) {
    return static_cast<std::uint64_t>(reader.integer("IFVERSION", 1, std::numeric_limits<std::int64_t>::max()));
}

std::optional<storage::SessionId> read_session_id(ArgReader& reader, std::string_view name) {
    const std::string_view text = reader.value();
    if (reader.failed()) return std::nullopt;
    auto id = storage::SessionId::parse(text);
    if (!id) reader.bad_value(name, "allowed tmss- and 26 characters of Crockford's base32");
    return id;
}

Page read_page(ArgReader& reader, std::int64_t count_max) {
    using namespace session_limits;
    const std::int64_t offset = reader.integer("LIMIT offset", 0, page_end_max);
    const std::int64_t count = reader.integer("LIMIT count", 0, count_max);
    if (offset + count > page_end_max) reader.bad_value("LIMIT", "allowed offset + count up to " + std::to_string(page_end_max));
    return {static_cast<std::uint64_t>(offset), static_cast<std::uint64_t>(count)};
}

std::string_view read_agent(ArgReader& reader) { return cut_utf8(reader.value(), session_limits::agent_bytes_max); }

DataFields read_data(ArgReader& reader, std::string_view name) {
    constexpr std::int64_t fields_max = 65'536;
    constexpr std::size_t few = 32;  // up to here comparing all with all is the quickest
    const Args pairs = reader.counted(name, 0, fields_max, 2);
    DataFields fields;
    std::unordered_map<std::string_view, std::size_t> places;
    for (std::size_t i = 0; i < pairs.size(); i += 2) {
        const storage::DataField field{pairs[i], pairs[i + 1]};
        if (pairs.size() / 2 > few) {
            const auto [at, fresh] = places.try_emplace(field.first, fields.size());
            if (fresh)
                fields.push_back(field);
            else
                fields[at->second] = field;
            continue;
        }
        const auto same = std::find_if(fields.begin(), fields.end(), [&](const auto& f) { return f.first == field.first; });
        if (same == fields.end())
            fields.push_back(field);
        else
            *same = field;
    }
    return fields;
}

bool is_token_form(std::string_view token) {
    if (token.size() < session_limits::token_bytes_min || token.size() > session_limits::token_bytes_max) return false;
    // Eight bytes at a time: one is below 0x20, or is 0x7f, when a borrow reaches its highest bit ("Bit Twiddling Hacks").
    constexpr std::uint64_t each = 0x0101010101010101ULL, high = each * 0x80;
    std::uint64_t control = 0;
    for (; token.size() >= 8; token.remove_prefix(8)) {
        std::uint64_t bytes = 0;
        std::memcpy(&bytes, token.data(), sizeof bytes);
        const std::uint64_t deleted = bytes ^ each * 0x7f;
        control |= ((bytes - each * 0x20) & ~bytes & high) | ((deleted - each) & ~deleted & high);
    }
    return control == 0 &&
           std::none_of(token.begin(), token.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

void Violations::length(std::string_view field, std::size_t bytes, std::size_t least, std::size_t most) {
    if (bytes >= least && bytes <= most) return;
    add(std::string(field) + " has " + std::to_string(bytes) + " bytes, allowed " + std::to_string(least) + ".." +
        std::to_string(most));
}

void Violations::data(std::span<const storage::DataField> fields, const storage::Settings& settings) {
    const std::size_t name_max = settings.session_data_name_bytes.load(relaxed);
    const std::size_t value_max = settings.session_data_value_bytes.load(relaxed);
    const std::size_t total_max = settings.session_data_bytes.load(relaxed);
    std::size_t total = 0;
    for (std::size_t i = 0; i < fields.size(); ++i) {
        const auto& [name, value] = fields[i];
        total += name.size() + value.size();
        const bool named = !name.empty() && name.size() <= name_max && value.size() <= value_max;
        if (named) continue;
        const std::string number = std::to_string(i + 1);
        length("data name " + number, name.size(), 1, name_max);
        length("data value " + number, value.size(), 0, value_max);
    }
    length("data in all", total, 0, total_max);
}

std::string Violations::error() const {
    std::string text = "TM-SESS-4001 " + named_;
    if (count_ > named_max) text += "; and " + std::to_string(count_ - named_max) + " more";
    return text;
}

void Violations::add(std::string_view violation) {
    if (++count_ > named_max) return;
    if (count_ > 1) named_ += "; ";
    named_ += violation;
}

}  // namespace server
