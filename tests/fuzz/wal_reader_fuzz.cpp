// SPDX-License-Identifier: MIT
// A directory with one segment of arbitrary bytes. Random bytes never pass a checksum, so the first byte chooses whether the
// frames' checksums are made right first. Recovery must end with the prefix that a second recovery finds again, or with a
// refusal that has changed nothing; memory must not follow announced lengths.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "storage/little_endian.hpp"
#include "tests/support/log_fixture.hpp"

namespace {

using namespace storage;

constexpr std::size_t at_payload_bytes = 4, at_payload_checksum = 40, at_header_checksum = 48;

void demand(bool condition) {
    if (!condition) std::abort();
}

wal::HeaderBlock header_block(std::uint64_t& seed) {
    wal::SegmentHeader header;
    header.directory_id.fill(1);
    header.epoch = 1;
    header.first_lsn = Lsn{1};
    header.salt.fill(7);
    seed = header.seed();
    return wal::encode(header);
}

// Wherever a frame could begin and says it is one, its checksums are made to fit.
void make_checksums_right(std::vector<std::byte>& file, std::uint64_t seed) {
    for (std::size_t at = wal::header_block_bytes; at + wal::frame_header_bytes <= file.size(); at += wal::frame_alignment) {
        std::byte* frame = file.data() + at;
        if (frame[0] != std::byte{'T'} || frame[1] != std::byte{'M'} || frame[2] != std::byte{'F'}) continue;
        const std::size_t left = file.size() - at - wal::frame_header_bytes;
        const std::size_t payload = std::min<std::size_t>(load_le<std::uint32_t>(frame + at_payload_bytes), left);
        store_le(frame + at_payload_checksum, wal::checksum({frame + wal::frame_header_bytes, payload}, seed));
        store_le(frame + at_header_checksum, wal::checksum({frame, at_header_checksum}, seed));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0 || size > 65'536) return 0;
    const auto input = std::as_bytes(std::span(data + 1, size - 1));
    std::vector<std::byte> file;
    if (data[0] % 4 == 0) {  // all of it, header block included
        file.assign(input.begin(), input.end());
    } else {
        std::uint64_t seed = 0;
        const wal::HeaderBlock block = header_block(seed);
        file.assign(block.begin(), block.end());
        file.insert(file.end(), input.begin(), input.end());
        if (data[0] % 4 != 1) make_checksums_right(file, seed);
    }
    test::LogFixture log;
    log.disk.set_bytes("wal-00000000000000000001.log", std::move(file));
    const std::uint64_t before = log.disk.fingerprint();
    if (!log.start()) {
        demand(log.disk.fingerprint() == before);
        return 0;
    }
    const auto found = log.appended;
    demand(log.write("more") && log.stop());
    demand(log.start() && log.appended.size() == found.size() + 1);
    demand(std::equal(found.begin(), found.end(), log.appended.begin()));
    return 0;
}
