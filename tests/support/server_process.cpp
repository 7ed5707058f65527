// SPDX-License-Identifier: MIT
// fork, exec, poll until it answers.
#include "tests/support/server_process.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <system_error>
#include <thread>

#ifndef TOKMESH_BIN_DEFAULT
#define TOKMESH_BIN_DEFAULT TOKMESH_BIN  // the build system's name for it
#endif

namespace support {

namespace {

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error(what); }

// In the child, between fork and exec: only calls that are safe there.
void redirect(const char* path, int to) {
    const int fd = ::open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd >= 0) {
        ::dup2(fd, to);
    }
}

}  // namespace

std::filesystem::path tokmesh_binary() {
    const char* from_environment = std::getenv("TOKMESH_BIN");
    std::filesystem::path binary = from_environment != nullptr ? from_environment : TOKMESH_BIN_DEFAULT;
    if (!std::filesystem::exists(binary)) {
        fail("no server binary at " + binary.string() + " (set TOKMESH_BIN)");
    }
    return std::filesystem::absolute(binary);
}

int free_port() {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
        ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        throw std::system_error(errno, std::generic_category(), "a free port");
    }
    ::close(fd);
    return ntohs(address.sin_port);
}

void pause_between_polls() { std::this_thread::sleep_for(std::chrono::milliseconds(5)); }

ServerProcess::ServerProcess(ServerOptions options)
    : options_(std::move(options)), data_dir_(options_.data_dir.value_or(scratch_ / "data")), port_(free_port()) {
    std::filesystem::create_directories(data_dir_);
    if (!options_.config.empty()) {
        std::ofstream(scratch_ / "tokmesh.conf") << options_.config;
    }
    if (options_.run_as) {
        std::filesystem::permissions(scratch_.path(), std::filesystem::perms::all);
    }
    if (options_.start) {
        start();
    }
}

ServerProcess::~ServerProcess() {
    if (pid_ > 0 && !exit_code_) {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
}

std::vector<std::string> ServerProcess::command_line() const {
    std::vector<std::string> all{tokmesh_binary().string(), "serve"};
    if (!options_.config.empty()) {
        all.push_back((scratch_ / "tokmesh.conf").string());
    }
    for (const std::string& arg : {std::string("--bind"), std::string("127.0.0.1"), std::string("--port"), std::to_string(port_),
                                   std::string("--dir"), data_dir_.string()}) {
        all.push_back(arg);
    }
    all.insert(all.end(), options_.args.begin(), options_.args.end());
    return all;
}

void ServerProcess::launch() {
    const std::vector<std::string> args = command_line();
    std::vector<char*> pointers;
    for (const std::string& arg : args) {
        pointers.push_back(const_cast<char*>(arg.c_str()));
    }
    pointers.push_back(nullptr);
    const std::string out = scratch_ / "stdout", err = scratch_ / "stderr";
    exit_code_.reset();
    pid_ = ::fork();
    if (pid_ < 0) {
        throw std::system_error(errno, std::generic_category(), "fork");
    }
    if (pid_ == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that dies leaves no server behind
        ::signal(SIGPIPE, SIG_DFL);
        redirect(out.c_str(), STDOUT_FILENO);
        redirect(err.c_str(), STDERR_FILENO);
        if (options_.open_files) {
            const rlimit limit{*options_.open_files, *options_.open_files};
            ::setrlimit(RLIMIT_NOFILE, &limit);
        }
        if (options_.run_as && (::setgid(*options_.run_as) != 0 || ::setuid(*options_.run_as) != 0)) {
            ::_exit(126);
        }
        ::execv(pointers[0], pointers.data());
        ::_exit(127);
    }
}

void ServerProcess::start() {
    for (int attempt = 0;; ++attempt) {
        launch();
        if (wait_ready()) {
            return;
        }
        const std::string said = stderr_text() + stdout_text();
        if (attempt >= 2 || said.find("in use") == std::string::npos || running()) {
            fail("the server did not get ready; it said: " + said);
        }
        port_ = free_port();  // somebody took it in between
    }
}

bool ServerProcess::answers() {
    try {
        RespClient client(port_);
        if (!options_.password.empty() && !client("AUTH", options_.password).is_ok()) {
            return false;
        }
        const Reply reply = client("PING");
        return reply.text == "PONG" || reply.is_error("NOAUTH");
    } catch (const std::exception&) {
        return false;
    }
}

bool ServerProcess::wait_ready(std::chrono::milliseconds deadline) {
    return eventually([&] { return !running() || answers(); }, deadline) && running();
}

bool ServerProcess::running() {
    if (pid_ <= 0 || exit_code_) {
        return false;
    }
    int status = 0;
    const pid_t ended = ::waitpid(pid_, &status, WNOHANG);
    if (ended == pid_) {
        exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    return ended == 0;
}

void ServerProcess::signal(int number) {
    if (running()) {
        ::kill(pid_, number);
    }
}

void ServerProcess::kill_hard() {
    signal(SIGKILL);
    wait_exit();
}

int ServerProcess::stop() {
    signal(SIGTERM);
    return wait_exit();
}

int ServerProcess::wait_exit(std::chrono::milliseconds deadline) {
    if (!eventually([&] { return !running(); }, deadline)) {
        fail("the server did not end; it said: " + stderr_text() + stdout_text());
    }
    return exit_code_.value_or(-1);
}

std::string ServerProcess::stderr_text() const { return read_file(scratch_ / "stderr"); }
std::string ServerProcess::stdout_text() const { return read_file(scratch_ / "stdout"); }

std::size_t ServerProcess::resident_bytes() const {
    const std::string status = read_file("/proc/" + std::to_string(pid_) + "/status");
    const std::size_t at = status.find("VmRSS:");
    return at == std::string::npos ? 0 : std::stoul(status.substr(at + 6)) * 1024;
}

std::string info_field(Redis& redis, const std::string& section, const std::string& name) {
    const std::string text = "\r\n" + redis("INFO", section).text;
    const std::size_t at = text.find("\n" + name + ":");
    if (at == std::string::npos) {
        return {};
    }
    const std::size_t from = at + name.size() + 2;
    return text.substr(from, text.find('\r', from) - from);
}

std::string read_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream bytes;
    bytes << file.rdbuf();
    return std::move(bytes).str();
}

std::optional<std::filesystem::path> find_in_files(const std::filesystem::path& directory, const std::string& needle) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
        if (entry.is_regular_file() && read_file(entry.path()).find(needle) != std::string::npos) {
            return entry.path();
        }
    }
    return std::nullopt;
}

}  // namespace support
