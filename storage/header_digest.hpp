// SPDX-License-Identifier: MIT
// SHA-256 over a segment's frame headers, kept as they pass; its value so far can be asked for at any frame.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>

#include <openssl/evp.h>

namespace storage::wal {

class HeaderDigest {
public:
    using Value = std::array<std::byte, 32>;

    HeaderDigest();
    void add(std::span<const std::byte> frame_header);
    Value so_far() const;

private:
    struct Free {
        void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
    };
    std::unique_ptr<EVP_MD_CTX, Free> context_;
};

}  // namespace storage::wal
