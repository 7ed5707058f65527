// SPDX-License-Identifier: MIT
// What a fuzzer cannot guess: the words of the protocol, from the command table, one entry a line in libFuzzer's format.
#pragma once

#include <string>

namespace support {

std::string fuzz_dictionary();

}  // namespace support
