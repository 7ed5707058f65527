// SPDX-License-Identifier: MIT
// Segments with right checksums all over, made to cost whoever reads them time or memory.
#include <algorithm>
#include <functional>

#include <catch2/catch.hpp>

#include "storage/little_endian.hpp"
#include "storage/wal_reader.hpp"

using namespace storage;

namespace {

class CountingFile final : public File {
public:
    explicit CountingFile(std::vector<std::byte> bytes) : bytes_(std::move(bytes)) {}
    Result<std::size_t> pread(std::span<std::byte> to, std::uint64_t offset) override {
        const std::size_t from = std::min<std::size_t>(offset, bytes_.size());
        const std::size_t got = std::min(to.size(), bytes_.size() - from);
        std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(from), got, to.begin());
        read += got;
        return got;
    }
    Result<std::size_t> pwrite(std::span<const std::byte>, std::uint64_t) override { return read_only(); }
    Result<std::uint64_t> size() override { return std::uint64_t{bytes_.size()}; }
    Result<void> fdatasync() override { return read_only(); }
    Result<void> truncate(std::uint64_t) override { return read_only(); }
    void advise(Advice) override {}
    Result<FileIdentity> identity() override { return FileIdentity{}; }

    std::uint64_t read = 0;

private:
    static boost::system::error_code read_only() {
        return boost::system::errc::make_error_code(boost::system::errc::read_only_file_system);
    }
    std::vector<std::byte> bytes_;
};

const wal::SegmentHeader segment{.first_lsn = Lsn{1}};

// A file full of headers, one behind the other, each of which says how long a payload follows.
std::vector<std::byte> headers_only(std::size_t count, const std::function<std::uint32_t(std::size_t left)>& payload) {
    std::vector<std::byte> file(header_block_bytes + count * wal::frame_header_bytes);
    for (std::size_t at = header_block_bytes; at < file.size(); at += wal::frame_header_bytes) {
        const std::uint32_t announced = payload(file.size() - at - wal::frame_header_bytes);
        const wal::FrameHeader header{.payload_bytes = std::max(announced, 8U), .entry_count = 1, .first_lsn = Lsn{1}};
        wal::encode(header, segment.seed(), std::span(file).subspan(at).first<wal::frame_header_bytes>());
    }
    return file;
}

}  // namespace

TEST_CASE("Forged log: headers whose payloads overlap cost a reader a few passes over the file") {
    const auto bytes = headers_only(20'000, [](std::size_t left) { return static_cast<std::uint32_t>(left); });
    CountingFile file(bytes);
    wal::SegmentReader reader(file, bytes.size(), segment);
    wal::Frame frame;
    REQUIRE(reader.next(frame).value() == wal::ReadEnd::torn);
    REQUIRE(reader.resume().value() == wal::ReadEnd::torn);
    CHECK(file.read < 4 * bytes.size());
}

TEST_CASE("Forged log: a payload that no writer makes is no frame") {
    const std::uint32_t most = wal::frame_payload_bytes_max;
    for (const std::uint32_t announced : {most, most + 1, UINT32_MAX}) {
        std::vector<std::byte> bytes(wal::frame_header_bytes);
        const wal::FrameHeader header{.payload_bytes = most, .entry_count = 1, .first_lsn = Lsn{1}};
        wal::encode(header, 0, std::span(bytes).first<wal::frame_header_bytes>());
        store_le(bytes.data() + 4, announced);
        store_le(bytes.data() + 48, wal::checksum(std::span(bytes).first(48), 0));
        CHECK(wal::decode_frame(std::span(bytes).first<wal::frame_header_bytes>(), 0).has_value() == (announced == most));
    }
}
