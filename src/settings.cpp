// SPDX-License-Identifier: MIT
// The current values of all settings. Changes are checked as a whole first, then applied, so a refused CONFIG SET alters nothing.
#include "src/settings.hpp"

#include <algorithm>

#include "resp/glob.hpp"

namespace server {
namespace {

bool same_name(std::string_view a, std::string_view b) {
    const auto fold = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return fold(x) == fold(y); });
}

std::size_t index_of(const SettingRow& row) { return static_cast<std::size_t>(&row - setting_rows().data()); }

// Settings that only make sense together. `texts` is what would be in force.
std::optional<std::string> conflict(const std::vector<std::string>& texts) {
    const auto number = [&](std::string_view name) {
        const SettingRow* row = find_setting(name);
        return parse_setting(*row, texts[index_of(*row)]).number;
    };
    const auto default_ttl = number("session-default-ttl"), max_ttl = number("session-max-ttl");
    if (max_ttl != 0 && (default_ttl == 0 || default_ttl > max_ttl))
        return "session-default-ttl must be between 1 ms and session-max-ttl, unless session-max-ttl is 0";
    if (number("wal-record-max") > number("wal-pending-bytes")) return "wal-record-max must not be above wal-pending-bytes";
    return std::nullopt;
}

std::string related(std::string_view name, const std::string& why) {
    return "CONFIG SET failed (possibly related to argument '" + std::string(name) + "') - " + why;
}

}  // namespace

std::string LockedText::get() const {
    const std::lock_guard lock(mutex_);
    return text_;
}

void LockedText::set(std::string_view text) {
    const std::lock_guard lock(mutex_);
    text_ = text;
}

const SettingRow* find_setting(std::string_view name) {
    for (const SettingRow& row : setting_rows())
        if (same_name(row.name, name)) return &row;
    return nullptr;
}

Settings::Settings() : texts_(setting_rows().size()) {
    for (const SettingRow& row : setting_rows()) {
        ParsedSetting parsed = parse_setting(row, row.default_text);
        apply(row, parsed.number, std::move(parsed.text));
    }
}

void Settings::apply(const SettingRow& row, std::int64_t number, std::string text) {
    if (row.kind == SettingKind::trigger) text = row.default_text;
    row.apply(values, number, text);
    texts_[index_of(row)] = std::move(text);
}

std::optional<std::string> Settings::set_at_start(std::string_view name, std::string_view value) {
    const SettingRow* row = find_setting(name);
    if (row == nullptr) return "unknown setting '" + std::string(name) + "'";
    ParsedSetting parsed = parse_setting(*row, value);
    if (parsed.error) {
        const std::string what = row->secret ? std::string(row->name) : std::string(row->name) + " '" + std::string(value) + "'";
        return "bad value for " + what + ": " + *parsed.error;
    }
    const std::lock_guard lock(mutex_);
    apply(*row, parsed.number, std::move(parsed.text));
    return std::nullopt;
}

std::optional<std::string> Settings::check_together() const {
    const std::lock_guard lock(mutex_);
    return conflict(texts_);
}

std::optional<std::string> Settings::set_live(std::span<const Change> changes) {
    std::vector<std::pair<const SettingRow*, ParsedSetting>> wanted;
    for (const auto& [name, value] : changes) {
        const SettingRow* row = find_setting(name);
        if (row == nullptr) return "Unknown option or number of arguments for CONFIG SET - '" + std::string(name) + "'";
        if (!row->live) return related(name, "can't set immutable config");
        for (const auto& [other, ignored] : wanted)
            if (other == row) return related(name, "duplicate parameter");
        wanted.emplace_back(row, parse_setting(*row, value));
        if (wanted.back().second.error) return related(name, *wanted.back().second.error);
    }
    {
        const std::lock_guard lock(mutex_);
        std::vector<std::string> texts = texts_;
        for (const auto& [row, parsed] : wanted) texts[index_of(*row)] = parsed.text;
        if (auto why = conflict(texts)) return related(changes.front().first, *why);
        for (const auto& [row, parsed] : wanted) {
            if (row->kind != SettingKind::trigger || parsed.number == 0 || !on_trigger_) continue;
            if (auto why = on_trigger_(*row)) return related(row->name, *why);
        }
        for (auto& [row, parsed] : wanted) apply(*row, parsed.number, std::move(parsed.text));
    }
    if (on_change_)
        for (const auto& [row, parsed] : wanted) on_change_(*row);
    return std::nullopt;
}

std::string Settings::text(std::string_view name) const {
    const SettingRow* row = find_setting(name);
    if (row == nullptr) return {};
    const std::lock_guard lock(mutex_);
    return texts_[index_of(*row)];
}

void Settings::each_matching(std::string_view glob,
                             storage::FunctionRef<void(const SettingRow&, const std::string&)> visit) const {
    for (const SettingRow& row : setting_rows()) {
        if (!resp::glob_matches(glob, row.name, true)) continue;
        const std::string now = text(row.name);
        visit(row, now);
    }
}

}  // namespace server
