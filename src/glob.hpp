// SPDX-License-Identifier: MIT
// Redis glob patterns: * ? [a-z] [^a] \x. Iterative, at most pattern x text steps, no recursion.
#pragma once

#include <string_view>

namespace server {

bool glob_matches(std::string_view pattern, std::string_view text, bool any_case = false);

}  // namespace server
