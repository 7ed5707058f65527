// SPDX-License-Identifier: MIT
// JSON with the names of the export's fields: absent or zero fields are left out, bytes that are no UTF-8 are {"base64": "..."}.
// So that JSON is at its best here, the hash of a token is base64, which is shorter than the export's hex digits, and what is
// careful rather than fast in the export is done otherwise.
#pragma once

#include <deque>
#include <string>

#include <boost/json/object.hpp>

#include "tests/bench/format_codecs.hpp"

namespace bench {

// False: no sample is of that kind.
bool to_tree(const storage::Effect& effect, boost::json::object& to);
bool to_text(const storage::Effect& effect, std::string& to);

// What the effect's views look into, beside the object; reused.
struct Decoded {
    std::deque<std::string> texts;
    std::string packed;
};

// False: it is no such object.
bool from_tree(const boost::json::object& from, Decoded& decoded, Take take);

}  // namespace bench
