// SPDX-License-Identifier: MIT
// An export that nobody wrote: it is refused or its records are ones that the store can hold, which come back from a line of
// their own as they are. Never a crash, never memory that its bytes do not pay for.
#include <boost/json/parse.hpp>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "storage/snapshot_records.hpp"
#include "tests/support/export_text.hpp"

namespace {

void insist(bool holds) {
    if (!holds) std::abort();
}

std::string packed(const storage::SnapshotEntry& entry) {
    std::string bytes;
    storage::pack(entry, bytes);
    return bytes;
}

void check(const storage::SnapshotEntry& entry) {
    const std::string bytes = packed(entry);
    storage::SnapshotEntries entries(bytes);
    storage::SnapshotEntry unpacked;
    insist(entries.next(unpacked) && !entries.next(unpacked) && !entries.broken());
    std::string line, again;
    server::append_line(line, entry);
    const boost::json::value parsed = boost::json::parse({line.data(), line.size()});
    server::ImportedRecord record;
    insist(!server::take_line(parsed.as_object(), record));
    insist(packed(record.entry) == bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    server::ExportReader reader(test::pieces_of(std::string(reinterpret_cast<const char*>(data), size), 7), "in");
    if (!reader.header()) return 0;
    for (;;) {
        const auto next = reader.next();
        if (!next || *next == nullptr) return 0;
        check(**next);
    }
}
