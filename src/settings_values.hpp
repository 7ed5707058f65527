// SPDX-License-Identifier: MIT
// From an operator's text to a number and back: sizes, durations, yes and no, and the checks of single settings.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace server {

// 1k = 1000, 1kb = 1024, m, mb, g, gb, b; a plain number is bytes. As redis.conf has it.
std::optional<std::int64_t> parse_bytes(std::string_view text);
// 500ms, 10s, 30m, 2h, 7d; a plain number is seconds.
std::optional<std::int64_t> parse_duration_ms(std::string_view text);
std::string duration_text(std::int64_t ms);  // whole seconds as a plain number, else "<n>ms"

struct OutputLimitText {
    std::uint64_t hard_bytes = 0, soft_bytes = 0, soft_seconds = 0;
};
// "normal <hard> <soft> <seconds>"; hard and soft may be sizes.
std::optional<OutputLimitText> parse_output_limit(std::string_view text);

// Checks of setting_rows(): an error text, or nothing.
std::optional<std::string> check_bind(std::string_view text);
std::optional<std::string> check_output_limit(std::string_view text);
std::optional<std::string> check_power_of_two(std::string_view text);

}  // namespace server
