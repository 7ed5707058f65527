// SPDX-License-Identifier: MIT
// What top -H, perf and core dumps call a thread. All of the server's begin with "tm-".
#pragma once

#include <string>

namespace storage {

// The calling thread. At most 15 bytes, the kernel's limit.
void name_this_thread(const std::string& name);

}  // namespace storage
