// SPDX-License-Identifier: MIT
#include "storage/token.hpp"

#include <openssl/evp.h>

#include <cstring>
#include <memory>
#include <span>

#include "storage/ensure.hpp"
#include "storage/slot.hpp"

namespace storage {
namespace {

struct Sha256 {  // fetched once per thread: a fetch costs more than the hash
    std::unique_ptr<EVP_MD, decltype(&EVP_MD_free)> algorithm{EVP_MD_fetch(nullptr, "SHA256", nullptr), EVP_MD_free};
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(), EVP_MD_CTX_free};
};

}  // namespace

TokenHash hash_token(std::string_view token) {
    thread_local Sha256 sha;
    TokenHash hash{};
    unsigned size = 0;
    ENSURE(sha.algorithm && sha.context && EVP_DigestInit_ex2(sha.context.get(), sha.algorithm.get(), nullptr) == 1 &&
           EVP_DigestUpdate(sha.context.get(), token.data(), token.size()) == 1 &&
           EVP_DigestFinal_ex(sha.context.get(), hash.data(), &size) == 1 && size == hash.size());
    return hash;
}

MadeToken make_token(Slot slot, RandomSource& random) {
    static constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::array<unsigned char, made_token_size> dice{};
    random.fill(dice);
    MadeToken token{};
    std::memcpy(token.data(), "tmtk_", 5);
    for (std::size_t i = 5; i < made_token_size - 4; ++i) token[i] = alphabet[dice[i] & 63U];
    SlotSteering::base64url().steer(token, slot, random);
    return token;
}

}  // namespace storage
