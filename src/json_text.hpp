// SPDX-License-Identifier: MIT
// Texts as JSON has them, and bytes that are none: strict UTF-8, quotes and escapes, base64 both ways.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace server {

bool is_utf8(std::string_view text);         // strict: no overlong forms, no surrogates, nothing above U+10FFFF
std::string base64(std::string_view bytes);  // RFC 4648, with padding
// Nothing unless it is what base64() writes: one text for one value.
std::optional<std::string> from_base64(std::string_view text);

void append_quoted(std::string& json, std::string_view utf8);

}  // namespace server
