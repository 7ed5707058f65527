// SPDX-License-Identifier: MIT
// A directory with one segment of arbitrary bytes. Random bytes never pass a checksum, so the first byte chooses whether the
// frames' checksums are made right first, and whether the segment is sealed: then the frames are sealed as they stand. Recovery
// must end with the prefix that a second recovery finds again, or with a refusal that has changed nothing; memory must not follow
// announced lengths.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "storage/little_endian.hpp"
#include "storage/wal_seal.hpp"
#include "tests/fuzz/demand.hpp"
#include "tests/support/log_fixture.hpp"

namespace {

using namespace storage;

constexpr std::size_t frame_at_kind = 3, frame_at_payload_bytes = 4, frame_at_payload_checksum = 40,
                      frame_at_header_checksum = 48;
constexpr unsigned sealed_bit = 0x10;

struct Made {
    std::vector<std::byte> file;  // the header block
    std::uint64_t seed = 0;
    std::shared_ptr<const FileCipher> cipher;
};

Made make_header(const Encryption& encryption) {
    wal::SegmentHeader header;
    header.directory_id.fill(1);
    header.epoch = 1;
    header.first_lsn = Lsn{1};
    header.salt.fill(7);
    Made made;
    made.seed = header.seed();
    if (encryption.keys) {
        made.cipher = encryption.keys->for_new_file(FilePurpose::wal, header.salt);
        header.seal = made.cipher->name();
    }
    const wal::HeaderBlock block = wal::encode(header, made.cipher.get());
    made.file.assign(block.begin(), block.end());
    return made;
}

// Wherever a frame could begin and says it is one, its seal and its checksums are made to fit.
void make_frames_right(Made& made) {
    std::vector<std::byte>& file = made.file;
    for (std::size_t at = wal::header_block_bytes; at + wal::frame_header_bytes <= file.size(); at += wal::frame_alignment) {
        std::byte* frame = file.data() + at;
        if (frame[0] != std::byte{'T'} || frame[1] != std::byte{'M'} || frame[2] != std::byte{'F'}) continue;
        const std::size_t left = file.size() - at - wal::frame_header_bytes;
        const std::size_t payload = std::min<std::size_t>(load_le<std::uint32_t>(frame + frame_at_payload_bytes), left);
        const std::span<std::byte> stored(frame + wal::frame_header_bytes, payload);
        const auto kind = static_cast<wal::FrameKind>(frame[frame_at_kind]);
        if (made.cipher && payload >= wal::frame_mac_bytes)
            wal::seal_payload(*made.cipher, kind, at, wal::EncodedHeader(frame, wal::frame_header_bytes), stored);
        store_le(frame + frame_at_payload_checksum, wal::checksum(stored, made.seed));
        store_le(frame + frame_at_header_checksum, wal::checksum({frame, frame_at_header_checksum}, made.seed));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0 || size > 65'536) return 0;
    const auto input = std::as_bytes(std::span(data + 1, size - 1));
    test::LogFixture log;
    if ((data[0] & sealed_bit) != 0) log.encryption = test::sealed_with({"k1"});
    Made made;
    if (data[0] % 4 == 0) {  // all of it, header block included
        made.file.assign(input.begin(), input.end());
    } else {
        made = make_header(log.encryption);
        made.file.insert(made.file.end(), input.begin(), input.end());
        if (data[0] % 4 != 1) make_frames_right(made);
    }
    log.disk.set_bytes("wal-00000000000000000001.log", std::move(made.file));
    const std::uint64_t before = log.disk.fingerprint();
    if (!log.start()) {
        fuzz::demand(log.disk.fingerprint() == before);
        return 0;
    }
    const auto found = log.appended;
    fuzz::demand(log.write("more") && log.stop());
    fuzz::demand(log.start() && log.appended.size() == found.size() + 1);
    fuzz::demand(std::equal(found.begin(), found.end(), log.appended.begin()));
    return 0;
}
