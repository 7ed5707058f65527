// SPDX-License-Identifier: MIT
#include "storage/file_system.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

namespace storage {

namespace {

bool interrupted(const boost::system::error_code& error) {
    return error == boost::system::error_code(EINTR, boost::system::system_category());
}

}  // namespace

Result<void> pwrite_all(File& file, std::span<const std::byte> from, std::uint64_t offset) {
    while (!from.empty()) {
        const auto written = file.pwrite(from, offset);
        if (!written) {
            if (interrupted(written.error())) continue;
            return written.error();
        }
        if (*written == 0) return boost::system::error_code(EIO, boost::system::system_category());  // a disk that takes nothing
        from = from.subspan(*written);
        offset += *written;
    }
    return {};
}

Result<std::size_t> pread_full(File& file, std::span<std::byte> to, std::uint64_t offset) {
    std::size_t done = 0;
    while (done < to.size()) {
        const auto got = file.pread(to.subspan(done), offset + done);
        if (!got) {
            if (interrupted(got.error())) continue;
            return got.error();
        }
        if (*got == 0) break;
        done += *got;
    }
    return done;
}

Result<void> write_zeros(File& file, std::uint64_t offset, std::uint64_t bytes) {
    static constexpr std::array<std::byte, 256 * 1024> zeros{};
    while (bytes > 0) {
        const auto piece = static_cast<std::size_t>(std::min<std::uint64_t>(bytes, zeros.size()));
        if (auto done = pwrite_all(file, std::span(zeros).first(piece), offset); !done) return done;
        offset += piece;
        bytes -= piece;
    }
    return {};
}

}  // namespace storage
