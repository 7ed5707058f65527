// SPDX-License-Identifier: MIT
// The server's own log by spdlog, lines as Redis writes them: "pid:M 22 Nov 2026 13:02:11.123 * message", with . - * # for
// debug, verbose, notice, warning. Nothing here ever prints a token, a password or a value.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace server {

// Lines go to standard output, or, with a logfile, into memory until open_log_file(): a refused start makes no file.
void start_logging(const std::string& logfile, std::string_view level);
std::optional<std::string> check_log_file(const std::string& logfile);  // why it could not be written
std::optional<std::string> open_log_file(const std::string& logfile);
void set_log_level(std::string_view level);

}  // namespace server
