// SPDX-License-Identifier: MIT
// What keys the hashes of tokens that clients bring: random bytes, made with the data directory and the same in the header of
// each of its files. Whoever knows a weak token's hash cannot find the token without it.
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace storage {

class FileCipher;

inline constexpr std::size_t token_secret_bytes = 32;
using TokenSecret = std::array<unsigned char, token_secret_bytes>;  // zeros: a directory from before there were secrets

// As a header holds it: empty when there is none; under the cipher's mask in a sealed file, plain in a plain one.
std::string stored(const TokenSecret& secret, const FileCipher* cipher);
TokenSecret token_secret_from(std::string_view stored, const FileCipher* cipher);
constexpr bool is_stored_token_secret(std::string_view text) { return text.empty() || text.size() == token_secret_bytes; }

}  // namespace storage
