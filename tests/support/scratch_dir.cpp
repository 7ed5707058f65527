// SPDX-License-Identifier: MIT
// mkdtemp under TMPDIR.
#include "tests/support/scratch_dir.hpp"

#include <stdlib.h>

#include <stdexcept>
#include <system_error>

namespace support {

ScratchDir::ScratchDir() {
    std::string name = (std::filesystem::temp_directory_path() / "tokmesh-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) {
        throw std::system_error(errno, std::generic_category(), "mkdtemp " + name);
    }
    path_ = name;
}

ScratchDir::~ScratchDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

}  // namespace support
