// SPDX-License-Identifier: MIT
// Readiness for systemd: sd_notify's datagram, without its library.
#pragma once

#include <string>
#include <string_view>

namespace server {

// `supervised`: no does nothing, systemd and auto send `text` to the socket that the environment names, if there is one.
void notify_supervisor(const std::string& supervised, std::string_view text);

}  // namespace server
