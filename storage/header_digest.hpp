// SPDX-License-Identifier: MIT
// SHA-256 over a segment's frame headers, kept as they pass; its value so far can be asked for at any frame.
#pragma once

#include "storage/sha256.hpp"

namespace storage::wal {

using HeaderDigest = Sha256;

}  // namespace storage::wal
