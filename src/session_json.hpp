// SPDX-License-Identifier: MIT
// A session as one line of JSON: what GET answers for a session id. Fields and their order are those of the session map.
// A text that is not UTF-8 becomes {"base64": "..."}; a data name that is not UTF-8 becomes "base64:...".
#pragma once

#include <string>

#include "storage/session_view.hpp"

namespace server {

std::string session_json(const storage::SessionView& view);

}  // namespace server
