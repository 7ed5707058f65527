// SPDX-License-Identifier: MIT
// Any bytes against the real executor over a real store: what it answers must be whole RESP, however the bytes are split, and
// the store must stay in order. The first byte chooses the protocol and how to split, the rest is what a client sends.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <spdlog/spdlog.h>

#include "tests/fuzz/demand.hpp"
#include "tests/support/command_runner.hpp"
#include "tests/support/reply.hpp"

namespace {

void demand_whole_replies(std::string_view output) {
    while (!output.empty()) fuzz::demand(support::parse_reply(output).has_value());  // throws what is no RESP
}

// Every key that KEYS shows is there, and DBSIZE counts them; what has just expired it may still count.
void demand_order(support::CommandRunner& run) {
    const auto keys = run("KEYS", "*");
    fuzz::demand(run("DBSIZE").integer >= static_cast<std::int64_t>(keys.items.size()));
    for (const auto& key : keys.items) fuzz::demand(run("EXISTS", key.text).integer == 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0 || size > 16'384) return 0;
    spdlog::set_level(spdlog::level::off);
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    support::CommandRunner run;
    if ((data[0] & 1) != 0) run.use_resp(3);
    const std::size_t step = (data[0] & 2) != 0 ? bytes.size() : std::size_t{1} + data[0] / 4;
    bool open = true;
    for (std::size_t at = 0; at < bytes.size() && open; at += step) open = run.feed(bytes.substr(at, step), demand_whole_replies);
    run.advance(1'000);
    run.upkeep();
    run.hang_up();  // another client: CLIENT REPLY and a pause were the first one's
    run.state().unpause();
    demand_order(run);
    return 0;
}
