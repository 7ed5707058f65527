// SPDX-License-Identifier: MIT
// Any bytes as a log record: read or refused, within its bytes. What can be read can be written and read again, and
// one asked for nothing is given nothing.
#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "storage/effect.hpp"
#include "tests/fuzz/demand.hpp"

namespace {

using namespace storage;

// Each effect as a record of its own.
bool read(std::span<const std::byte> record, std::vector<std::string>& effects) {
    return read_record(
        record, [](std::string_view) { return true; },
        [&](const Effect& effect) {
            RecordWriter writer;
            std::visit([&](const auto& e) { writer.add(e); }, effect);
            const auto bytes = writer.bytes();
            effects.emplace_back(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 65'536) return 0;
    const std::vector<std::uint8_t> exact(data, data + size);  // ASan sees a byte read behind it
    const auto record = std::as_bytes(std::span(exact));
    std::vector<std::string> effects;
    const bool good = read(record, effects);
    fuzz::demand(effects.size() <= size);
    for (const std::string& effect : effects) {
        // What was written once stays so; before that, a version of 0 is not what any writer of ours leaves.
        std::vector<std::string> again, settled;
        fuzz::demand(read(std::as_bytes(std::span(effect)), again) && again.size() == 1);
        fuzz::demand(read(std::as_bytes(std::span(again.front())), settled) && settled == again);
    }
    const bool passed = read_record(
        record, [](std::string_view) { return false; },
        [&](const Effect& effect) { fuzz::demand(std::holds_alternative<Flush>(effect)); });
    fuzz::demand(!good || passed);
    return 0;
}
