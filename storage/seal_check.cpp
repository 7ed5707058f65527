// SPDX-License-Identifier: MIT
#include "storage/seal_check.hpp"

namespace storage {

CheckedSeal check_seal(const Encryption& encryption, FilePurpose purpose, const std::string& file, const SealName& name,
                       const Id& salt, std::span<const std::byte, header_block_bytes> block) {
    if (!name.sealed()) {
        if (!encryption.keys || encryption.migrate) return {};
        return {SealState::plain_under_key, nullptr,
                file + " is not sealed (encryption-migrate yes reads it and seals what is new)"};
    }
    Opened opened{nullptr, known_cipher(name.cipher) ? KeyFault::no_such_key : KeyFault::unknown_cipher};
    if (encryption.keys) opened = encryption.keys->for_file(purpose, name, salt);
    if (!opened.cipher) {
        const SealState state = opened.fault == KeyFault::unknown_cipher ? SealState::newer : SealState::no_key;
        return {state, nullptr, describe(opened.fault, file, name)};
    }
    if (!header_block_is_signed(block, *opened.cipher))
        return {SealState::forged, nullptr, file + " at byte 0: the header is not the one that was signed with its key"};
    return {SealState::readable, std::move(opened.cipher), {}};
}

}  // namespace storage
