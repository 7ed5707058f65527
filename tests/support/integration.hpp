// SPDX-License-Identifier: MIT
// What every integration test includes: Catch2, the server process, and short names for both.
#pragma once

#include <catch2/catch.hpp>

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tests/support/server_process.hpp"

namespace integration {

using Catch::Contains;
using Catch::StartsWith;
using support::eventually;
using support::Redis;
using support::Reply;
using support::RespClient;
using support::ServerOptions;
using support::ServerProcess;
using namespace std::chrono_literals;

// One in the background gives way to whatever else runs, and begins again only when it waited for 5 s.
inline constexpr auto snapshot_limit = 60s;

// Limits of memory and time are for the server as it ships; a sanitizer costs several times as much of both.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TOKMESH_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TOKMESH_SANITIZED 1
#endif
#endif
#ifdef TOKMESH_SANITIZED
inline constexpr int slack = 16;
#else
inline constexpr int slack = 1;
#endif
inline constexpr bool sanitized = slack != 1;

inline std::int64_t now_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// A session made with the given options; the CREATE reply.
template <class... Args>
Reply create(Redis& redis, const std::string& user, const Args&... args) {
    Reply made = redis("SESS.CREATE", user, args...);
    INFO(made.shown());
    REQUIRE(made.has("id"));
    return made;
}

// A number of INFO persistence.
inline std::int64_t persistence_figure(Redis& redis, const std::string& name) {
    const std::string text = support::info_field(redis, "persistence", name);
    INFO(name << " is " << text);
    return std::stoll(text);
}

// All that a data directory holds, by path.
inline std::map<std::string, std::string> files_of(const std::filesystem::path& directory) {
    std::map<std::string, std::string> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory))
        if (entry.is_regular_file()) files[entry.path().string()] = support::read_file(entry.path());
    return files;
}

// Of this directory alone, in the order of their names.
inline std::vector<std::filesystem::path> files_named(const std::filesystem::path& directory, const std::string& prefix,
                                                      const std::string& suffix = "") {
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::directory_iterator(directory)) {
        const std::string name = entry.path().filename().string();
        if (name.starts_with(prefix) && name.ends_with(suffix)) found.push_back(entry.path());
    }
    std::sort(found.begin(), found.end());
    return found;
}

// Full and incremental ones, oldest first.
inline std::vector<std::filesystem::path> snapshot_files(const std::filesystem::path& directory) {
    return files_named(directory, "snapshot-", ".tms");
}

}  // namespace integration
