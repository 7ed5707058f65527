// SPDX-License-Identifier: MIT
#include "storage/thread_name.hpp"

#include <pthread.h>

#include "storage/ensure.hpp"

namespace storage {

void name_this_thread(const std::string& name) {
    ENSURE(name.size() <= 15);
    ::pthread_setname_np(::pthread_self(), name.c_str());
}

}  // namespace storage
