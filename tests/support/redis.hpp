// SPDX-License-Identifier: MIT
// hiredis as a value: redis("SESS.GET", id) gives a Reply. RESP2, as hiredis 0.14 has it. Throws when the connection breaks.
#pragma once

#include <hiredis/hiredis.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/support/reply.hpp"
#include "tests/support/resp_client.hpp"

namespace support {

class Redis {
public:
    explicit Redis(int port);

    template <class... Args>
    Reply operator()(const Args&... args) {
        return call({to_arg(args)...});
    }
    // The reply as Reply::shown() writes it: what tests compare.
    template <class... Args>
    std::string show(const Args&... args) {
        return (*this)(args...).shown();
    }
    Reply call(const std::vector<std::string>& args);

    // Pipelining: append as many as wanted, then next() once for each.
    template <class... Args>
    void append(const Args&... args) {
        append_args({to_arg(args)...});
    }
    void append_args(const std::vector<std::string>& args);
    Reply next();

private:
    struct Free {
        void operator()(redisContext* context) const { redisFree(context); }
    };
    std::unique_ptr<redisContext, Free> context_;
};

}  // namespace support
