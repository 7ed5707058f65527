// SPDX-License-Identifier: MIT
// The real binary as a child process, on a free port of 127.0.0.1, with a data directory of its own. The binary is TOKMESH_BIN of
// the environment, else the one that the build made (compile definition TOKMESH_BIN_DEFAULT).
//
//     ServerProcess server({"--appendfsync", "always"});   // started and answering PING
//     server.kill_hard();  server.start();                 // SIGKILL, again on the same directory
//
// Only this child is ever signalled, by its pid; the destructor kills it. One thread.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/redis.hpp"
#include "tests/support/resp_client.hpp"
#include "tests/support/scratch_dir.hpp"

namespace support {

std::filesystem::path tokmesh_binary();
int free_port();  // bound to port 0 once, so that nobody else is likely to have it

// Asks again and again until `done` says true. False: the deadline passed. Tests wait with this, never by sleeping alone.
template <class Done>
bool eventually(Done done, std::chrono::milliseconds deadline = std::chrono::seconds(10));
void pause_between_polls();

struct ServerOptions {
    std::vector<std::string> args = {};                  // "--name", "value", ...
    std::string config = {};                             // the settings file, when not empty
    std::string password = {};                           // to recognise readiness; the setting itself goes into args
    std::optional<rlim_t> open_files = {};               // RLIMIT_NOFILE of the child
    std::optional<std::filesystem::path> data_dir = {};  // else a directory of its own
    std::optional<uid_t> run_as = {};                    // setuid in the child, for tests as root
    bool start = true;
};

class ServerProcess {
public:
    explicit ServerProcess(std::vector<std::string> args = {}) : ServerProcess(ServerOptions{.args = std::move(args)}) {}
    explicit ServerProcess(ServerOptions options);
    ~ServerProcess();
    ServerProcess(const ServerProcess&) = delete;
    ServerProcess& operator=(const ServerProcess&) = delete;

    void start();   // launch() and wait until it answers; throws with its stderr when it does not
    void launch();  // only fork and exec
    bool wait_ready(std::chrono::milliseconds deadline = std::chrono::seconds(60));
    void signal(int number);                                                       // to the child only
    void kill_hard();                                                              // SIGKILL and wait
    int stop();                                                                    // SIGTERM, wait, exit code
    int wait_exit(std::chrono::milliseconds deadline = std::chrono::seconds(30));  // exit code, or 128 + signal
    bool running();
    void restart_hard() {
        kill_hard();
        start();
    }

    Redis redis() const { return Redis(port_); }
    RespClient client() const { return RespClient(port_); }
    int port() const { return port_; }
    pid_t pid() const { return pid_; }
    const std::filesystem::path& dir() const { return data_dir_; }
    std::string stderr_text() const;
    std::string stdout_text() const;
    std::size_t resident_bytes() const;  // VmRSS
    void set_args(std::vector<std::string> args) { options_.args = std::move(args); }
    void set_port(int port) { port_ = port; }

private:
    std::vector<std::string> command_line() const;
    bool answers();

    ScratchDir scratch_;
    ServerOptions options_;
    std::filesystem::path data_dir_;
    int port_ = 0;
    pid_t pid_ = -1;
    std::optional<int> exit_code_;
};

// The value of `name:` in INFO, or "".
std::string info_field(Redis& redis, const std::string& section, const std::string& name);
std::string read_file(const std::filesystem::path& path);
// Every file below `directory`, that one is looked for `needle`; the first that has it, or nothing.
std::optional<std::filesystem::path> find_in_files(const std::filesystem::path& directory, const std::string& needle);

template <class Done>
bool eventually(Done done, std::chrono::milliseconds deadline) {
    const auto until = std::chrono::steady_clock::now() + deadline;
    while (!done()) {
        if (std::chrono::steady_clock::now() > until) {
            return false;
        }
        pause_between_polls();
    }
    return true;
}

}  // namespace support
