// SPDX-License-Identifier: MIT
// The words of a survey that text and JSON share. Whatever a file's header says becomes one printable line.
#pragma once

#include <string>
#include <string_view>

#include "storage/survey.hpp"

namespace server::words {

std::string one_line(std::string_view text);  // printable ASCII, cut where it cannot be ours
std::string key_id(const storage::SealName& seal);
std::string cipher(const storage::SealName& seal);        // "aes-256-gcm", "cipher 7", "none"
std::string directory_id(const storage::Survey& survey);  // 32 hex digits; empty: nothing here says one
std::string end_of(const storage::SegmentFacts& facts);   // "end frame", "open", "torn", "a frame that does not belong"

}  // namespace server::words
