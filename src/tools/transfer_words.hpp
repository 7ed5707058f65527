// SPDX-License-Identifier: MIT
// What export and import answer with, in words and exit codes.
#pragma once

#include <string>

#include "src/tools/export_state.hpp"

namespace server {

enum TransferExit : int {
    transfer_done = 0,
    transfer_refused = 1,  // bad input, in use, no key, a full disk: nothing was done; for a usage that makes no sense: 2
};

// "2 sessions, 1 string and 0 ended sessions; 3 records were over by now and are left out"
std::string transfer_words(const StateFigures& figures);

}  // namespace server
