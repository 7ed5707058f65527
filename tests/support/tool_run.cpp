// SPDX-License-Identifier: MIT
#include "tests/support/tool_run.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <stdexcept>

#include "tests/support/scratch_dir.hpp"
#include "tests/support/server_process.hpp"

namespace support {

namespace {

// In the child, between fork and exec.
[[noreturn]] void become(const std::vector<char*>& argv, const std::string& in, const std::string& out, const std::string& err,
                         std::optional<uid_t> run_as) {
    const int from_in = ::open(in.c_str(), O_RDONLY | O_CLOEXEC);
    const int to_out = ::open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    const int to_err = ::open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (from_in < 0 || ::dup2(from_in, STDIN_FILENO) < 0) ::_exit(126);
    if (to_out < 0 || to_err < 0 || ::dup2(to_out, STDOUT_FILENO) < 0 || ::dup2(to_err, STDERR_FILENO) < 0) ::_exit(126);
    if (run_as && ::setuid(*run_as) != 0) ::_exit(126);
    ::execv(argv[0], argv.data());
    ::_exit(127);
}

}  // namespace

ToolRun run_tool(const std::vector<std::string>& args, std::optional<uid_t> run_as, const std::string& standard_input,
                 const std::string& out_to) {
    const ScratchDir scratch;
    const std::string in = (scratch / "in").string();
    std::ofstream(in, std::ios::binary) << standard_input;
    const std::string out = out_to.empty() ? (scratch / "out").string() : out_to, err = (scratch / "err").string();
    std::string program = tokmesh_binary().string();
    std::vector<std::string> words = args;
    std::vector<char*> argv{program.data()};
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    const pid_t child = ::fork();
    if (child < 0) throw std::runtime_error("fork failed");
    if (child == 0) become(argv, in, out, err, run_as);
    int status = 0;
    const auto ended = [&] { return ::waitpid(child, &status, WNOHANG) == child; };
    if (!eventually(ended, std::chrono::minutes(1))) {
        ::kill(child, SIGKILL);
        ::waitpid(child, &status, 0);
        throw std::runtime_error("tokmesh " + args.at(0) + " does not come to an end");
    }
    ToolRun run;
    run.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (out_to.empty()) run.out = read_file(out);
    run.err = read_file(err);
    return run;
}

}  // namespace support
