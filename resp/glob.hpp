// SPDX-License-Identifier: MIT
// Redis's glob patterns (stringmatchlen): * ? [abc] [a-z] [^a] and \ before any byte. A class that is not closed ends with the
// pattern; a range may be given backwards.
//
// Iterative and without memory: on a mismatch only the last star takes one byte more (the two-pointer walk that Wildcard
// matchers have used since Krauss, Dr. Dobb's 2008), so a call costs at most pattern x text steps whatever the pattern. Redis
// recurses for each star (CVE-2022-36021, CVE-2024-31228).
#pragma once

#include <string_view>

namespace resp {

bool glob_matches(std::string_view pattern, std::string_view text, bool any_case = false);

}  // namespace resp
