// SPDX-License-Identifier: MIT
// What we say we are: the version whose answers clients may expect, and our own.
#pragma once

#include <string_view>

namespace server {

inline constexpr std::string_view redis_version = "7.4.0";  // clients gate features on it (client-side caching: 7.4)
inline constexpr std::string_view tokmesh_version = TOKMESH_VERSION;

}  // namespace server
