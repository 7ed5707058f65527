// SPDX-License-Identifier: MIT
// Both passwords are hashed before they are compared, so neither length nor content shows in the time.
#include "src/auth.hpp"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <array>

#include "src/counters.hpp"

namespace server {
namespace {

using Digest = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

Digest digest(std::string_view text) {
    Digest out{};
    SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), out.data());
    return out;
}

}  // namespace

bool authenticate(Client& client, const Values& values, std::string_view user, std::string_view password) {
    const std::string wanted = values.requirepass.get();
    const Digest given = digest(password), right = digest(wanted);
    const bool same_password = CRYPTO_memcmp(given.data(), right.data(), given.size()) == 0;
    const bool same_user = user == "default";
    const bool ok = same_user && (wanted.empty() || same_password);  // no password: any will do, as for Redis's nopass
    if (ok) {
        client.set_authenticated(true);
    } else {
        client.counters().auth_failed.add();
    }
    return ok;
}

void forget_authentication(Client& client, const Values& values) { client.set_authenticated(values.requirepass.get().empty()); }

}  // namespace server
