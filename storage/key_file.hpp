// SPDX-License-Identifier: MIT
// The operator's keys: lines `<key id> <64 hex digits>`, comments (#) and blank lines. The first key seals new files, all open
// old ones. A message names file, line and what is allowed, never what stands there: it may be the secret.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <boost/system/result.hpp>

#include "storage/log_options.hpp"

namespace storage {

inline constexpr std::size_t key_bytes = 32;
inline constexpr std::size_t key_id_bytes_max = 64;
inline constexpr std::size_t keys_max = 64;
inline constexpr std::size_t key_file_bytes_max = 64U << 10;

// Wiped when it goes, copies too.
class Secret {
public:
    Secret() = default;
    Secret(const Secret&) = default;
    Secret& operator=(const Secret&) = default;
    ~Secret();
    std::array<unsigned char, key_bytes> bytes{};
    friend bool operator==(const Secret& a, const Secret& b);  // takes the same time wherever they differ
};

struct Key {
    std::string id;  // letters, digits, '.', '_', '-'
    Secret secret;
};

// At least one key, no id twice. `name` is for messages.
boost::system::result<std::vector<Key>, Refusal> parse_key_file(std::string_view text, const std::string& name);
// The same of a file that only its owner may read.
boost::system::result<std::vector<Key>, Refusal> read_key_file(const std::string& path);

}  // namespace storage
