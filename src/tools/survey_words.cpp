// SPDX-License-Identifier: MIT
#include "src/tools/survey_words.hpp"

#include "src/tools/hex.hpp"
#include "storage/key_file.hpp"

namespace server::words {

std::string one_line(std::string_view text) { return storage::printable(text.substr(0, storage::key_id_bytes_max)); }

std::string key_id(const storage::SealName& seal) { return one_line(seal.key_id); }

std::string cipher(const storage::SealName& seal) {
    if (!seal.sealed()) return "none";
    const auto known = storage::known_cipher(seal.cipher);
    return known ? std::string(storage::to_text(*known)) : "cipher " + std::to_string(seal.cipher);
}

std::string directory_id(const storage::Survey& survey) {
    const storage::Id* id = nullptr;
    for (const auto& each : survey.snapshots)
        if (each.header) id = &each.header->directory_id;
    for (const auto& each : survey.segments)
        if (each.header) id = &each.header->directory_id;
    return id == nullptr ? std::string() : hex(*id);
}

std::string end_of(const storage::SegmentFacts& facts) {
    switch (facts.end) {
        case storage::wal::ReadEnd::none: break;
        case storage::wal::ReadEnd::clean: return "open";
        case storage::wal::ReadEnd::torn: return "torn";
        case storage::wal::ReadEnd::corrupt: return "a frame that does not belong";
        case storage::wal::ReadEnd::sealed: return "end frame";
    }
    return "unknown";
}

}  // namespace server::words
