// SPDX-License-Identifier: MIT
// redis.conf syntax: one directive a line, # comments, quotes as in inline commands, include with globs.
#include "src/config_file.hpp"

#include <glob.h>

#include <filesystem>
#include <fstream>
#include <istream>
#include <iterator>

#include "resp/quoted_words.hpp"

namespace server {
namespace {

constexpr std::size_t file_bytes_max = 1024 * 1024;
constexpr int include_depth_max = 16;

struct Place {
    const std::string& file;
    std::size_t line;
    std::string operator()(const std::string& why) const { return file + ":" + std::to_string(line) + ": " + why; }
};

std::optional<std::string> read_limited(std::istream& in, std::string& text) {
    text.assign(std::istreambuf_iterator<char>(in), {});
    if (text.size() > file_bytes_max) return "larger than 1 MiB";
    return std::nullopt;
}

std::optional<std::string> load_file(Settings& settings, const std::string& path, const std::optional<Place>& from, int depth) {
    std::error_code error;
    std::ifstream in(path);
    if (std::filesystem::is_directory(path, error) || !in) {
        const std::string why = "cannot read " + path;
        return from ? (*from)(why) : why;
    }
    std::string text;
    if (const auto why = read_limited(in, text)) return path + ":1: " + *why;
    return load_settings_text(settings, path, text, depth);
}

std::optional<std::string> include(Settings& settings, const std::string& pattern, const Place& place, int depth) {
    if (depth >= include_depth_max) return place("includes are nested too deep");
    std::filesystem::path path(pattern);
    if (path.is_relative()) path = std::filesystem::path(place.file).parent_path() / path;
    if (pattern.find_first_of("*?[") == std::string::npos) return load_file(settings, path.string(), place, depth + 1);
    glob_t found{};
    std::optional<std::string> failed;
    if (::glob(path.c_str(), 0, nullptr, &found) == 0)  // NOLINT(concurrency-mt-unsafe): there are no threads yet
        for (std::size_t i = 0; i < found.gl_pathc && !failed; ++i)
            failed = load_file(settings, found.gl_pathv[i], place, depth + 1);
    ::globfree(&found);
    return failed;  // a pattern that matches nothing is fine, as in Redis
}

std::optional<std::string> load_line(Settings& settings, std::string_view line, const Place& place, int depth) {
    std::string unquoted;
    resp::QuotedWords words(line, unquoted);
    std::vector<std::string> directive;
    for (std::string_view word;;) {
        const auto next = words.next(word);
        if (next == resp::QuotedWords::Next::unbalanced) return place("unbalanced quotes");
        if (next == resp::QuotedWords::Next::end) break;
        directive.emplace_back(word);
    }
    if (directive.empty()) return std::nullopt;
    if (directive.size() == 1) {
        const bool known = directive[0] == "include" || find_setting(directive[0]) != nullptr;
        return place(known ? "'" + directive[0] + "' has no value" : "unknown setting '" + directive[0] + "'");
    }
    if (directive[0] == "include") {
        for (std::size_t i = 1; i < directive.size(); ++i)
            if (auto failed = include(settings, directive[i], place, depth)) return failed;
        return std::nullopt;
    }
    std::string value = directive[1];
    for (std::size_t i = 2; i < directive.size(); ++i) value += ' ' + directive[i];
    const auto why = settings.set_at_start(directive[0], value);
    return why ? std::optional(place(*why)) : std::nullopt;
}

}  // namespace

std::optional<std::string> load_settings_text(Settings& settings, const std::string& name, std::string_view text, int depth) {
    Place place{name, 0};
    while (!text.empty()) {
        ++place.line;
        const std::size_t end = text.find('\n');
        std::string_view line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        line.remove_prefix(std::min(line.find_first_not_of(" \t\r"), line.size()));
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.empty() || line.front() == '#') continue;
        if (auto failed = load_line(settings, line, place, depth)) return failed;
    }
    return std::nullopt;
}

std::optional<std::string> load_settings(Settings& settings, const SettingSources& sources, std::istream& standard_input) {
    if (sources.file) {
        if (auto failed = load_file(settings, *sources.file, std::nullopt, 0)) return failed;
        std::error_code error;
        settings.conf_file = std::filesystem::absolute(*sources.file, error).string();
    }
    if (sources.standard_input) {
        std::string text;
        if (const auto why = read_limited(standard_input, text)) return "<stdin>:1: " + *why;
        if (auto failed = load_settings_text(settings, "<stdin>", text)) return failed;
    }
    for (const auto& [name, value] : sources.options)
        if (const auto why = settings.set_at_start(name, value)) return "command line: --" + name + ": " + *why;
    if (const auto why = settings.check_together()) return sources.file.value_or("command line") + ": " + *why;
    return std::nullopt;
}

}  // namespace server
