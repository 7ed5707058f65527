// SPDX-License-Identifier: MIT
#include "src/tools/opened_directory.hpp"

#include <cerrno>
#include <utility>

#include "storage/key_file.hpp"
#include "storage/key_ring.hpp"
#include "storage/posix_file_system.hpp"

namespace server {

storage::LogResult<OpenedDirectory> open_directory(const std::string& path, ToolAccess access, const ToolKeys& key_options) {
    OpenedDirectory opened;
    opened.path = path;
    if (key_options.file) {
        auto keys = storage::read_key_file(*key_options.file);
        if (!keys) return keys.error();
        opened.encryption.keys = std::make_shared<storage::KeyRing>(std::move(*keys), storage::choose_cipher("auto").value());
        opened.encryption.migrate = key_options.migrate;
    }
    auto fs = storage::open_posix_file_system(path, access == ToolAccess::make);
    if (!fs) return storage::disk_refusal("cannot open", path, fs.error());
    opened.fs = std::move(*fs);
    auto lock = access == ToolAccess::read ? opened.fs->lock_for_reading() : opened.fs->lock();
    if (!lock && lock.error() == boost::system::error_code(EWOULDBLOCK, boost::system::system_category()))
        return storage::Refusal{path + ": in use by another process; stop it first"};
    if (!lock) return storage::disk_refusal("cannot lock", path, lock.error());
    opened.lock = std::move(*lock);
    return opened;
}

}  // namespace server
