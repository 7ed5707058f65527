// SPDX-License-Identifier: MIT
// Prints the fuzzers' dictionary; CMake keeps it in tokens.dict of the build folder.
#include <cstdio>

#include "tests/support/fuzz_dictionary.hpp"

int main() { return std::fputs(support::fuzz_dictionary().c_str(), stdout) < 0 ? 1 : 0; }
