// SPDX-License-Identifier: MIT
// spdlog's trace, debug, info and warn stand for Redis's debug, verbose, notice and warning.
#include "src/logging.hpp"

#include <unistd.h>

#include <filesystem>
#include <memory>
#include <system_error>

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/dist_sink.h>
#include <spdlog/sinks/ringbuffer_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace server {
namespace {

constexpr std::size_t lines_kept = 256;  // before the log file is opened

class LevelMark final : public spdlog::custom_flag_formatter {
public:
    void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& to) override {
        constexpr std::string_view marks = ".-*####";
        to.push_back(marks[static_cast<std::size_t>(message.level)]);
    }
    std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<LevelMark>(); }
};

std::unique_ptr<spdlog::formatter> redis_lines() {
    auto formatter = std::make_unique<spdlog::pattern_formatter>();
    formatter->add_flag<LevelMark>('*').set_pattern("%P:M %d %b %Y %H:%M:%S.%e %* %v");
    return formatter;
}

// The one sink of the logger; what stands behind it changes once, under its lock, while threads log.
std::shared_ptr<spdlog::sinks::dist_sink_mt>& output() {
    static auto sink = std::make_shared<spdlog::sinks::dist_sink_mt>();
    return sink;
}

std::shared_ptr<spdlog::sinks::ringbuffer_sink_mt>& kept_lines() {
    static std::shared_ptr<spdlog::sinks::ringbuffer_sink_mt> sink;
    return sink;
}

}  // namespace

void start_logging(const std::string& logfile, std::string_view level) {
    if (logfile.empty()) {
        output()->set_sinks({std::make_shared<spdlog::sinks::stdout_sink_mt>()});
    } else {
        kept_lines() = std::make_shared<spdlog::sinks::ringbuffer_sink_mt>(lines_kept);
        output()->set_sinks({kept_lines()});
    }
    auto logger = std::make_shared<spdlog::logger>("tokmesh", output());
    logger->set_formatter(redis_lines());
    logger->flush_on(spdlog::level::trace);
    spdlog::set_default_logger(std::move(logger));
    set_log_level(level);
}

std::optional<std::string> check_log_file(const std::string& logfile) {
    if (logfile.empty()) return std::nullopt;
    std::error_code error;
    const std::filesystem::path path(logfile);
    const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
    const bool exists = std::filesystem::exists(path, error);
    if (::access(exists ? path.c_str() : folder.c_str(), W_OK) == 0 && !std::filesystem::is_directory(path, error))
        return std::nullopt;
    return "cannot write the log file " + logfile;
}

std::optional<std::string> open_log_file(const std::string& logfile) {
    if (logfile.empty()) return std::nullopt;
    try {
        auto sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(logfile, false);
        sink->set_formatter(redis_lines());
        if (kept_lines())
            for (const auto& line : kept_lines()->last_raw()) sink->log(line);
        output()->set_sinks({std::move(sink)});
        kept_lines().reset();
    } catch (const spdlog::spdlog_ex&) {
        return "cannot write the log file " + logfile;
    }
    return std::nullopt;
}

void set_log_level(std::string_view level) {
    using namespace spdlog::level;
    const auto wanted = level == "debug"     ? trace
                        : level == "verbose" ? debug
                        : level == "warning" ? warn
                        : level == "nothing" ? off
                                             : info;
    spdlog::default_logger()->set_level(wanted);
}

}  // namespace server
