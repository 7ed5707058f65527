// SPDX-License-Identifier: MIT
// Reads a range of the log out of its files while the log goes on.
#pragma once

#include <cstdint>
#include <span>

#include "storage/file_system.hpp"
#include "storage/function_ref.hpp"
#include "storage/types.hpp"
#include "storage/wal.hpp"

namespace storage {

// Visits the records (after, until] in pieces, each a dense run of entries `u32 length, record`. Any thread.
// Preconditions: all of them are written, and no segment that holds one is removed meanwhile.
LogResult<void> read_log_range(FileSystem& fs, const Encryption& encryption, Lsn after, Lsn until,
                               FunctionRef<LogResult<void>(Lsn first, std::uint32_t count, std::span<const std::byte>)> visit);

}  // namespace storage
