// SPDX-License-Identifier: MIT
// The pool between the reader and the workers, where one of them is slow or a record does not decode.
#include "storage/replay.hpp"

#include <atomic>
#include <thread>

#include <catch2/catch.hpp>

#include "storage/little_endian.hpp"

using namespace storage;

namespace {

constexpr std::size_t chunk_bytes = 512U << 10;
constexpr int queued_max = 16;  // and one in hand

// One entry that fills a chunk.
std::vector<std::byte> payload() {
    std::vector<std::byte> bytes(chunk_bytes);
    store_le(bytes.data(), static_cast<std::uint32_t>(bytes.size() - 4));
    return bytes;
}

// Takes its time over the first record until the reader waits for room, and then refuses it.
class SlowSink final : public ReplaySink {
public:
    explicit SlowSink(std::atomic<int>& added) : added_(added) {}
    unsigned workers() const override { return 2; }
    bool replay(unsigned worker, Lsn lsn, std::span<const std::byte>) override {
        if (worker != 0 || lsn != Lsn{1}) return true;
        while (added_ <= queued_max) std::this_thread::yield();
        for (int i = 0; i < 100'000; ++i) std::this_thread::yield();  // until it sleeps there
        return false;
    }

private:
    std::atomic<int>& added_;
};

}  // namespace

TEST_CASE("Replay: a record that does not decode is reported while the reader waits for a worker") {
    std::atomic<int> added{0};
    SlowSink sink(added);
    ReplayPool pool(sink);
    const auto bytes = payload();
    for (std::uint64_t lsn = 1; lsn <= 4 * queued_max; ++lsn) {
        pool.add(Lsn{lsn}, bytes);
        ++added;
    }
    CHECK(pool.finish() == Lsn{1});
}
