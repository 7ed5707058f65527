// SPDX-License-Identifier: MIT
#include "storage/log_options.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>

namespace storage {

namespace {

struct Name {
    std::string_view text;
    Fsync mode;
};
constexpr std::array<Name, 3> names = {{{"always", Fsync::always}, {"everysec", Fsync::everysec}, {"no", Fsync::no}}};

bool equal_any_case(std::string_view text, std::string_view lower) {
    return std::equal(text.begin(), text.end(), lower.begin(), lower.end(),
                      [](char a, char b) { return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b; });
}

}  // namespace

std::optional<Fsync> parse_fsync(std::string_view text) {
    for (const Name& name : names)
        if (equal_any_case(text, name.text)) return name.mode;
    return std::nullopt;
}

std::string_view to_text(Fsync mode) {
    for (const Name& name : names)
        if (name.mode == mode) return name.text;
    return "unknown";
}

void exit_at_once(const std::string& line) {
    const std::string text = "tokmesh: " + line + "\n";
    // Nothing is flushed or destroyed: no reply may leave, and no other thread may be waited for.
    const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
    static_cast<void>(written);  // whether anybody reads it or not
    ::_exit(1);
}

}  // namespace storage
