// SPDX-License-Identifier: MIT
// All files of a memory disk, to be put back after a start has changed them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/support/memory_disk.hpp"

namespace test {

using DiskImage = std::map<std::string, std::vector<std::byte>>;

inline DiskImage image_of(const MemoryDisk& disk) {
    DiskImage image;
    for (const std::string& name : disk.names()) image[name] = disk.bytes(name);
    return image;
}

inline void put_back(MemoryDisk& disk, const DiskImage& image) {
    for (const std::string& name : disk.names()) disk.remove(name);
    for (const auto& [name, bytes] : image) disk.set_bytes(name, bytes);
}

}  // namespace test
