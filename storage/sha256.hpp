// SPDX-License-Identifier: MIT
// SHA-256 of what comes in pieces, by OpenSSL. One thread.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>

#include <openssl/evp.h>

namespace storage {

class Sha256 {
public:
    using Value = std::array<std::byte, 32>;

    Sha256();
    void add(std::span<const std::byte> bytes);
    Value so_far() const;  // more may be added after
    static Value of(std::span<const std::byte> bytes);

private:
    struct Free {
        void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
    };
    std::unique_ptr<EVP_MD_CTX, Free> context_;
};

}  // namespace storage
