// SPDX-License-Identifier: MIT
// A thread that keeps segments ready ahead of the log, and looks once a second whether the directory and the current segment
// still have their names. A full disk is no error here: writes are refused by the journal, and this tries again each second.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "storage/file_system.hpp"
#include "storage/journal.hpp"
#include "storage/spare_pool.hpp"

namespace storage {

class Preparer {
public:
    using Say = std::function<void(const std::string& line)>;
    // `lost` is called when a file or the directory is not what it was any more; `notice` when preparing begins to fail, fails
    // for another reason, and works again. Both on this thread, but for what start() itself meets.
    Preparer(FileSystem& fs, Journal& journal, SparePool& spares, Say lost, Say notice);
    ~Preparer();  // stops
    Preparer(const Preparer&) = delete;
    Preparer& operator=(const Preparer&) = delete;

    void start();  // prepares the first ones on the caller's thread, as far as the disk has room
    void stop();
    void poke();                                                             // something was taken or is wanted; any thread
    void watch(const std::string& name, const std::shared_ptr<File>& file);  // the current segment from now on; any thread

    bool failed() const;
    std::string what_failed() const;  // the system's words; empty: nothing

private:
    bool work_wanted() const;
    bool work();  // one step; false: it failed
    void loop();
    bool all_in_place();
    void note(const std::string& failure);

    FileSystem& fs_;
    Journal& journal_;
    SparePool& spares_;
    Say lost_, notice_;

    mutable std::mutex mutex_;
    std::condition_variable poked_;
    // guarded by mutex_
    bool poke_ = false;
    bool stopping_ = false;
    std::string what_failed_;
    std::string watched_name_;
    std::shared_ptr<File> watched_file_;

    std::thread thread_;
};

}  // namespace storage
