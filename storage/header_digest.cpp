// SPDX-License-Identifier: MIT
#include "storage/header_digest.hpp"

#include "storage/ensure.hpp"

namespace storage::wal {

HeaderDigest::HeaderDigest() : context_(EVP_MD_CTX_new()) {
    ENSURE(context_ && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
}

void HeaderDigest::add(std::span<const std::byte> frame_header) {
    ENSURE(EVP_DigestUpdate(context_.get(), frame_header.data(), frame_header.size()) == 1);
}

HeaderDigest::Value HeaderDigest::so_far() const {
    const std::unique_ptr<EVP_MD_CTX, Free> copy(EVP_MD_CTX_new());
    Value digest;
    ENSURE(copy && EVP_MD_CTX_copy_ex(copy.get(), context_.get()) == 1);
    ENSURE(EVP_DigestFinal_ex(copy.get(), reinterpret_cast<unsigned char*>(digest.data()), nullptr) == 1);
    return digest;
}

}  // namespace storage::wal
