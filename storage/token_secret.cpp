// SPDX-License-Identifier: MIT
#include "storage/token_secret.hpp"

#include <algorithm>
#include <functional>

#include "storage/ensure.hpp"
#include "storage/file_cipher.hpp"

namespace storage {

namespace {

void mask(TokenSecret& secret, const FileCipher* cipher) {
    if (!cipher) return;
    const FileCipher::Mask& mask = cipher->mask();
    std::transform(secret.begin(), secret.end(), mask.begin(), secret.begin(), std::bit_xor<unsigned char>());
}

}  // namespace

std::string stored(const TokenSecret& secret, const FileCipher* cipher) {
    if (secret == TokenSecret{}) return {};
    TokenSecret masked = secret;
    mask(masked, cipher);
    return {masked.begin(), masked.end()};
}

TokenSecret token_secret_from(std::string_view stored, const FileCipher* cipher) {
    ENSURE(is_stored_token_secret(stored));
    TokenSecret secret{};
    if (stored.empty()) return secret;
    std::copy(stored.begin(), stored.end(), secret.begin());
    mask(secret, cipher);
    return secret;
}

}  // namespace storage
