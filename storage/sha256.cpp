// SPDX-License-Identifier: MIT
#include "storage/sha256.hpp"

#include "storage/ensure.hpp"

namespace storage {

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
    ENSURE(context_ && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
}

void Sha256::add(std::span<const std::byte> bytes) { ENSURE(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1); }

Sha256::Value Sha256::so_far() const {
    const std::unique_ptr<EVP_MD_CTX, Free> copy(EVP_MD_CTX_new());
    Value digest;
    ENSURE(copy && EVP_MD_CTX_copy_ex(copy.get(), context_.get()) == 1);
    ENSURE(EVP_DigestFinal_ex(copy.get(), reinterpret_cast<unsigned char*>(digest.data()), nullptr) == 1);
    return digest;
}

Sha256::Value Sha256::of(std::span<const std::byte> bytes) {
    Sha256 one;
    one.add(bytes);
    return one.so_far();
}

}  // namespace storage
