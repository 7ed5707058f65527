// SPDX-License-Identifier: MIT
// Can this file be read? What its header says about sealing, against the keys that there are. For segments and snapshots.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "storage/header_block.hpp"
#include "storage/key_ring.hpp"

namespace storage {

enum class SealState : std::uint8_t {
    readable,         // plain, or `cipher` opens it
    plain_under_key,  // plain, there are keys, and encryption-migrate is no
    no_key,           // none of that name, or another secret
    newer,            // a cipher that this version does not know
    forged,           // the right key, but it did not sign this header
};

struct CheckedSeal {
    SealState state = SealState::readable;
    std::shared_ptr<const FileCipher> cipher;  // of a sealed file that is readable
    std::string problem;                       // of one that is not
};

// `block` is the header block that `name` and `salt` were decoded from.
CheckedSeal check_seal(const Encryption& encryption, FilePurpose purpose, const std::string& file, const SealName& name,
                       const Id& salt, std::span<const std::byte, header_block_bytes> block);

}  // namespace storage
