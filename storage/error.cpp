// SPDX-License-Identifier: MIT
#include "storage/error.hpp"

#include <string>

namespace storage {

namespace {

// The base has a protected destructor that is not virtual, on purpose; nobody deletes a category.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"
class StorageCategory final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "storage"; }

    std::string message(int code) const override {
        switch (static_cast<Errc>(code)) {
            case Errc::need_credit: return "more log credit is needed";
            case Errc::no_session: return "no such session";
            case Errc::session_gone: return "the session is expired or revoked";
            case Errc::id_taken: return "the id is taken";
            case Errc::version_moved: return "the version is another one";
            case Errc::token_unknown: return "unknown token";
            case Errc::token_expired: return "the token's session is expired";
            case Errc::token_revoked: return "the token's session is revoked";
            case Errc::token_taken: return "the token is taken";
            case Errc::over_quota: return "too many sessions of this user";
            case Errc::wrong_type: return "a key of another type";
            case Errc::no_key: return "no such key";
            case Errc::not_an_integer: return "not an integer, or out of range";
            case Errc::not_a_float: return "not a float";
            case Errc::would_overflow: return "the sum would overflow";
            case Errc::nan_or_infinity: return "the sum would be NaN or infinite";
            case Errc::data_total_too_large: return "too much session data";
            case Errc::value_too_large: return "the value is too large";
            case Errc::record_too_large: return "the log record is too large";
            case Errc::key_exists: return "the key exists";
            case Errc::out_of_memory: return "maxmemory is reached";
            case Errc::out_of_range: return "a time out of range";
        }
        return "unknown storage error " + std::to_string(code);
    }
};
#pragma GCC diagnostic pop

}  // namespace

const boost::system::error_category& category() noexcept {
    static const StorageCategory instance;
    return instance;
}

}  // namespace storage
