// SPDX-License-Identifier: MIT
// Which key each file of the data directory needs, by what the headers say. A header is read once and remembered for as long as
// its file is there. Any thread.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "storage/file_system.hpp"
#include "storage/key_ring.hpp"

namespace storage {

class KeyUses {
public:
    explicit KeyUses(FileSystem& fs) : fs_(fs) {}  // which must outlive it
    KeyRing::Uses now();                           // a refusal: the directory or a header cannot be read

private:
    struct Known {
        FileIdentity identity;
        std::string key_id;
    };
    boost::system::result<std::string, Refusal> key_id_of(const std::string& name, bool& there);

    FileSystem& fs_;
    std::mutex mutex_;
    std::map<std::string, Known> known_;  // by file name; guarded by mutex_
};

}  // namespace storage
