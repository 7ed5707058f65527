// SPDX-License-Identifier: MIT
// ENSURE(condition): a broken invariant ends the process, in release too. Never for bytes from a wire or a disk.
#pragma once

namespace storage {

[[noreturn]] void broken_invariant(const char* condition, const char* file, int line) noexcept;

}  // namespace storage

#define ENSURE(condition) (static_cast<bool>(condition) ? void(0) : ::storage::broken_invariant(#condition, __FILE__, __LINE__))
