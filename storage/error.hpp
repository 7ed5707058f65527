// SPDX-License-Identifier: MIT
// Errors of storage as values. Words for clients are made in src/, from these.
#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

namespace storage {

enum class Errc {
    need_credit = 1,       // the log record is larger than the credit taken; Op::credit_wanted says how much (nothing changed)
    no_session,            // TM-SESS-4040
    session_gone,          // TM-SESS-4041: expired or revoked lately
    id_taken,              // TM-SESS-4090
    version_moved,         // TM-SESS-4091; Op::current_version names it
    token_unknown,         // TM-TOKN-4010
    token_expired,         // TM-TOKN-4011
    token_revoked,         // TM-TOKN-4012
    token_taken,           // TM-TOKN-4090
    over_quota,            // TM-SESS-4002
    wrong_type,            // WRONGTYPE
    no_key,                // ERR no such key
    not_an_integer,        // ERR value is not an integer or out of range
    not_a_float,           // ERR value is not a valid float
    would_overflow,        // ERR increment or decrement would overflow
    nan_or_infinity,       // ERR increment would produce NaN or Infinity
    data_total_too_large,  // TM-SESS-4001: data over its total after an UPDATE
    value_too_large,       // ERR string exceeds maximum allowed size (proto-max-bulk-len)
    record_too_large,      // the atomic log record would be over wal-record-max
    key_exists,            // internal answer of RENAMENX, COPY, MSETNX: nothing done
    out_of_memory,         // OOM
    out_of_range,          // a time that leaves the number range (invalid expire time)
};

const boost::system::error_category& category() noexcept;
inline boost::system::error_code make_error_code(Errc e) noexcept { return {static_cast<int>(e), category()}; }

template <class T>
using Result = boost::system::result<T>;

}  // namespace storage

template <>
struct boost::system::is_error_code_enum<storage::Errc> : std::true_type {};
