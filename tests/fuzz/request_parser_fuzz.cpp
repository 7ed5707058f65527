// SPDX-License-Identifier: MIT
// Any bytes, whole and split: the parser must give the same requests or the same error, and never read outside of what it got.
// The first byte chooses limits and how to split, the rest is what a client sends.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "resp/request_parser.hpp"
#include "tests/fuzz/demand.hpp"

namespace {

using Outcome = resp::RequestParser::Outcome;

struct Seen {
    std::vector<std::vector<std::string>> requests;
    std::string error;
    bool operator==(const Seen&) const = default;
};

// Feeds `step` bytes at a time (0: all at once), each time from a block of exactly the pending bytes, so that ASan sees every
// byte read behind them and every view kept into an old one.
Seen feed(std::string_view bytes, std::size_t step, const resp::RequestLimits& limits) {
    resp::RequestParser parser(limits);
    Seen seen;
    std::size_t start = 0;
    std::size_t sent = 0;
    while (sent < bytes.size()) {
        sent = step == 0 ? bytes.size() : std::min(bytes.size(), sent + step);
        for (;;) {
            const std::size_t size = sent - start;
            const std::unique_ptr<char[]> block(new char[size]);
            if (size != 0) std::memcpy(block.get(), bytes.data() + start, size);
            const Outcome outcome = parser.next({block.get(), size});
            if (outcome == Outcome::protocol_error) {
                seen.error = parser.error();
                fuzz::demand(seen.error.starts_with("Protocol error: "));
                return seen;
            }
            if (outcome == Outcome::need_more) {
                fuzz::demand(parser.bytes_wanted() >= 1 && parser.bytes_wanted() <= resp::limits::read_step_max);
                if (step % 2 == 1) start += parser.drop_skipped();
                break;
            }
            fuzz::demand(!parser.args().empty() && parser.args().size() <= limits.arguments_max);
            fuzz::demand(parser.consumed() > 0 && parser.consumed() <= size);
            seen.requests.emplace_back(parser.args().begin(), parser.args().end());
            start += parser.consumed();
        }
    }
    return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0 || size > 200'000) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    const resp::RequestLimits& limits = (data[0] & 1) != 0 ? resp::limits::before_auth : resp::limits::after_auth;
    const Seen whole = feed(bytes, 0, limits);
    if (bytes.size() <= 512) fuzz::demand(feed(bytes, 1, limits) == whole);
    fuzz::demand(feed(bytes, 2 + data[0] / 2 + bytes.size() / 64, limits) == whole);
    fuzz::demand(feed(bytes, 3 + data[0] / 16 + bytes.size() / 32, limits) == whole);
    return 0;
}
