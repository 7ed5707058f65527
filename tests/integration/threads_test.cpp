// SPDX-License-Identifier: MIT
// The threads of a running server have the names that README promises to top -H.
#include "tests/support/integration.hpp"

#include <set>

namespace integration {

TEST_CASE("every thread has a name") {
    ServerProcess server({"--io-threads", "2"});
    REQUIRE(server.redis()("PING").text == "PONG");
    const auto names = [&] {
        std::set<std::string> found;
        for (const auto& task : std::filesystem::directory_iterator("/proc/" + std::to_string(server.pid()) + "/task"))
            found.insert(support::read_file(task.path() / "comm"));
        return found;
    };
    const std::set<std::string> expected{"tm-background\n", "tm-commit\n",   "tm-io-0\n", "tm-io-1\n",
                                         "tm-prepare\n",    "tm-snapshot\n", "tm-sync\n", "tokmesh\n"};
    CHECK(eventually([&] { return names() == expected; }));  // the thread of the recovery goes when it is done
    CHECK(names() == expected);
}

}  // namespace integration
