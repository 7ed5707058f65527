// SPDX-License-Identifier: MIT
// Parses values of settings; the error texts are Redis's where Redis has one.
#include "src/settings_values.hpp"

#include <arpa/inet.h>

#include <array>
#include <bit>
#include <charconv>
#include <limits>
#include <sstream>
#include <utility>
#include <vector>

#include "src/args.hpp"
#include "src/settings.hpp"

namespace server {
namespace {

using Unit = std::pair<std::string_view, std::int64_t>;

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
    return out;
}

std::optional<std::int64_t> parse_integer(std::string_view text, int base = 10) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

template <std::size_t N>
std::optional<std::int64_t> parse_with_unit(std::string_view text, const std::array<Unit, N>& units) {
    const std::string small = lower(text);
    const std::size_t digits = small.find_first_not_of("0123456789");
    const std::string_view unit = digits == std::string::npos ? std::string_view() : std::string_view(small).substr(digits);
    const auto number = parse_integer(std::string_view(small).substr(0, digits));
    if (!number || *number < 0) return std::nullopt;
    for (const auto& [name, factor] : units) {
        if (unit != name) continue;
        if (*number > std::numeric_limits<std::int64_t>::max() / factor) return std::nullopt;
        return *number * factor;
    }
    return std::nullopt;
}

std::vector<std::string> split_words(std::string_view text) {
    std::istringstream in{std::string(text)};
    std::vector<std::string> words;
    for (std::string word; in >> word;) words.push_back(word);
    return words;
}

std::string choices_text(std::string_view choices) {
    std::string text = "argument(s) must be one of the following: ";
    for (const char c : choices) {
        if (c == '|') {
            text += ", ";
        } else {
            text += c;
        }
    }
    return text;
}

bool is_choice(std::string_view choices, std::string_view value) {
    while (!choices.empty()) {
        const std::size_t bar = choices.find('|');
        if (choices.substr(0, bar) == value) return true;
        if (bar == std::string_view::npos) break;
        choices.remove_prefix(bar + 1);
    }
    return false;
}

ParsedSetting failed(std::string why) { return {0, {}, std::move(why)}; }

ParsedSetting parse_number(const SettingRow& row, std::string_view value) {
    std::optional<std::int64_t> number;
    switch (row.kind) {
        case SettingKind::bytes: number = parse_bytes(value); break;
        case SettingKind::seconds: {
            const auto ms = parse_duration_ms(value);
            if (ms && *ms % 1000 == 0) number = *ms / 1000;
            break;
        }
        case SettingKind::milliseconds: number = parse_duration_ms(value); break;
        case SettingKind::octal: number = parse_integer(value, 8); break;
        default: number = parse_int64(value);  // as Redis: no 01, no -0
    }
    if (!number) {
        if (row.kind == SettingKind::bytes) return failed("argument must be a memory value");
        if (row.kind == SettingKind::octal) return failed("argument couldn't be parsed into an octal number");
        if (row.kind == SettingKind::integer) return failed("argument couldn't be parsed into an integer");
        return failed("argument must be a duration: seconds, or a number with ms, s, m, h or d");
    }
    if (*number < row.min || *number > row.max) {
        const bool durations = row.kind == SettingKind::milliseconds;
        const std::string low = durations ? duration_text(row.min) : std::to_string(row.min);
        const std::string high = durations ? duration_text(row.max) : std::to_string(row.max);
        return failed("argument must be between " + low + " and " + high + " inclusive");
    }
    ParsedSetting parsed{*number, std::to_string(*number), std::nullopt};
    if (row.kind == SettingKind::milliseconds) parsed.text = duration_text(*number);
    if (row.kind == SettingKind::octal) parsed.text = std::string(value);
    return parsed;
}

}  // namespace

std::optional<std::int64_t> parse_bytes(std::string_view text) {
    constexpr std::int64_t k = 1000, kb = 1024;
    constexpr std::array<Unit, 8> units{
        {{"", 1}, {"b", 1}, {"k", k}, {"kb", kb}, {"m", k * k}, {"mb", kb * kb}, {"g", k * k * k}, {"gb", kb * kb * kb}}};
    return parse_with_unit(text, units);
}

std::optional<std::int64_t> parse_duration_ms(std::string_view text) {
    constexpr std::array<Unit, 6> units{{{"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
    return parse_with_unit(text, units);
}

std::string duration_text(std::int64_t ms) { return ms % 1000 == 0 ? std::to_string(ms / 1000) : std::to_string(ms) + "ms"; }

std::optional<OutputLimitText> parse_output_limit(std::string_view text) {
    const auto words = split_words(text);
    if (words.size() != 4 || lower(words[0]) != "normal") return std::nullopt;
    const auto hard = parse_bytes(words[1]), soft = parse_bytes(words[2]), seconds = parse_integer(words[3]);
    if (!hard || !soft || !seconds || *seconds < 0) return std::nullopt;
    return OutputLimitText{static_cast<std::uint64_t>(*hard), static_cast<std::uint64_t>(*soft),
                           static_cast<std::uint64_t>(*seconds)};
}

std::optional<std::string> check_bind(std::string_view text) {
    const auto words = split_words(text);
    if (words.empty() || words.size() > 16) return "between 1 and 16 addresses";
    for (std::string word : words) {
        if (word.starts_with('-')) word.erase(0, 1);
        std::array<unsigned char, 16> bytes{};
        const bool wildcard = word == "*" || word == "::*";
        if (!wildcard && inet_pton(AF_INET, word.c_str(), bytes.data()) != 1 &&
            inet_pton(AF_INET6, word.c_str(), bytes.data()) != 1)
            return "'" + word + "' is not an IPv4 or IPv6 address";
    }
    return std::nullopt;
}

std::optional<std::string> check_output_limit(std::string_view text) {
    if (parse_output_limit(text)) return std::nullopt;
    return "must be 'normal <hard limit> <soft limit> <soft seconds>'";
}

std::optional<std::string> check_power_of_two(std::string_view text) {
    const auto number = parse_integer(text);
    if (number && std::has_single_bit(static_cast<std::uint64_t>(*number))) return std::nullopt;
    return "argument must be a power of two";
}

ParsedSetting parse_setting(const SettingRow& row, std::string_view value) {
    ParsedSetting parsed;
    switch (row.kind) {
        case SettingKind::yes_no:
        case SettingKind::trigger:
            parsed.text = lower(value);
            if (parsed.text != "yes" && parsed.text != "no") return failed("argument must be 'yes' or 'no'");
            parsed.number = parsed.text == "yes" ? 1 : 0;
            break;
        case SettingKind::choice:
            parsed.text = lower(value);
            if (!is_choice(row.choices, parsed.text)) return failed(choices_text(row.choices));
            break;
        case SettingKind::text:
            parsed.text = std::string(value);
            if (static_cast<std::int64_t>(value.size()) > row.max && row.max == 0)
                return failed("only the empty value \"\" is supported: " + std::string(row.why));
            if (static_cast<std::int64_t>(value.size()) < row.min || static_cast<std::int64_t>(value.size()) > row.max)
                return failed("argument must be " + std::to_string(row.min) + " to " + std::to_string(row.max) + " bytes long");
            break;
        default: parsed = parse_number(row, value);
    }
    if (!parsed.error && row.check != nullptr) parsed.error = row.check(parsed.text);
    if (!parsed.error && row.check == check_output_limit) {
        const auto limit = *parse_output_limit(parsed.text);
        parsed.text = "normal " + std::to_string(limit.hard_bytes) + ' ' + std::to_string(limit.soft_bytes) + ' ' +
                      std::to_string(limit.soft_seconds);
    }
    return parsed;
}

}  // namespace server
