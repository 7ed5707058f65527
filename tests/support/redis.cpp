// SPDX-License-Identifier: MIT
// redisReply to Reply.
#include "tests/support/redis.hpp"

#include <sys/time.h>

#include <csignal>

namespace support {

namespace {

Reply convert(const redisReply& from) {
    using Kind = Reply::Kind;
    Reply reply;
    const auto text = [&] { return std::string(from.str, from.len); };
    switch (from.type) {
        case REDIS_REPLY_STATUS: return {Kind::simple, text(), 0, {}};
        case REDIS_REPLY_ERROR: return {Kind::error, text(), 0, {}};
        case REDIS_REPLY_STRING: return {Kind::bulk, text(), 0, {}};
        case REDIS_REPLY_INTEGER: return {Kind::integer, {}, from.integer, {}};
        case REDIS_REPLY_NIL: return {Kind::null_bulk, {}, 0, {}};
        default: break;
    }
    reply.kind = Kind::array;
    for (std::size_t i = 0; i < from.elements; ++i) {
        reply.items.push_back(convert(*from.element[i]));
    }
    return reply;
}

}  // namespace

Redis::Redis(int port) {
    std::signal(SIGPIPE, SIG_IGN);  // hiredis writes with write(): a server that was killed is an error, not our end
    const timeval patience{20, 0};
    context_.reset(redisConnectWithTimeout("127.0.0.1", port, patience));
    if (!context_ || context_->err != 0) {
        throw Disconnected(context_ ? context_->errstr : "no memory for a connection");
    }
    redisSetTimeout(context_.get(), patience);
}

void Redis::append_args(const std::vector<std::string>& args) {
    std::vector<const char*> pointers;
    std::vector<std::size_t> lengths;
    for (const std::string& arg : args) {
        pointers.push_back(arg.data());
        lengths.push_back(arg.size());
    }
    redisAppendCommandArgv(context_.get(), static_cast<int>(args.size()), pointers.data(), lengths.data());
}

Reply Redis::next() {
    void* raw = nullptr;
    if (redisGetReply(context_.get(), &raw) != REDIS_OK || raw == nullptr) {
        throw Disconnected(context_->errstr);
    }
    const std::unique_ptr<void, void (*)(void*)> owner(raw, freeReplyObject);
    return convert(*static_cast<const redisReply*>(raw));
}

Reply Redis::call(const std::vector<std::string>& args) {
    append_args(args);
    return next();
}

}  // namespace support
