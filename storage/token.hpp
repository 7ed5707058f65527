// SPDX-License-Identifier: MIT
// Bearer tokens. The text is made or hashed here and never kept: records hold a hash only.
#pragma once

#include <openssl/sha.h>

#include <array>
#include <cstdint>
#include <string_view>

#include "storage/random.hpp"
#include "storage/token_secret.hpp"
#include "storage/types.hpp"

namespace storage {

inline constexpr std::size_t made_token_size = 48;  // `tmtk_` and 43 base64url characters
using MadeToken = std::array<char, made_token_size>;

// 39 characters (234 bits) and a little more of chance; the last four also put the token into `slot`.
MadeToken make_token(Slot slot, RandomSource& random);

bool has_made_shape(std::string_view token);  // a client may bring one like it

// What has the shape of ours is hashed by SHA-256: there is nothing to guess. What a client made may be weak, and is hashed by
// HMAC-SHA256 (RFC 2104) under the directory's secret. Any thread; constant.
class TokenHasher {
public:
    explicit TokenHasher(const TokenSecret& secret = {});  // zeros: SHA-256 for all

    TokenHash operator()(std::string_view token) const;
    TokenHash operator()(const MadeToken& token) const { return (*this)({token.data(), token.size()}); }

private:
    bool keyed_;
    SHA256_CTX inner_{}, outer_{};  // behind their first block, which is the key's
};

}  // namespace storage
