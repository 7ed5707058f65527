// SPDX-License-Identifier: MIT
// The client's words for every error of storage. The first word is the code; see commands.md, "Errors".
#include <string>

#include "src/args.hpp"
#include "src/command.hpp"
#include "src/server_state.hpp"
#include "storage/error.hpp"

namespace server {

namespace {

std::string error_words(storage::Errc error, const CommandContext& ctx) {
    using storage::Errc;
    const storage::Settings& settings = ctx.server.storage_settings;
    switch (error) {
        case Errc::need_credit: break;  // never told
        case Errc::no_session: return "TM-SESS-4040 no such session";
        case Errc::session_gone: return "TM-SESS-4041 the session has expired or was revoked";
        case Errc::id_taken: return "TM-SESS-4090 the session id is taken";
        case Errc::version_moved:
            return "TM-SESS-4091 version moved: current version is " + std::to_string(ctx.op.current_version);
        case Errc::token_unknown: return "TM-TOKN-4010 unknown token";
        case Errc::token_expired: return "TM-TOKN-4011 the token's session has expired";
        case Errc::token_revoked: return "TM-TOKN-4012 the token was revoked";
        case Errc::token_taken: return "TM-TOKN-4090 the token is taken";
        case Errc::over_quota:
            return "TM-SESS-4002 over quota: at most " + std::to_string(settings.session_max_per_user.load()) +
                   " live sessions for one user";
        case Errc::wrong_type: return std::string(words::wrong_type);
        case Errc::no_key: return std::string(words::no_key);
        case Errc::not_an_integer: return std::string(words::not_an_integer);
        case Errc::not_a_float: return std::string(words::not_a_float);
        case Errc::would_overflow: return "ERR increment or decrement would overflow";
        case Errc::nan_or_infinity: return "ERR increment would produce NaN or Infinity";
        case Errc::data_total_too_large:
            return "TM-SESS-4001 data in all would be too large, allowed 0.." +
                   std::to_string(settings.session_data_bytes.load());
        case Errc::value_too_large: return "ERR string exceeds maximum allowed size (proto-max-bulk-len)";
        case Errc::record_too_large: return "ERR the change does not fit into one log record (wal-record-max)";
        case Errc::key_exists: return "BUSYKEY Target key name already exists.";
        case Errc::out_of_memory: return "OOM command not allowed when used memory > 'maxmemory'.";
        case Errc::out_of_range: return "ERR invalid expire time in '" + lower_case(ctx.args[0]) + "' command";
    }
    return "ERR storage failed: error " + std::to_string(static_cast<int>(error));
}

}  // namespace

void CommandContext::fail(boost::system::error_code error) {
    if (error == storage::Errc::need_credit) {
        need_credit = true;
        return;
    }
    if (error.category() == storage::category())
        reply.error(error_words(static_cast<storage::Errc>(error.value()), *this));
    else
        reply.error("TM-SYS-5001 storage failed: " + error.message());
}

}  // namespace server
