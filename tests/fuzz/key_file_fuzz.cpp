// SPDX-License-Identifier: MIT
// The key file from arbitrary text: keys as they are promised, or one line that shows nothing of a secret.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "storage/key_file.hpp"
#include "tests/fuzz/demand.hpp"

namespace {

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto keys = storage::parse_key_file(text, "keys");
    if (!keys) {
        const std::string& line = keys.error().text;
        fuzz::demand(line.starts_with("keys") && line.find('\n') == std::string::npos && line.size() < 200);
        std::size_t digits = 0;  // the longest run that could be a part of a key
        for (const char c : line) fuzz::demand((digits = is_hex(c) ? digits + 1 : 0) < 8);
        return 0;
    }
    fuzz::demand(!keys->empty() && keys->size() <= storage::keys_max);
    for (const storage::Key& key : *keys) {
        fuzz::demand(!key.id.empty() && key.id.size() <= storage::key_id_bytes_max &&
                     text.find(key.id) != std::string_view::npos);
        fuzz::demand(std::count_if(keys->begin(), keys->end(), [&](const auto& other) { return other.id == key.id; }) == 1);
    }
    return 0;
}
