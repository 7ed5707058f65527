// SPDX-License-Identifier: MIT
// Who may do what: today one user, `default`, with the password of requirepass. Everything that changes a connection's
// identity goes through here.
#pragma once

#include <string_view>

#include "src/client.hpp"
#include "src/settings.hpp"

namespace server {

inline constexpr std::string_view wrong_pass_text = "WRONGPASS invalid username-password pair or user is disabled.";

// True: the pair is right and the client is authenticated now. The time it takes depends neither on the password nor on
// whether the user exists.
bool authenticate(Client& client, const Values& values, std::string_view user, std::string_view password);

// As a fresh connection: authenticated only where no password is asked for. RESET.
void forget_authentication(Client& client, const Values& values);

}  // namespace server
