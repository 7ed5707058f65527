// SPDX-License-Identifier: MIT
// What the preparer says to an operator: a full disk once, not each second, and that it is over.
#include <catch2/catch.hpp>

#include "tests/support/log_server.hpp"

using namespace storage;
using Catch::Matchers::StartsWith;
using Call = test::MemoryDisk::Call;
using Server = test::LogServer;

TEST_CASE("Log: that preparing fails and that it works again is said, once each") {
    test::MemoryDisk disk;
    Server server(disk);
    REQUIRE(server.durable(server.append("first")));
    for (std::size_t round = 0; round < 2; ++round) {
        disk.set_capacity(0);
        const std::string record(8000, 'x');
        Credit credit;
        REQUIRE(server.until([&] {
            const Admission answer = server.log->journal().admit(credit, record.size());
            if (answer == Admission::granted) server.log->journal().append(credit, std::as_bytes(std::span(record)));
            server.log->journal().release(credit);
            return answer == Admission::no_space;
        }));
        // It is tried each second, and fails as before.
        const std::uint64_t tried = disk.calls(Call::create);
        REQUIRE(server.until([&] { return disk.calls(Call::create) > tried + 1; }));
        {
            const std::lock_guard lock(server.mutex);
            REQUIRE(server.notices.size() == 2 * round + 1);
            CHECK_THAT(server.notices.back(), StartsWith("Cannot prepare log files: No space left"));
        }
        disk.set_capacity(std::nullopt);
        REQUIRE(server.until([&] { return server.notices.size() == 2 * round + 2; }));
        CHECK_THAT(server.notices.back(), StartsWith("Log files can be prepared again"));
    }
}
