// SPDX-License-Identifier: MIT
// Figures as a person reads them in the answers of tools.
#pragma once

#include <cstdint>
#include <string>

#include "storage/types.hpp"

namespace server::words {

std::string count(std::uint64_t number, const std::string& of);  // "1 record", "1,234 records"
std::string grouped(std::uint64_t number);                       // 1,234,567
std::string bytes(std::uint64_t number);                         // 17 bytes, 4.0 KiB, 1.5 GiB
std::string lsns(storage::Lsn first, storage::Lsn last);         // LSN 1 to 5, LSN 7; first > last: no LSN

}  // namespace server::words
