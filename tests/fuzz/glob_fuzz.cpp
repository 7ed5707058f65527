// SPDX-License-Identifier: MIT
// A pattern and a text, divided by the first byte: the matcher must end, read nothing outside, and agree with itself where two
// patterns mean the same.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "resp/glob.hpp"
#include "tests/fuzz/demand.hpp"

namespace {

std::string escaped(std::string_view text) {
    std::string made;
    for (const char c : text) made += {'\\', c};
    return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0 || size > 4'096) return 0;
    // Blocks of exactly their size: ASan sees a byte read behind one.
    const std::size_t middle = 1 + std::min<std::size_t>(data[0], size - 1);
    const std::vector<char> pattern_bytes(data + 1, data + middle);
    const std::vector<char> text_bytes(data + middle, data + size);
    const std::string_view pattern(pattern_bytes.data(), pattern_bytes.size());
    const std::string_view text(text_bytes.data(), text_bytes.size());

    const bool matches = resp::glob_matches(pattern, text);
    fuzz::demand(resp::glob_matches(escaped(text), text));
    fuzz::demand(resp::glob_matches("*" + escaped(text) + "*", text));
    fuzz::demand(resp::glob_matches(std::string(text.size(), '?'), text));
    fuzz::demand(!resp::glob_matches(escaped(text) + "?", text));
    if (matches) {
        fuzz::demand(resp::glob_matches("*" + std::string(pattern), text));
        fuzz::demand(resp::glob_matches(std::string(pattern), text, true) || pattern.find('[') != std::string_view::npos);
    }
    if (matches && pattern.find_first_of("*?[\\") == std::string_view::npos) fuzz::demand(pattern == text);
    return 0;
}
