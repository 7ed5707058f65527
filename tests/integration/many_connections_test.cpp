// SPDX-License-Identifier: MIT
// Ten thousand connections at once, each answered; as many as the hard limit of open files allows where that is lower.
#include "tests/support/integration.hpp"

#include <algorithm>

#include <sys/resource.h>

namespace integration {

TEST_CASE("10,000 connections", "[connections]") {
    rlimit limit{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
    limit.rlim_cur = limit.rlim_max;
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
    const std::size_t count = std::min<std::size_t>(10'000, limit.rlim_max > 200 ? limit.rlim_max - 200 : 0);
    WARN(count << " connections; the hard limit of open files is " << limit.rlim_max);
    REQUIRE(count >= 500);
    ServerOptions options;
    options.args = {"--maxclients", "12000", "--tcp-backlog", "4096"};
    options.open_files = limit.rlim_max;
    ServerProcess server(options);
    const std::size_t before = server.resident_bytes();
    std::vector<RespClient> clients;
    clients.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        clients.push_back(server.client());
    }
    for (std::size_t i = 0; i < count; ++i) {
        clients[i].send(support::request({"SESS.CREATE", "user" + std::to_string(i)}));
    }
    std::size_t made = 0;
    for (RespClient& client : clients) {
        made += client.read(30s).has("token") ? 1U : 0U;
    }
    CHECK(made == count);
    Redis redis = server.redis();
    CHECK(redis("SESS.COUNT").integer == static_cast<std::int64_t>(count));
    CHECK(std::stoul(support::info_field(redis, "clients", "connected_clients")) == count + 1);
    const std::size_t each = (server.resident_bytes() - before) / count;
    WARN("about " << each << " bytes of memory a connection with one session");
    CHECK(each < slack * 64 * 1024);
    clients.clear();
    CHECK(eventually([&] { return support::info_field(redis, "clients", "connected_clients") == "1"; }, 20s));
}

}  // namespace integration
